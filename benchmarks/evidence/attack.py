"""Inputs that broke something end in one line: none hangs, none harms an older output."""

import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from evidence._row import ROOT, Row

MOST_CPU_S = 5.0
MOST_MB = 500
LONGEST_LINE = 2_000
_WALL_S = 60
_TABLES = {".csv", ".json", ".jsonl", ".parquet", ".gz", ".zip"}
_LOGS = {".db", ".wandb"}
_PIPES = ("trainer_state.json", "events.out.tfevents.1", "run-a.wandb", "run.json", "results_2024-01-01T00-00-00.json")
_OLD = "the old output\n"
_UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
_NEAR = 1.5
TABLE = str(ROOT / "src" / "scalelaw" / "datasets" / "synthetic-ladder.csv")
"""An ordinary table; the report of an accepted one may cost half as much again, whatever its names hold."""
COMMAND = "make evidence ONLY=attack"


@dataclass(frozen=True)
class Ended:
    """How one command on one input ended.

    Attributes:
        command: the words, the paths shortened.
        status: exit status; negative for a signal.
        errors: what it wrote to stderr.
        cpu_s: CPU seconds of the process.
        peak_mb: largest resident memory of the process.
        kept: whether the older output is as it was.
        unseen: whether a control character reached stdout or stderr.
    """

    command: str
    status: int
    errors: str
    cpu_s: float
    peak_mb: float
    kept: bool
    unseen: bool

    @property
    def accepted(self) -> bool:
        """Whether the input was read; warnings may be on stderr."""
        return self.status == 0

    def faults(self, most_cpu_s: float = MOST_CPU_S) -> list[str]:
        """Return what broke a promise.

        Args:
            most_cpu_s: CPU seconds that it may take.
        """
        listed = self.command.startswith("runs check")  # a refusal lists its findings on stdout
        found = []
        lines = self.errors.splitlines()
        if self.status not in (0, 2):
            found.append(f"status {self.status}")
        if "Traceback" in self.errors:
            found.append("traceback")
        if not listed and self.status == 2 and len(lines) != 1:
            found.append(f"{len(lines)} lines on stderr")
        if any(len(line.encode()) > LONGEST_LINE for line in lines):
            found.append("a line above 2 kB")
        if self.unseen:
            found.append("a control character on the terminal")
        if self.cpu_s > most_cpu_s:
            found.append(f"{self.cpu_s:.1f} CPU s")
        if self.peak_mb > MOST_MB:
            found.append(f"{self.peak_mb:.0f} MB")
        if not self.accepted and not self.kept:
            found.append("the old output is lost")
        return found


def ended(*words: str, folder: Path, old: Path | None = None) -> Ended:
    """Run one command of scalelaw and measure its process.

    Args:
        words: the command after ``scalelaw``.
        folder: where it runs.
        old: an older output that a refusal must leave alone.
    """
    program = str(Path(sys.executable).parent / "scalelaw")
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        child = subprocess.Popen([program, *words], cwd=folder, stdin=subprocess.DEVNULL, stdout=out, stderr=err,
                                 start_new_session=True)  # fmt: skip
        signal.signal(signal.SIGALRM, lambda *_: os.killpg(child.pid, signal.SIGKILL))
        signal.alarm(_WALL_S)
        _, code, used = os.wait4(child.pid, 0)
        signal.alarm(0)
        child.returncode = os.waitstatus_to_exitcode(code)
        out.seek(0)
        err.seek(0)
        printed, errors = (file.read().decode("utf-8", "replace") for file in (out, err))
    return Ended(
        command=" ".join(Path(word).name if "/" in word else word for word in words),
        status=child.returncode,
        errors=errors,
        cpu_s=used.ru_utime + used.ru_stime,
        peak_mb=used.ru_maxrss / 1024,
        kept=old is None or (old.is_file() and old.read_text() == _OLD),
        unseen=bool(_UNSEEN.search(printed + errors)),
    )


def of_table(source: Path, folder: Path) -> Iterator[Ended]:
    """Yield how the commands that read runs end on a table or a tracker's logs; a fit where the check has accepted."""
    old = folder / "old.csv"
    old.write_text(_OLD)
    yield ended("runs", "export", str(source), str(old), folder=folder, old=old)
    check = ended("runs", "check", str(source), folder=folder)
    yield check
    if check.accepted:
        yield ended("fit", str(source), "--draws", "20", folder=folder)


def of_names(source: Path, folder: Path) -> Iterator[Ended]:
    """Yield how the commands that show names end on a table of hostile names."""
    yield from of_table(source, folder)
    old = folder / "old.html"
    old.write_text(_OLD)
    yield ended("runs", "list", str(source), folder=folder)
    yield ended("report", str(source), "--draws", "20", "--to", str(old), folder=folder, old=old)


def of_fit(source: Path, folder: Path) -> Iterator[Ended]:
    """Yield how the commands that read a saved fit end."""
    old = folder / "old.jsonl"
    old.write_text(_OLD)
    yield ended("plan", str(source), "--flops", "1e21", folder=folder)
    yield ended("registry", "freeze", str(source), "--params", "7B", "--tokens", "140B", "--registry", str(old),
                folder=folder, old=old)  # fmt: skip


def of_pack(source: Path, folder: Path) -> Iterator[Ended]:
    """Yield how unpacking ends: into a new folder, and where an older output is."""
    old = folder / "full" / "old.txt"
    old.parent.mkdir(exist_ok=True)
    old.write_text(_OLD)
    (folder / "empty").mkdir(exist_ok=True)
    (folder / "link").symlink_to("empty")
    (folder / "dangling").symlink_to("nowhere")
    others = ("full", "full/old.txt", "link", "dangling", "/", ".") if source.name.startswith("to_") else ()
    for target in ("new", *others):
        yield ended("runs", "unpack", str(source), "--out", target, folder=folder, old=old)


def sources(attack: Path, folder: Path) -> Iterator[tuple[str, Path]]:
    """Yield kind and path of every input, and of folders that hold a pipe in place of a file."""
    for path in sorted(attack.iterdir()):
        if path.is_file():
            yield ("fit" if path.name.startswith("fit_") else "table"), path
    for kind, below in (("names", "inj"), ("pack", "pack"), ("logs", "imp")):
        yield from ((kind, path) for path in sorted((attack / below).iterdir()))
    for name in _PIPES:
        inside = folder / f"pipe-{name}" / "deep" / name
        inside.parent.mkdir(parents=True)
        os.mkfifo(inside)
        yield "logs", inside.parents[1]


KINDS = {"table": of_table, "names": of_names, "fit": of_fit, "pack": of_pack, "logs": of_table}
"""Kind of input -> how the commands that read it end."""


def measure() -> Iterator[Row]:
    """Must show 1 of the issue on files, bounds and boundaries."""
    attack = Path(os.environ["SCALELAW_DATA"]).resolve().parent / "attack" / "inputs"
    if not attack.is_dir():
        return
    os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1")
    done: list[tuple[str, Path, Ended]] = []
    with tempfile.TemporaryDirectory(prefix="attack-") as scratch:
        for number, (kind, path) in enumerate(sources(attack, Path(scratch))):
            folder = Path(scratch) / str(number)
            folder.mkdir()
            done += [(kind, path, each) for each in KINDS[kind](path, folder)]
        ordinary = ended("report", TABLE, "--draws", "20", "--to", "report.html", folder=Path(scratch)).cpu_s
    yield from rows(done, max(MOST_CPU_S, _NEAR * ordinary))


def rows(done: list[tuple[str, Path, Ended]], report_s: float) -> Iterator[Row]:
    """Yield one row for each kind of input, and the exceptions of each by name.

    Args:
        done: kind, input, and how a command on it ended.
        report_s: CPU seconds that the report of an accepted table may take.
    """
    for kind in KINDS:
        own = [(path, each) for name, path, each in done if name == kind]
        faulty = {
            f"{path.name} ({each.command}: {', '.join(found)})": None
            for path, each in own
            if (found := each.faults(report_s if each.accepted and each.command.startswith("report") else MOST_CPU_S))
        }
        refused = sum(not each.accepted for _, each in own)
        worst = max(own, key=lambda one: one[1].cpu_s)
        largest = max(own, key=lambda one: one[1].peak_mb)
        said = (
            f"{len({path for path, _ in own})} inputs, {len(own)} commands: {refused} refused, "
            f"{len(own) - refused} accepted; at most {worst[1].cpu_s:.1f} CPU s ({worst[0].name}) and "
            f"{largest[1].peak_mb:.0f} MB ({largest[0].name}); exceptions: {'; '.join(faulty) or 'none'}"
        )
        yield Row(f"{kind}: status 2 with one line, or accepted; <= 5 CPU s, <= 500 MB, old output intact", said,
                  not faulty, COMMAND, sum(each.cpu_s for _, each in own))  # fmt: skip
