"""Try a fault: a process that has imported the large libraries forks, and the child runs the tests on the fault."""

import contextlib
import gc
import importlib
import os
import resource
import select
import shutil
import signal
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from mutants.faults import Fault
from mutants.reach import Reach

LARGE = (
    "numpy", "scipy.optimize", "scipy.special", "scipy.stats", "polars", "hypothesis", "hypothesis.strategies", "typer",
    "typer.testing", "rich.console", "rich.progress", "matplotlib.figure",
)  # fmt: skip
PLUGINS = "-p no:cacheprovider -p _hypothesis_pytestplugin -p xdist.plugin -c pyproject.toml".split()
MEMORY = 8 << 30
COPIED = ("src", "tests", "docs", "benchmarks", "examples", "pyproject.toml", "README.md", "CONTRIBUTING.md")
COPIED += ("CHANGELOG.md", "Makefile")


@dataclass(frozen=True)
class Tried:
    """A fault and what became of it: the first test that failed, ``time``, or nothing."""

    path: str
    fault: Fault
    by: str
    seconds: float


class Chosen:
    """A plugin of pytest that runs some tests or files of tests, in their order, and writes which failed first."""

    def __init__(self, tests: list[str], report_to: int) -> None:
        self.place, self.report_to = {test: at for at, test in enumerate(tests)}, report_to

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        places = {each: self.place.get(each.nodeid, self.place.get(each.nodeid.partition("::")[0])) for each in items}
        items[:] = sorted((each for each in items if places[each] is not None), key=lambda item: places[item] or 0)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            os.write(self.report_to, report.nodeid.encode() + b"\n")

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            os.write(self.report_to, report.nodeid.encode() + b"\n")


class Place:
    """A copy of the repository in which one fault after another is seeded."""

    def __init__(self, root: Path, place: Path) -> None:
        shutil.rmtree(place, ignore_errors=True)
        for name in COPIED:
            if (root / name).is_dir():
                shutil.copytree(root / name, place / name, ignore=shutil.ignore_patterns("_build", "__pycache__"))
            elif (root / name).exists():
                shutil.copy(root / name, place / name)
        self.place, self.sound = place, set[str]()

    def warm(self) -> None:
        """Import what every test needs and no fault changes,."""
        os.environ.update(PYTHONPATH=f"{self.place}/src", MPLBACKEND="Agg")
        for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "POLARS_MAX_THREADS"):
            os.environ[name] = "1"
        os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
        for name in LARGE:
            importlib.import_module(name)
        gc.freeze()

    def tried(self, reach: Reach, path: str, fault: Fault) -> Tried:
        """Return what becomes of a fault; a test that fails without it as well does not count."""
        began = time.monotonic()
        target = self.place / "src/scalelaw" / path
        whole = target.read_text(encoding="utf-8")
        for tests in reach.rounds(path, whole, fault.line):
            left = tests
            while left:
                with seeded(target, fault.source, whole):
                    by = self.failing(left, 60 + 8 * reach.seconds(left))
                if by == "" or by == "time" or self.is_sound(by):
                    break
                if by.partition("::")[0] not in {test.partition("::")[0] for test in left}:
                    raise RuntimeError(f"the tests did not run: {by}")
                left = [test for test in left if test != by and test.partition("::")[0] != by]
                by = ""
            if by:
                return Tried(path, fault, by, time.monotonic() - began)
        return Tried(path, fault, "", time.monotonic() - began)

    def is_sound(self, test: str) -> bool:
        """Return whether a test passes without any fault; it is run once."""
        if test not in self.sound and not self.failing([test], 120):
            self.sound.add(test)
        return test in self.sound

    def failing(self, tests: list[str], limit: float) -> str:
        """Return the first of some tests that fails, ``time`` where they take too long, or nothing."""
        ours, theirs = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(ours)
            run_in_child(self.place, tests, theirs)
        os.close(theirs)
        ready, _, _ = select.select([ours], [], [], limit)
        failed = os.read(ours, 4096).decode() if ready else "time"
        os.close(ours)
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(child, signal.SIGKILL)
        with contextlib.suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        return failed.splitlines()[0] if failed else ""


@contextlib.contextmanager
def seeded(target: Path, source: str, whole: str) -> Iterator[None]:
    """Hold a fault in a file of the copy."""
    target.write_text(source, encoding="utf-8")
    try:
        yield
    finally:
        target.write_text(whole, encoding="utf-8")


def run_in_child(place: Path, tests: list[str], report_to: int) -> None:
    """Run tests in a forked child, in a process group of its own, and leave."""
    done: Callable[[int], None] = os._exit
    try:
        os.setpgid(0, 0)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        silent = os.open(place / "output.txt", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(silent, 1)
        os.dup2(silent, 2)
        os.chdir(place)
        sys.path[:0] = [f"{place}/src"]
        files = list(dict.fromkeys(test.partition("::")[0] for test in tests))
        options = ["-x", "-q", f"--rootdir={place}", *PLUGINS]
        options += ["-W", "ignore::pytest.PytestAssertRewriteWarning"]  # of what is imported before the fork
        status = int(pytest.main([*options, *files], plugins=[Chosen(tests, report_to)]))
        if status not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED, pytest.ExitCode.NO_TESTS_COLLECTED):
            os.write(report_to, f"pytest ended with status {status}\n".encode())
    except BaseException as error:
        os.write(report_to, repr(error).encode())
    finally:
        done(0)
