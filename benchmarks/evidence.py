"""Measures again every figure a closed issue promises and writes docs/evidence.md; needs SCALELAW_DATA.

``python benchmarks/evidence.py`` measures all (about ten minutes on two cores); names of sections measure some and
print them without writing: ``python benchmarks/evidence.py plan startup``.
"""

import json
import os
import platform
import re
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import bench_fit
import misfit
import scalelaw as sl
from scalelaw.core.version import __version__

ROOT = Path(__file__).parent.parent
CHINCHILLA = "chinchilla_epoch/svg_extracted_data.csv"
FIT = [
    "fit", f"$SCALELAW_DATA/{CHINCHILLA}", "--law", "chinchilla", "--exclude-top", "loss=5", "--reason", "as published",
    "--draws", "4000", "--json",
]  # fmt: skip


@dataclass(frozen=True)
class Row:
    """One promise and what was measured."""

    promise: str
    measured: str
    holds: bool
    command: str
    seconds: float

    def line(self) -> str:
        """Return the row in Markdown."""
        holds = "yes" if self.holds else "**no**"
        return f"| {self.promise} | {self.measured} | {holds} | `{self.command}` | {self.seconds:.1f} |"


def run(*command: str) -> tuple[str, float]:
    """Return the standard output of a command of this environment, and the CPU seconds it took."""
    program = Path(sys.executable).parent / command[0]
    words = [str(program) if program.exists() else command[0], *(os.path.expandvars(word) for word in command[1:])]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return done.stdout, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def fit() -> Iterator[Row]:
    """Must show 1 of the walking skeleton: the fit of the 240 Chinchilla points, and what it costs."""
    command = "scalelaw " + " ".join(f'"{word}"' if " " in word else word for word in FIT)
    out, seconds = run("scalelaw", *FIT)
    told = json.loads(out)
    se = {name: told["coefficients"][name]["se"] for name in ("alpha", "beta")}
    objective, fitted = told["objective"], told["rows"]["fitted"]
    yield Row("objective <= 0.0010182741", f"{objective:.13f}", objective <= 0.0010182741, command, seconds)
    yield Row("240 rows fitted", str(fitted), fitted == 240, command, seconds)
    for name, promised in (("alpha", 0.0151), ("beta", 0.0207)):
        holds = abs(se[name] / promised - 1) <= 0.05
        yield Row(f"SE({name}) within 5 % of {promised}", f"{se[name]:.5f}", holds, command, seconds)
    before = time.process_time()
    figures = bench_fit.measure()
    seconds, command = time.process_time() - before, "make bench"
    limits: dict[str, tuple[str, Callable[[float], bool]]] = {
        "fit, CPU s": ("certified fit <= 1 CPU s", lambda value: value <= 1),
        "4000 draws, CPU s": ("4000 draws <= 4 CPU s", lambda value: value <= 4),
        "share of 500 uniform starts at the optimum": (">= 60 % of 500 uniform starts", lambda value: value >= 0.6),
        "lowest objective of the 500": ("no start goes lower", lambda value: value > objective * (1 - 1e-9)),
        "starts that agree": ("projected starts that agree, of 64 (reported apart)", lambda value: value >= 3),
        "fit, times faster": ("fit >= 60x the 4500 L-BFGS-B starts", lambda value: value >= 60),
        "draws, times faster": ("draws >= 20x one BFGS a resample", lambda value: value >= 20),
        "formula law over built-in, CPU ratio": ("a formula fits within 3x of a built-in", lambda value: value <= 3),
        "usual way, share of starts at the optimum": ("usual way, for comparison", lambda value: True),
    }
    for name, (promise, holds_for) in limits.items():
        yield Row(promise, f"{name}: {figures[name]:.10g}", holds_for(figures[name]), command, seconds)


def plan() -> Iterator[Row]:
    """Must show 2: the plan at Gopher's budget from Epoch's constants."""
    out, seconds = run("scalelaw", "plan", "chinchilla@besiroglu2024", "--flops", "5.76e23", "--json")
    told = json.loads(out)
    command = "scalelaw plan chinchilla@besiroglu2024 --flops 5.76e23 --json"
    for name, promised, digits in (("params", 7.225e10, 4), ("tokens", 1.329e12, 4), ("loss", 1.9744, 5)):
        value = told[name]["value"]
        holds = f"{value:.{digits - 1}e}" == f"{promised:.{digits - 1}e}"
        yield Row(f"{name} {promised:g}", f"{value:.6g}", holds, command, seconds)


def form() -> Iterator[Row]:
    """Must show 3: wrong forms are noticed, the right one is not accused."""
    for noise, draw in misfit.NOISES.items():
        for name, truth in misfit.TRUTHS.items():
            before = time.process_time()
            share = misfit.flagged(truth, draw)
            right = truth is misfit.chinchilla
            limit = "<= 10 %" if right else "any share" if "no promise" in noise else ">= 80 %"
            promise = f"{name}, {noise}: flagged in {limit} of {misfit.TABLES}"
            holds = share <= 0.1 if right else share >= 0.8 or "no promise" in noise
            yield Row(promise, f"{share:.1%}", holds, "python benchmarks/misfit.py", time.process_time() - before)


def inputs() -> Iterator[Row]:
    """Must show 4: every bad input ends in one line and exit status 2."""
    out, seconds = run("pytest", "-q", "-p", "no:cacheprovider", "tests/unit/cli/test_bad_inputs.py")
    closing = out.strip().splitlines()[-1]
    yield Row("every bad input: status 2, one line", closing, "failed" not in closing,
              "pytest tests/unit/cli/test_bad_inputs.py", seconds)  # fmt: skip


def startup() -> Iterator[Row]:
    """Must show 5: what it costs to start."""
    numerics = min(run("python", "-c", "import numpy, scipy")[1] for _ in range(3))
    for what, code in (("import scalelaw", "scalelaw"), ("the same with fit loaded", "scalelaw; scalelaw.fit")):
        whole = min(run("python", "-c", f"import numpy, scipy, {code}")[1] for _ in range(3))
        beyond = whole - numerics
        yield Row(f"{what} <= 0.3 CPU s beyond numpy and scipy", f"{beyond:.2f} s", beyond <= 0.3,
                  f"python -c 'import {code}'", whole)  # fmt: skip
    for promise, limit, command in (
        ("scalelaw --help <= 0.6 CPU s", 0.6, ("scalelaw", "--help")),
        ("scalelaw calc <= 1 s", 1.0, ("scalelaw", "calc", "8B", "15T")),
    ):
        seconds = min(run(*command)[1] for _ in range(3))
        yield Row(promise, f"{seconds:.2f} s", seconds <= limit, " ".join(command), seconds)


def clone() -> Iterator[Row]:
    """Must show 6: a stranger's two commands in an empty clone with an empty environment."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["git", "clone", "--quiet", f"file://{ROOT}", f"{folder}/scalelaw"], check=True)
        kept = {name: value for name, value in os.environ.items() if name.startswith(("PIP_", "SSL_"))}
        clean = {"HOME": folder, "PATH": os.defpath, **kept}
        clean["PATH"] = f"{Path(sys.base_prefix) / 'bin'}:{os.defpath}"
        for verb, limit in (("demo", 300), ("test", 480)):
            before = time.perf_counter()
            done = subprocess.run(["make", verb], cwd=f"{folder}/scalelaw", env=clean, capture_output=True, text=True)
            seconds = time.perf_counter() - before
            suite = re.findall(r"\d+ passed.* in ([\d.]+)s", done.stdout)
            measured = f"exit {done.returncode}, {seconds:.0f} s" + (f", suite {suite[-1]} s" if suite else "")
            holds = done.returncode == 0 and seconds <= limit and (not suite or float(suite[-1]) <= 180)
            yield Row(f"make {verb} in an empty clone" + (", suite <= 180 s" if suite else ""), measured, holds,
                      f"git clone; make {verb}", seconds)  # fmt: skip


def trust() -> Iterator[Row]:
    """What the README says of single-law intervals on real dearer runs; a measurement, not a promise."""
    before = time.process_time()
    report = sl.backtest("chinchilla", bench_fit.points())
    seconds = time.process_time() - before
    for cut in report.cuts:
        if cut.axis == "flops" and cut.score and cut.score.observed is not None:
            yield Row(f"Chinchilla points, C < {cut.below:.2g}, reach {cut.reach:.3g}x: share inside 90 %",
                      f"{cut.score.observed:.0%} of {cut.n_test}; error {cut.score.mean_abs_rel_error:.2%}", True,
                      f"scalelaw backtest $SCALELAW_DATA/{CHINCHILLA} --exclude-top loss=5", seconds)  # fmt: skip


SECTIONS = (fit, plan, form, inputs, startup, clone, trust)


def page(rows: dict[str, list[Row]]) -> str:
    """Return the Markdown page."""
    commit = run("git", "rev-parse", "--short", "HEAD")[0].strip()
    lines = [
        "# Evidence",
        "",
        f"Written by `make evidence` on {date.today()}, scalelaw {__version__}, commit {commit}, Python "
        f"{platform.python_version()}, {os.cpu_count()} shared cores. Seconds are CPU seconds of the whole command, "
        "but wall seconds for the clones.",
    ]
    for section in SECTIONS:
        if section.__name__ in rows:
            lines += ["", f"## {(section.__doc__ or '').split(': ', 1)[-1].rstrip('.').capitalize()}", ""]
            lines += ["| promise | measured | holds | command | s |", "|---|---|---|---|---|"]
            lines += [row.line() for row in rows[section.__name__]]
    return "\n".join(lines) + "\n"


def main(wanted: list[str]) -> int:
    """Measure, print, and write the page when nothing was left out."""
    rows: dict[str, list[Row]] = {}
    for section in SECTIONS:
        if wanted and section.__name__ not in wanted:
            continue
        for row in section():
            rows.setdefault(section.__name__, []).append(row)
            print(f"{'ok  ' if row.holds else 'MISS'} {row.promise}: {row.measured}", flush=True)
    if not wanted:
        (ROOT / "docs" / "evidence.md").write_text(page(rows))
    return int(not all(row.holds for part in rows.values() for row in part))


if __name__ == "__main__":
    if "SCALELAW_DATA" not in os.environ:
        sys.exit("evidence needs SCALELAW_DATA, the folder that holds the published tables")
    sys.exit(main(sys.argv[1:]))
