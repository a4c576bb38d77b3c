"""A plugin of pytest: which lines of the package each test runs, so that a fault is tried on the tests that reach it.

Loaded by ``-p mutants.tracing`` where ``MUTANTS_TRACED`` names the folder to write to.
"""

import json
import os
import sys
from collections import defaultdict
from collections.abc import Callable, Generator
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

import pytest

CALLS = 40
"""Calls of one function that are followed line by line in a test; a hot one would take minutes."""
Lines = dict[str, set[int]]


class Tracer:
    """What is run now, by file; the files of the package only."""

    def __init__(self, source: str) -> None:
        self.source, self.now, self.calls = source, Lines(), dict[CodeType, int]()
        self.into: dict[str, Callable[..., Any] | None] = {}

    def __call__(self, frame: FrameType, event: str, arg: object) -> Callable[..., Any] | None:
        code = frame.f_code
        file = code.co_filename
        follow = self.into[file] if file in self.into else self.follower(file)
        if follow is None:
            return None
        self.calls[code] = calls = self.calls.get(code, 0) + 1
        if calls > CALLS:
            return None
        follow(frame, "line", None)
        return follow

    def follower(self, file: str) -> Callable[..., Any] | None:
        """Return what notes the lines of a file, or nothing for one outside the package."""
        follow = None
        if file.startswith(self.source):
            name = file.removeprefix(self.source)

            def follow(frame: FrameType, event: str, arg: object) -> Any:
                self.now.setdefault(name, set()).add(frame.f_lineno)
                return follow

        self.into[file] = follow
        return follow


class Plugin:
    """Traces each test; what a shared fixture ran counts for every test that uses it."""

    def __init__(self, config: pytest.Config) -> None:
        self.tracer = Tracer(str(Path(config.rootpath) / "src/scalelaw") + os.sep)
        self.tests: dict[str, dict[str, Any]] = {}
        self.shared: dict[str, list[Lines]] = defaultdict(list)
        self.seconds: dict[str, float] = defaultdict(float)
        self.failed: set[str] = set()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        self.tracer.now, self.tracer.calls = {}, {}
        sys.settrace(self.tracer)
        try:
            done = yield
        finally:
            sys.settrace(None)
        used = [lines for name in getattr(item, "fixturenames", ()) for lines in self.shared.get(name, ())]
        found: Lines = {}
        for lines in (self.tracer.now, *used):
            for file, numbers in lines.items():
                found.setdefault(file, set()).update(numbers)
        self.tests[item.nodeid] = {
            "seconds": round(self.seconds[item.nodeid], 3),
            "passed": item.nodeid not in self.failed,
            "lines": {file: sorted(numbers) for file, numbers in found.items()},
        }
        return done

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(self, fixturedef: pytest.FixtureDef[Any]) -> Generator[None, object, object]:
        if fixturedef.scope == "function":
            return (yield)
        outer = self.tracer.now, self.tracer.calls
        self.tracer.now, self.tracer.calls = {}, {}
        try:
            return (yield)
        finally:
            self.shared[fixturedef.argname].append(self.tracer.now)
            self.tracer.now, self.tracer.calls = outer

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.seconds[report.nodeid] += report.duration
        if not report.passed:
            self.failed.add(report.nodeid)

    def pytest_sessionfinish(self) -> None:
        if self.tests:
            name = f"{os.environ.get('PYTEST_XDIST_WORKER', 'main')}-{os.getpid()}.json"
            (Path(os.environ["MUTANTS_TRACED"]) / name).write_text(json.dumps(self.tests), encoding="utf-8")


def pytest_configure(config: pytest.Config) -> None:
    """Trace in this process if a folder is named, except in the one that only hands out work."""
    hands_out = getattr(config.option, "numprocesses", None) and not hasattr(config, "workerinput")
    if "MUTANTS_TRACED" in os.environ and not hands_out:
        config.pluginmanager.register(Plugin(config), "mutants-tracing-plugin")
