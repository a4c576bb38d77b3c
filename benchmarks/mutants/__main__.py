"""Seed sampled faults one at a time, run the tests that reach each, and write which lived into docs/mutants.md.

Call: ``python -m mutants [--folders fitting runs] [--each 50] [--seed 0] [--minutes 20] [--to docs/mutants.md]``.
"""

import argparse
import collections
import multiprocessing
import queue
import random
import statistics
import time
import tomllib
from collections.abc import Iterator
from itertools import zip_longest
from multiprocessing.queues import Queue
from pathlib import Path

from mutants.faults import Fault, faults
from mutants.reach import Reach, reach
from mutants.trying import Place, Tried

ROOT = Path(__file__).parents[2]
FOLDERS = (
    "accounting", "allocation", "backtesting", "curves", "designing", "diagnosing", "fitting", "forecasting", "laws",
    "planning", "runs",
)  # fmt: skip
SKIPPED = ("__init__.py", "references.py", "_gallery.py", "_scaffold.py")
context = multiprocessing.get_context("fork")
Task = tuple[str, Fault]
SINCE = "caught since"
"""How the reason of a fault begins that changes something, and that a test written after this run detects."""
HEAD = """# Mutants

Written by `make mutants`, which seeds faults into the source, one at a time. A fault changes an operator, a comparison,
a constant or a name such as `min`, or swaps or drops an argument, a statement or a branch. Faults are sampled with a
seed. For each fault, those tests of `make test` that execute its line run until one fails, the nearest tests first. The
page lists faults that no test detects. If such a fault has no visible effect, it gives the reason.

"""


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


def reason(each: Tried) -> str:
    """Return why a fault that lived changes nothing, as ``equivalent.toml`` has it."""
    known = tomllib.loads((Path(__file__).parent / "equivalent.toml").read_text(encoding="utf-8"))
    return next((why for text, why in known.get(each.path, {}).items() if text in each.fault.before), "")


def page(found: list[Tried], asked: str) -> str:
    """Return the results as Markdown: a line a folder, then every fault that lived."""
    folders = collections.Counter(each.path.partition("/")[0] for each in found)
    lived = [each for each in found if not each.by]
    lines = [HEAD + asked + "\n", "| folder | tried | killed | lived | killed, of faults with an effect |"]
    lines.append("| --- | ---: | ---: | ---: | ---: |")
    for name, count in [*folders.items(), ("all", len(found))]:
        own = [each for each in lived if name == "all" or each.path.startswith(f"{name}/")]
        real = count - sum(bool(why := reason(each)) and not why.startswith(SINCE) for each in own)
        killed = count - len(own)
        lines.append(f"| {name} | {count} | {killed} | {len(own)} | {killed / max(real, 1):.0%} |")
    lines += ["", "## Lived", ""] + (["None."] if not lived else [])
    for each in sorted(lived, key=lambda own: (own.path, own.fault.line)):
        before, after = (" ".join(text.split())[:70] for text in (each.fault.before, each.fault.after))
        why = reason(each) or "not looked at"
        lines.append(f"- `{each.path}:{each.fault.line}`: `{before}` became `{after}`: {why}.")
    return "\n".join(lines) + "\n"


def worker(number: int, reached: Reach, todo: Queue, done: Queue, until: float) -> None:
    """Try faults until none is left or the time is up."""
    place = Place(ROOT, ROOT / "build/mutants" / str(number))
    place.warm()
    while time.monotonic() < until:
        try:
            path, fault = todo.get(timeout=0.2)
        except queue.Empty:
            break
        done.put(place.tried(reached, path, fault))
    done.put(None)


def tried(chosen: list[Task], workers: int, until: float) -> Iterator[Tried]:
    """Yield what became of each fault, in no order."""
    kept = ROOT / "build/mutants/reach.json"
    base = Place(ROOT, ROOT / "build/mutants/base")
    reached = reach(base.place, kept, workers)
    todo, done = context.Queue(), context.Queue()
    for each in chosen:
        todo.put(each)
    processes = [context.Process(target=worker, args=(at, reached, todo, done, until)) for at in range(workers)]
    for process in processes:
        process.start()
    left = workers
    while left:
        each = done.get()
        left -= each is None
        if each is not None:
            yield each
    todo.cancel_join_thread()


def main() -> None:
    """Try faults until all are tried or the time is up."""
    parser = argparse.ArgumentParser(prog="mutants", description=__doc__)
    parser.add_argument("--folders", nargs="+", default=list(FOLDERS))
    parser.add_argument("--each", type=int, default=28, help="faults a folder")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--minutes", type=float, default=20.0)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--to", type=Path)
    asked = parser.parse_args()
    began = time.monotonic()
    drawn = [sampled(folder, asked.each, asked.seed) for folder in asked.folders]
    chosen = [each for turn in zip_longest(*drawn) for each in turn if each is not None]
    found = list[Tried]()
    for each in tried(chosen, asked.workers, began + 60 * asked.minutes):
        found.append(each)
        line = f"{each.path}:{each.fault.line} {each.fault.before!r:.90} -> {each.fault.after!r:.90}"
        print(f"{each.seconds:.1f} s {'killed by ' + each.by if each.by else 'LIVED'}: {line}", flush=True)
    minutes, middle = (time.monotonic() - began) / 60, statistics.median(each.seconds for each in found)
    how = f"Seed {asked.seed}: {len(found)} of {len(chosen)} sampled faults in {minutes:.0f} minutes"
    how += f", {middle:.1f} s at the median."
    text = page(found, how)
    print(text)
    if asked.to:
        asked.to.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
