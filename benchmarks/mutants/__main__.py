"""Seed sampled faults one at a time, run the tests that are near each, and write who lived into docs/mutants.md.

Call: ``python -m mutants [--folders fitting runs] [--each 50] [--seed 0] [--minutes 20] [--to docs/mutants.md]``.
"""

import argparse
import collections
import os
import random
import re
import shutil
import subprocess
import sys
import time
import tomllib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

from mutants.faults import Fault, faults

ROOT = Path(__file__).parents[2]
FOLDERS = ("fitting", "forecasting", "backtesting", "planning", "runs", "accounting", "laws")
SKIPPED = ("__init__.py", "references.py", "_gallery.py", "_scaffold.py")
COPIED = ("src", "tests", "docs", "benchmarks", "examples", "pyproject.toml", "README.md", "CONTRIBUTING.md")
TOO_LONG_S = 240
OFF: list[str] = []
"""Tests that fail without a fault."""
HEAD = """# Mutants

Written by `make mutants`: faults are seeded into the source one at a time (operators, comparisons, constants, swapped
and dropped arguments, names such as `min` and `max`, dropped statements and branches), sampled with a seed, and the
tests near each are run until one fails: those of the module, of its folder, then properties, conformance and golden
values. Faults that no test detects are listed, with the reason if the fault has no visible effect.

"""


@dataclass(frozen=True)
class Tried:
    """A fault and what became of it: the first test that failed, ``time``, or nothing."""

    path: str
    fault: Fault
    by: str


def sampled(folder: str, count: int, seed: int) -> list[tuple[str, Fault]]:
    """Return faults of a folder, drawn without replacement, of no line more than one."""
    found = []
    for path in sorted((ROOT / "src/scalelaw" / folder).rglob("*.py")):
        if path.name not in SKIPPED:
            name = str(path.relative_to(ROOT / "src/scalelaw"))
            found += [(name, fault) for fault in faults(path.read_text(encoding="utf-8"))]
    random.Random(f"{seed} {folder}").shuffle(found)
    once = {(name, fault.line): (name, fault) for name, fault in found}
    return list(once.values())[:count]


def tests(path: str) -> list[list[str]]:
    """Return what to run for a module, nearest first: tests that import it, its folder's, those of every folder."""
    module = "scalelaw." + path.removesuffix(".py").replace("/", ".")
    files = sorted((ROOT / "tests").rglob("test_*.py"))
    import_line = re.compile(rf"\b{re.escape(module)}\b")
    near = [each for each in files if import_line.search(each.read_text(encoding="utf-8"))]
    folder = ROOT / "tests/unit" / path.partition("/")[0]
    rounds = [near, [folder] if folder.exists() else [], *([ROOT / "tests" / each] for each in (
        "properties", "conformance", "golden"))]  # fmt: skip
    return [[str(each.relative_to(ROOT)) for each in group] for group in rounds if group]


def tried(place: Path, path: str, fault: Fault) -> Tried:
    """Return what becomes of a fault in a copy of the repository."""
    target = place / "src/scalelaw" / path
    kept = target.read_text(encoding="utf-8")
    target.write_text(fault.source, encoding="utf-8")
    try:
        for group in tests(path):
            while by := failing(place, group):
                target.write_text(kept, encoding="utf-8")
                if by == "time" or by in OFF or not failing(place, [by.partition("[")[0]]):
                    return Tried(path, fault, by)
                OFF.append(by)  # it fails without the fault as well
                target.write_text(fault.source, encoding="utf-8")
    finally:
        target.write_text(kept, encoding="utf-8")
    return Tried(path, fault, "")


def failing(place: Path, group: list[str]) -> str:
    """Return the first test that fails in a copy of the repository, ``time`` where they take too long, or nothing."""
    environment = {**os.environ, "PYTHONPATH": f"{place}/src", "PYTHONDONTWRITEBYTECODE": "1"}
    off = [word for each in OFF for word in ("--deselect", each)]
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-m", "not slow", "-p", "no:cacheprovider", *off, *group]
    try:
        run = subprocess.run(
            command, cwd=place, env=environment, capture_output=True, text=True, timeout=TOO_LONG_S, check=False
        )
    except subprocess.TimeoutExpired:
        return "time"
    if run.returncode in (0, 5):
        return ""
    found = re.search(r"^(?:FAILED|ERROR) (\S+)", run.stdout, re.MULTILINE)
    return found[1] if found else group[0]


def reason(each: Tried) -> str:
    """Return why a fault that lived changes nothing, as ``equivalent.toml`` has it."""
    known = tomllib.loads((Path(__file__).parent / "equivalent.toml").read_text(encoding="utf-8"))
    return next((why for text, why in known.get(each.path, {}).items() if text in each.fault.before), "")


def page(found: list[Tried], asked: str) -> str:
    """Return the results as Markdown: a line a folder, then every fault that lived."""
    folders = collections.Counter(each.path.partition("/")[0] for each in found)
    lived = [each for each in found if not each.by]
    lines = [HEAD + asked + "\n", "| folder | tried | killed | lived | killed, of those that change something |"]
    lines.append("| --- | ---: | ---: | ---: | ---: |")
    for name, count in [*folders.items(), ("all", len(found))]:
        own = [each for each in lived if name == "all" or each.path.startswith(f"{name}/")]
        real = count - sum(bool(reason(each)) for each in own)
        killed = count - len(own)
        lines.append(f"| {name} | {count} | {killed} | {len(own)} | {killed / max(real, 1):.0%} |")
    lines += ["", "## Lived", ""] + (["None."] if not lived else [])
    for each in sorted(lived, key=lambda own: (own.path, own.fault.line)):
        before, after = (" ".join(text.split())[:70] for text in (each.fault.before, each.fault.after))
        why = reason(each) or "not looked at"
        lines.append(f"- `{each.path}:{each.fault.line}`: `` {before} `` became `` {after} ``: {why}.")
    return "\n".join(lines) + "\n"


def copied(number: int) -> Path:
    """Return a copy of the repository to seed faults into."""
    place = ROOT / "build/mutants" / str(number)
    shutil.rmtree(place, ignore_errors=True)
    for name in COPIED:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, place / name, ignore=shutil.ignore_patterns("_build", "__pycache__"))
        elif (ROOT / name).exists():
            shutil.copy(ROOT / name, place / name)
    return place


def main() -> None:
    """Try faults until all are tried or the time is up."""
    parser = argparse.ArgumentParser(prog="mutants", description=__doc__)
    parser.add_argument("--folders", nargs="+", default=list(FOLDERS))
    parser.add_argument("--each", type=int, default=50, help="faults a folder")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--minutes", type=float, default=20.0)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--to", type=Path)
    asked = parser.parse_args()
    chosen = [sampled(folder, asked.each, asked.seed) for folder in asked.folders]
    queue = collections.deque(each for turn in zip_longest(*chosen) for each in turn if each is not None)
    until, found = time.monotonic() + 60 * asked.minutes, list[Tried]()

    def work(number: int) -> None:
        place = copied(number)
        while queue and time.monotonic() < until:
            each = tried(place, *queue.popleft())
            found.append(each)
            line = f"{each.path}:{each.fault.line} {each.fault.before!r:.60} -> {each.fault.after!r:.60}"
            print(f"{'killed by ' + each.by if each.by else 'LIVED'}: {line}", flush=True)

    with ThreadPoolExecutor(asked.workers) as pool:
        list(pool.map(work, range(asked.workers)))
    shutil.rmtree(ROOT / "build/mutants", ignore_errors=True)
    how = f"Seed {asked.seed}, {len(found)} of {sum(map(len, chosen))} sampled faults in {asked.minutes:g} minutes."
    text = page(found, how)
    print(text)
    if asked.to:
        asked.to.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
