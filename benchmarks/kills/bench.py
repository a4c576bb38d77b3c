"""Run a writer in forks of a process that has loaded and prepared everything, and judge what stands there after."""

import atexit
import contextlib
import os
import re
import shutil
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import scalelaw as sl
from kills.writers import OLD, Writer
from scalelaw.core import files
from scalelaw.core.owners import parts

PART = re.compile(r"\.scalelaw-.*\.part")
LOCK = re.compile(r".*lock(\.[0-9a-f]{16})*")


@dataclass
class Found:
    """What stood there after every attempt.

    Attributes:
        attempts: kills, or commands on a bad disk.
        ended: attempts that ended before the kill.
        old: times that the old content stood there, or nothing.
        new: times that the new content stood there, whole.
        left: parts that a killed process left for the next write to delete.
        faults: half files, litter and error messages that are none.
    """

    attempts: int = 0
    ended: int = 0
    old: int = 0
    new: int = 0
    left: int = 0
    faults: list[str] = field(default_factory=list)


class Bench:
    """A writer, prepared in a folder, and the old and the new content of what it writes."""

    def __init__(self, writer: Writer, folder: Path) -> None:
        self.writer = writer
        self.inputs, self.place = folder / "inputs", folder / "place"
        self.error = folder / "error"
        for each in (self.inputs, self.place):
            each.mkdir()
        tempfile.tempdir = str(self.place)
        os.environ["TMPDIR"] = str(self.place)
        os.environ.setdefault("MPLCONFIGDIR", str(folder))
        self._prepare()
        self._load()
        self.new: dict[str, bytes] = {}
        self.seconds, self.writing_s = 0.0, 0.0
        self._measure()

    def _prepare(self) -> None:
        """Make the inputs in a fork: the threads that some libraries start do not survive the next fork."""
        pid = os.fork()
        if not pid:
            self._write(lambda: None, lambda inputs: self.writer.prepare(inputs))
        if os.waitpid(pid, 0)[1]:
            raise SystemExit(f"the inputs cannot be made: {self.error.read_text()}")

    def _load(self) -> None:
        """Import what the writer imports, so that a fork has it."""
        reader, writer = os.pipe()
        pid = os.fork()
        if not pid:
            os.close(reader)
            self._write(lambda: os.write(writer, "\n".join(sys.modules).encode()))
        os.close(writer)
        with os.fdopen(reader, encoding="utf-8") as names:
            wanted = names.read().split("\n")
        os.waitpid(pid, 0)
        for name in wanted:
            if name not in sys.modules and "__main__" not in name:
                with contextlib.suppress(Exception):  # some are no modules of their own
                    __import__(name)

    def _measure(self) -> None:
        """Run the writer twice from its old content: what it writes, and how long it takes."""
        contents = []
        for _ in range(2):
            self.restore()
            start = time.monotonic()
            pid, opened = self.start(named=False)
            first = opened() or start
            _, status = os.waitpid(pid, 0)
            end = time.monotonic()
            if status:
                raise SystemExit(f"the writer fails by itself: {self.error.read_text()}")
            self.seconds, self.writing_s = end - start, end - first
            contents.append(self.contents())
        if self.writer.sound is None and contents[0] != contents[1]:
            raise SystemExit("two attempts differ: give the writer a check that its output is sound")
        self.new = contents[1]

    def restore(self) -> None:
        """Put the old content back; what killed processes left stays."""
        for each in self.place.iterdir():
            if not PART.fullmatch(each.name):
                shutil.rmtree(each) if each.is_dir() else each.unlink()
        for name, content in self.old().items():
            (self.place / name).parent.mkdir(parents=True, exist_ok=True)
            (self.place / name).write_bytes(content)

    def old(self) -> dict[str, bytes]:
        """Return what stands there before the writer runs."""
        given = self.inputs / "old"
        if given.is_dir():
            return {path.relative_to(given).as_posix(): path.read_bytes() for path in given.rglob("*.*")}
        return dict.fromkeys(self.writer.outputs, OLD) if self.writer.replaces else {}

    def contents(self) -> dict[str, bytes]:
        """Return every file in the place but parts at its top, by name."""
        found = (path for path in self.place.rglob("*") if path.is_file())
        named = {path.relative_to(self.place).as_posix(): path for path in found}
        return {name: path.read_bytes() for name, path in named.items() if not PART.match(name)}

    def left(self) -> list[str]:
        """Return the parts and other files that no writer should leave."""
        return [path.name for path in self.place.rglob("*") if PART.fullmatch(path.name)]

    def start(self, *, named: bool) -> tuple[int, Callable[[], float | None]]:
        """Start the writer; return its process, and what waits until it opens its first file."""
        reader, writer = os.pipe()
        pid = os.fork()
        if not pid:
            os.close(reader)
            if named:  # as where files without a name are not supported
                files._NAMELESS = 0
            for name in ("sweep", "open_to_append"):
                setattr(files, name, _reporting(getattr(files, name), writer))
            self._write(lambda: None)
        os.close(writer)

        def opened() -> float | None:
            with os.fdopen(reader, "rb") as pipe:
                return time.monotonic() if pipe.read(1) else None

        return pid, opened

    def _write(self, then: Callable[[], object], work: Callable[[Path], object] | None = None) -> None:
        """Run the writer, or other work, in this process, a fork, and end it."""
        status = 70
        atexit._clear()  # what the parent cleans up at its end is not the fork's
        try:
            os.chdir(self.place)
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
            os.dup2(os.open(self.error, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o666), 2)
            parts._due.clear()
            try:
                (work or self.writer.write)(self.inputs)
                status = 0
            except SystemExit as left:
                status = left.code if isinstance(left.code, int) else 70
            except sl.errors.BadInput as refused:  # a call of the library; a command prints its own line
                os.write(2, f"{refused}\n".encode())
                status = 2
            then()
            atexit._run_exitfuncs()
        except BaseException:
            os.write(2, traceback.format_exc().encode())
        finally:
            os._exit(status)

    def judge(self, found: Found) -> None:
        """Compare what stands there with the old and the new content."""
        now, old = self.contents(), self.old()
        for name in sorted(now.keys() - old.keys() - self.new.keys()):
            if not any(name.startswith(each) for each in self.writer.outputs if each.endswith("/")) and not (
                LOCK.fullmatch(name)
            ):
                found.faults.append(f"litter: {name}")
        if {name: content for name, content in now.items() if not LOCK.fullmatch(name)} == old:
            found.old += 1
            return
        if self.writer.sound is None:
            half = [name for name in self.new if now.get(name) not in (old.get(name), self.new[name])]
        else:
            half = [f"{name}: {why}" for name in self.writer.outputs if (why := self._fault(name, old))]
        found.faults += [f"half: {name}" for name in half]
        found.new += not half

    def _fault(self, name: str, old: dict[str, bytes]) -> str:
        """Return why an output is not whole, empty if it is."""
        path = self.place / name
        if not path.exists() or (path.is_file() and path.read_bytes() == old.get(name)):
            return ""
        try:
            assert self.writer.sound is not None
            self.writer.sound(path)
        except Exception as error:
            return repr(error)
        return ""

    def finish(self, found: Found, *, kept: bool) -> None:
        """Run the writer to its end where the killed ones left what they left: nothing of that may stay."""
        if not kept:
            self.restore()
        pid, _ = self.start(named=False)
        if os.waitpid(pid, 0)[1]:
            found.faults.append(f"the next command fails: {self.error.read_text()}")
        litter = self.left() + [name for name in self.contents() if LOCK.fullmatch(name)]
        found.faults += [f"litter after the next command: {name}" for name in litter]


def _reporting(plain: Callable[..., Any], pipe: int) -> Callable[..., Any]:
    """Return a function that first writes a byte into a pipe."""

    def call(*args: Any, **named: Any) -> Any:
        with contextlib.suppress(OSError):  # nobody reads a second one
            os.write(pipe, b"w")
        return plain(*args, **named)

    return call
