"""Which tests reach a line: traced once, and again only for the files of tests that changed."""

import ast
import hashlib
import json
import os
import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

NEAR_S = 45.0
"""Seconds of tests that a fault is tried on first; only one that outlives them meets the others that reach it."""


@dataclass(frozen=True)
class Reach:
    """What each test runs.

    Attributes:
        tests: node id -> its seconds, whether it passes, and the lines it runs by file.
        near: file of tests -> its text, in which a module's name makes it near to it.
    """

    tests: dict[str, dict[str, Any]]
    near: dict[str, str]

    def rounds(self, path: str, source: str, line: int) -> list[list[str]]:
        """Return the tests that reach a line, in two rounds: near and quick ones first, then the others."""
        wanted = statement(source, line)
        reaching = self.reaching(path, wanted) or self.reaching(path, None)
        module = re.compile(rf"\bscalelaw\.{re.escape(path.removesuffix('.py').replace('/', '.'))}\b")
        folder = "tests/unit/" + path.partition("/")[0]

        def far(test: str) -> tuple[int, float]:
            file = test.partition("::")[0]
            place = 0 if module.search(self.near[file]) else 1 if file.startswith(folder) else 2
            seconds = self.tests[test]["seconds"]
            return (place if seconds < 1 else place + 1), seconds

        ordered, first, spent = sorted(reaching, key=far), list[str](), 0.0
        for test in ordered:
            spent += self.tests[test]["seconds"]
            if spent > NEAR_S and first:
                break
            first.append(test)
        return [each for each in (first, ordered[len(first) :]) if each]

    def reaching(self, path: str, wanted: range | None) -> list[str]:
        """Return the tests that run a line of those wanted, or any line of the file."""
        return [
            test
            for test, known in self.tests.items()
            if known["passed"]
            and path in known["lines"]
            and (wanted is None or any(line in wanted for line in known["lines"][path]))
        ]

    def seconds(self, tests: list[str]) -> float:
        """Return how long tests took when they were traced."""
        return sum(self.tests[test]["seconds"] for test in tests if test in self.tests)


def statement(source: str, line: int) -> range:
    """Return the lines of the innermost statement that holds a line; of a compound one, those before its body."""
    best = range(line, line + 1)
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.stmt) and node.lineno <= line <= (node.end_lineno or node.lineno):
            body = getattr(node, "body", None)
            last = body[0].lineno - 1 if isinstance(body, list) else node.end_lineno or node.lineno
            if node.lineno <= line <= max(last, node.lineno):
                best = range(node.lineno, max(last, node.lineno) + 1)
    return best


def reach(place: Path, kept: Path, workers: int) -> Reach:
    """Return what each test of the default suite runs; only files of tests that changed since are traced again."""
    files = {str(each.relative_to(place)): each.read_text(encoding="utf-8") for each in default_tests(place)}
    digests = {name: hashlib.sha256(text.encode()).hexdigest() for name, text in files.items()}
    known = json.loads(kept.read_text(encoding="utf-8")) if kept.exists() else {"digests": {}, "tests": {}}
    stale = [name for name, digest in digests.items() if known["digests"].get(name) != digest]
    tests = {
        test: what
        for test, what in known["tests"].items()
        if test.partition("::")[0] in files and test.partition("::")[0] not in stale
    }
    if stale:
        tests |= traced(place, stale, workers)
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.write_text(json.dumps({"digests": digests, "tests": tests}), encoding="utf-8")
    return Reach(tests, files)


def default_tests(place: Path) -> list[Path]:
    """Return the files of tests, without those that read the source instead of running it."""
    return [
        each
        for each in sorted((place / "tests").rglob("test_*.py"))
        if "architecture" not in each.relative_to(place).parts
    ]


def traced(place: Path, files: list[str], workers: int) -> dict[str, Any]:
    """Return what the tests of some files run."""
    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        paths = f"{place}/src{os.pathsep}{place}/benchmarks"
        environment = {**os.environ, "MUTANTS_TRACED": folder, "PYTHONPATH": paths}
        many = ["-n", str(workers)] if workers > 1 and len(files) > workers else []
        options = ["-q", "-m", "not slow", "-p", "mutants.tracing", "-p", "no:cacheprovider", *many]
        command = [sys.executable, "-m", "pytest", *options, *files]
        subprocess.run(command, cwd=place, env=environment, check=False, stdout=sys.stderr)
        for part in sorted(Path(folder).glob("*.json")):
            found |= json.loads(part.read_text(encoding="utf-8"))
    return found
