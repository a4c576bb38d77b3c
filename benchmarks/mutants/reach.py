"""Which tests reach a line: traced once, and again only for the files of tests that changed."""

import ast
import difflib
import hashlib
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROUNDS_S = (4.0, 40.0)
"""Seconds of tests in the first rounds: most faults meet the test that fails in the first, which imports few files."""


@dataclass(frozen=True)
class Reach:
    """What each test runs.

    Attributes:
        tests: node id -> its seconds, whether it passes, and the lines it runs by file.
        near: file of tests -> its text, in which a module's name makes it near to it.
        sources: file of the package -> its text when tests were traced, in which its lines have other numbers.
    """

    tests: dict[str, dict[str, Any]]
    near: dict[str, str]
    sources: dict[str, str]

    def rounds(self, path: str, source: str, line: int) -> list[list[str]]:
        """Return the tests that reach a line, in rounds: near and quick ones first."""
        wanted = self.traced(path, source, statement(source, line))
        reaching = self.reaching(path, wanted) or self.reaching(path, None)
        module = re.compile(rf"\bscalelaw\.{re.escape(path.removesuffix('.py').replace('/', '.'))}\b")
        folder = "tests/unit/" + path.partition("/")[0]

        def far(test: str) -> tuple[int, float]:
            file = test.partition("::")[0]
            place = 0 if module.search(self.near[file]) else 1 if file.startswith(folder) else 2
            seconds = self.tests[test]["seconds"]
            return (place if seconds < 1 else place + 1), seconds

        rounds: list[list[str]] = [[] for _ in range(len(ROUNDS_S) + 1)]
        spent = 0.0
        for test in sorted(reaching, key=far):
            spent += self.tests[test]["seconds"]
            rounds[sum(spent > most for most in ROUNDS_S)].append(test)
        return [each for each in rounds if each]

    def traced(self, path: str, source: str, lines: range) -> range:
        """Return the lines that a file had where these are now, when tests were traced."""
        before = self.sources.get(path, source)
        if before == source:
            return lines
        blocks = difflib.SequenceMatcher(None, before.splitlines(), source.splitlines(), autojunk=False).get_opcodes()
        found = [(old + (at - new if kind == "equal" else 0), end if kind != "equal" else old + at - new + 1)
                 for at in (line - 1 for line in lines)
                 for kind, old, end, new, past in blocks if new <= at < past]  # fmt: skip
        return range(min(old for old, _ in found) + 1, max(end for _, end in found) + 1) if found else lines

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
    source = place / "src/scalelaw"
    sources = {str(each.relative_to(source)): each.read_text(encoding="utf-8") for each in source.rglob("*.py")}
    known = json.loads(kept.read_text(encoding="utf-8")) if kept.exists() else {"digests": {}, "tests": {}}
    stale = [name for name, digest in digests.items() if known["digests"].get(name) != digest]
    whole = [test for test in known["tests"] if test.partition("::")[0] in files.keys() - stale]
    tests = {test: known["tests"][test] for test in whole}
    then = known.get("sources", sources) if whole else sources
    if stale:
        tests |= traced(place, stale, workers)
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.write_text(json.dumps({"digests": digests, "tests": tests, "sources": then}), encoding="utf-8")
    return Reach(tests, files, then)


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
        subprocess.run(
            command, cwd=place, env=environment, check=False, stdout=sys.stderr,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a shell's background ignores it
        )  # fmt: skip
        for part in sorted(Path(folder).glob("*.json")):
            found |= json.loads(part.read_text(encoding="utf-8"))
    return found
