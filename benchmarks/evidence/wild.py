"""Real and messy tables load, and give a fit or a clear refusal."""

import re
from collections.abc import Iterator

import tables
from evidence._row import Row, run

SUITES = {
    "each messy file through init and plain scalelaw: counts, grades, coefficients": (
        "tests/acceptance/test_messy_projects.py",
    ),
    "each messy file through load_runs and fit": (
        "tests/acceptance/test_messy.py",
        "tests/acceptance/test_messy_folders.py",
    ),
    "every published table loads by tables.toml; 39 incomplete rows excluded per target": (
        "tests/golden/test_tables.py",
        "tests/unit/runs/columns/test_eval_sets.py",
    ),
    "Step Law: 1911 runs reduce to the best runs of 17 cells; best runs at the edge of a sweep are flagged": (
        "tests/unit/runs/reducing/test_best.py",
    ),
    "kill -9 at 50 moments loses at most the line in flight; a second writer is refused": (
        "tests/unit/runs/storing/test_dirstore.py",
    ),
    "conversions invert, exports load again, row order does not matter, duplicate rows act as weights": (
        "tests/properties/test_conversions.py",
        "tests/properties/test_export.py",
        "tests/properties/test_runs.py",
        "tests/properties/test_reductions.py",
    ),
}


def measure() -> Iterator[Row]:
    """Run the suites that hold the promises, then a million checkpoints, then the tables' counts."""
    for promise, files in SUITES.items():
        out, seconds = run("pytest", "-q", "-p", "no:cacheprovider", *files)
        closing = out.strip().splitlines()[-1]
        yield Row(promise, closing, "passed" in closing and "failed" not in closing, f"pytest {files[0]}", seconds)
    out, seconds = run("python", "benchmarks/bench_runs.py")
    told = {name.strip(): float(value) for name, value in re.findall(r"^(.+?)\s{2,}(\S+)$", out, re.MULTILINE)}
    spent, memory = told["all, CPU s"], told["peak memory, GB"]
    yield Row("1 000 000 rows of 2 000 runs loaded, reduced, fitted <= 10 CPU s", f"{spent:.1f} CPU s", spent <= 10,
              "make bench", seconds)  # fmt: skip
    yield Row("peak memory of that run <= 2 GB", f"{memory:.2f} GB", memory <= 2, "make bench", seconds)
    fitted = sum("skip" not in how for how in tables.described().values())
    skipped = len(tables.described()) - fitted
    yield Row("published tables fitted; the others have a reason", 
              f"{fitted} fitted, {skipped} not fitted, with the reason",
              fitted > 0, "make tables", 0.0)  # fmt: skip
