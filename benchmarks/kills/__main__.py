"""Kill one writer of the package at random moments or take the disk away, and print what stands there after as JSON.

``python -m kills report.html 50`` kills it 50 times: half of the times anywhere in its work, half after it opens its
first file; half of the times as on systems that know no files without a name. With ``disk`` in place of the number it
runs on a full, a nearly full and a read-only file system of its own (Linux, as root or below ``unshare -rm``).
"""

import contextlib
import json
import os
import random
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from kills.bench import Bench, Found
from kills.writers import WRITERS

DISK = 4 << 20
REFUSED = r"cannot be written|make room|no permission to write|No space|Read-only"


def killed(bench: Bench, kills: int, seed: int) -> Found:
    """Kill the writer at random moments."""
    found, draw = Found(), random.Random(seed)
    for at in range(kills):
        bench.restore()
        pid, opened = bench.start(named=at % 4 > 1)
        if at % 2:
            opened()
            time.sleep(draw.uniform(0, bench.writing_s * 1.05))
        else:
            time.sleep(draw.uniform(0, bench.seconds))
        os.kill(pid, signal.SIGKILL)
        _, status = os.waitpid(pid, 0)
        found.attempts += 1
        found.ended += not os.WIFSIGNALED(status)
        found.left += len(bench.left())
        bench.judge(found)
    bench.finish(found, kept=False)
    return found


@contextlib.contextmanager
def _mounted(place: Path) -> Iterator[None]:
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK}", "none", str(place)], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)


def on_bad_disks(bench: Bench) -> Found:
    """Run the writer on disks that are full, nearly full and read-only."""
    found = Found()
    size = sum(map(len, bench.new.values()))
    with _mounted(bench.place):
        for free in sorted({0, 4096, size // 2 // 4096 * 4096, max(0, (size - 1) // 4096 * 4096)}):
            bench.restore()
            filling = bench.place / ".scalelaw-filling.part"
            with filling.open("wb", buffering=0) as file, contextlib.suppress(OSError):
                while file.write(b"\0" * 65536) == 65536:
                    pass
                while file.write(b"\0" * 4096) == 4096:
                    pass
            with filling.open("r+b") as file:
                file.truncate(max(0, filling.stat().st_size // 4096 * 4096 - free))
            _refused(bench, found, f"{free} bytes free")
            filling.unlink(missing_ok=True)
        bench.restore()
        subprocess.run(["mount", "-o", "remount,ro", str(bench.place)], check=True)
        _refused(bench, found, "read-only")
        subprocess.run(["mount", "-o", "remount,rw", str(bench.place)], check=True)
        bench.finish(found, kept=False)
    return found


def _refused(bench: Bench, found: Found, disk: str) -> None:
    """Run the writer where it should fail in one line, or has room enough to succeed."""
    before = found.old
    pid, _ = bench.start(named=False)
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    found.attempts += 1
    bench.judge(found)
    lines = bench.error.read_text(errors="replace").strip().split("\n")
    if "Traceback" in "".join(lines) or status not in (0, 1, 2):
        found.faults.append(f"{disk}: status {status}, {lines[-1]}")
    if status == 2 and (found.old == before and bench.writer.sound is None and len(bench.new) == 1):
        found.faults.append(f"{disk}: refused, and the old content is gone")
    if status == 2 and not re.search(REFUSED, lines[-1]):
        found.faults.append(f"{disk}: {lines[-1]}")
    left = [name for name in bench.left() if name != ".scalelaw-filling.part"]
    found.faults += [f"{disk}: litter {name}" for name in left]


def tried(name: str, how: str, seed: int = 0) -> Found:
    """Return what a writer left, in a process of its own."""
    with tempfile.TemporaryDirectory(prefix="killing-") as folder:
        bench = Bench(WRITERS[name], Path(folder))
        return on_bad_disks(bench) if how == "disk" else killed(bench, int(how), seed)


if __name__ == "__main__":
    result = tried(sys.argv[1], sys.argv[2], int(sys.argv[3]) if len(sys.argv) > 3 else 0)
    print(json.dumps(vars(result)))
