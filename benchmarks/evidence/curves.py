"""Final loss from a third of training."""

import os
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

import curves
from evidence._row import Row
from scalelaw.runs.schedule import Schedule

COMMAND = "python benchmarks/curves.py"


def measure() -> Iterator[Row]:
    before = time.process_time()
    found = curves.groups(curves.scored(Path(os.environ["SCALELAW_DATA"])))
    seconds = time.process_time() - before
    short = []
    for name, members in found.items():
        figures = curves.summary(members)
        said = (
            f"{figures['median']:.2%}; beats the last loss seen on {figures['last value']:.0%}, the power law on "
            f"{figures['power law']:.0%}, both on {figures['both']:.0%} of {figures['curves']:.0f}; "
            f"{figures['inside 90 %']:.0%} inside 90 %; beats a power law with a floor on {figures['with floor']:.0%}"
        )
        holds = figures["median"] <= 0.02 and figures["both"] >= 0.8
        if "," not in name or name.endswith((" cosine", " wsd")):
            yield Row(f"{name}: median error <= 2 %, below both baselines on >= 80 %", said, holds, COMMAND, seconds)
        elif not holds:
            short.append(f"{name} {figures['median']:.2%} and {figures['both']:.0%} of {figures['curves']:.0f}")
    yield Row("subsets that miss one of the two targets (not promised)", "; ".join(short) or "none",
              True,
              COMMAND, seconds)  # fmt: skip
    steps, peak = 20_000, 2e-4
    before = time.process_time()
    ends = {
        kind: [float(values[-1]) for values in Schedule(kind, decay=0.2).features(steps, peak).values()]
        for kind in ("constant", "cosine", "wsd")
    }
    known = {"constant": (4.0, 0.0), "cosine": (2.20009, 0.17783), "wsd": (3.64009, 0.13582)}
    worst = max(float(np.max(np.abs(np.subtract(ends[kind], known[kind])))) for kind in known)
    said = "; ".join(f"{kind} {area:.5f}, {annealing:.5f}" for kind, (area, annealing) in ends.items())
    yield Row("area and annealing of three schedules (laws/pretraining.md 13j) to 1e-5", said, worst < 1e-5,
              "sl.runs.Schedule(kind).features(20000, 2e-4)", time.process_time() - before)  # fmt: skip
