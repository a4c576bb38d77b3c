"""The fit of the 240 Chinchilla points, and what it costs."""

import json
import time
from collections.abc import Callable, Iterator

import bench_fit
from evidence._row import CHINCHILLA, Row, run

FIT = [
    "fit", f"$SCALELAW_DATA/{CHINCHILLA}", "--law", "chinchilla", "--exclude-top", "loss=5", "--reason", "as published",
    "--draws", "4000", "--json",
]  # fmt: skip


def measure() -> Iterator[Row]:
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
        "fit, CPU s": ("converged fit <= 1 CPU s", lambda value: value <= 1),
        "4000 draws, CPU s": ("4000 draws <= 4 CPU s", lambda value: value <= 4),
        "share of 500 uniform starts at the optimum": (
            ">= 60 % of 500 uniform starts reach the optimum",
            lambda value: value >= 0.6,
        ),
        "lowest objective of the 500": (
            "none of the 500 starts ends below this optimum",
            lambda value: value > objective * (1 - 1e-9),
        ),
        "starts that agree": ("of 64 projected starts, number that reach the same optimum", lambda value: value >= 3),
        "fit, times faster": ("fit >= 60x faster than 4500 L-BFGS-B starts", lambda value: value >= 60),
        "draws, times faster": ("draws >= 20x faster than one BFGS fit per resample", lambda value: value >= 20),
        "formula law over built-in, CPU ratio": (
            "a formula takes at most 3x the time of a built-in law",
            lambda value: value <= 3,
        ),
        "usual way, share of starts at the optimum": (
            "starts that reach the optimum in log coordinates, for comparison",
            lambda value: True,
        ),
    }
    for name, (promise, holds_for) in limits.items():
        yield Row(promise, f"{name}: {figures[name]:.10g}", holds_for(figures[name]), command, seconds)
