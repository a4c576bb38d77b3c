"""Forecasts of held-out larger runs of published tables, each source with a calibration from the other sources.

The cases are kept in build/forecasts.jsonl: those it holds are not forecast again. The printout becomes
docs/forecasts.md.
"""

import os
import time
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np

import bench_fit
import scalelaw as sl
from decisions.tables import protocol as decision_protocol
from decisions.truths import simulated
from evidence._row import ROOT, Row
from scalelaw.backtesting.baselines import BaselineBand
from scalelaw.backtesting.scoring import (
    Measure,
    Scored,
    by_source,
    clustered,
    coverage,
    error,
    log_winkler,
    mean_over_sources,
)
from scalelaw.core.errors import ScalelawWarning
from scalelaw.forecasting.calibration import shipped
from scalelaw.forecasting.forecast import forecast_observations
from scalelaw.workflows.benchmark.benchmark import CONSTANT, NARROW, Benchmark, benchmark
from scalelaw.workflows.benchmark.protocol import read_protocol
from scalelaw.workflows.benchmark.tables import OURS, ratio

PROTOCOL = ROOT / "benchmarks" / "forecast" / "protocol.toml"
STORE = ROOT / "build" / "forecasts.jsonl"
_NOISE = 0.001
COMMAND = "scalelaw benchmark benchmarks/forecast/protocol.toml"
PAGE = """# Forecasts of larger runs, scored

Written by `make evidence ONLY="forecasts"`. The protocol is `benchmarks/forecast/protocol.toml`. A case is one cut of
one table: the runs below the cut are fitted, the runs above it are forecast. We forecast each source with a
calibration that was learned on the other sources. Means are taken over runs, then cases, then tables, then sources.

Columns:

- *error*: mean of |forecast / measured - 1|; *bias*: mean of forecast / measured - 1;
- *of reducible*: the error divided by the reducible loss, which is the loss minus its floor;
- *skill*: one minus the summed error divided by the summed improvement on the best fitted run. 100 % is a perfect
  forecast; 0 % is as good as predicting no improvement;
- *in 90 %*: share of measured losses inside the 90 % interval;
- *half-width*: half of the width of the 90 % interval, divided by the loss;
- *CRPS*: continuous ranked probability score, divided by the loss; lower is better;
- *Winkler*: the interval score at 90 %, divided by the loss; the geometric mean over cases; lower is better;
- *1-3x*: runs with 1 to 3 times the value of the largest fitted run, along the axis of the cut.

Methods:

- `ensemble`: the forecast of `scalelaw forecast`;
- `last_value`: the best loss so far, without an interval;
- `power_in_flops`: E + A / C^alpha, with bootstrap intervals;
- `chinchilla`: that law, with bootstrap intervals. Some cases do not determine its coefficients, and some resamples
  then predict enormous losses. So its mean half-width can be astronomically large (1.26e+16x on 2026-11-29);
- `simple_scaling_laws`: the package of that name, with default options;
- `constant_band`: the ensemble's forecast with one relative width for all cases, which had the best mean interval
  score on the other sources;
- `narrow_band`: the same with the width of the best geometric mean of the interval score, which favours narrow bands.

The last table divides the ensemble's error and Winkler score by each baseline's; below 1 the ensemble is better.

"""


def measure() -> Iterator[Row]:
    warnings.simplefilter("ignore", ScalelawWarning)
    STORE.parent.mkdir(exist_ok=True)
    data = Path(os.environ["SCALELAW_DATA"])
    before = time.process_time()
    found = benchmark(read_protocol(PROTOCOL), data, store=STORE)
    seconds = time.process_time() - before + sum(outcome.seconds for outcome in found.outcomes)
    (ROOT / "docs" / "forecasts.md").write_text(PAGE + found.report().markdown(level=2) + "\n")
    yield from _intervals(found, seconds)
    yield from _points(found, seconds)
    yield from _clean()
    yield from _cost(found)


def _intervals(found: Benchmark, seconds: float) -> Iterator[Row]:
    ours = found.scored(OURS)

    def row(what: str, value: float, holds: bool, more: str = "") -> Row:
        return Row(what, f"{value:.3f}{more}", holds, COMMAND, seconds)

    for level, low, high in ((0.9, 0.87, 0.95), (0.5, 0.42, 0.6), (0.8, 0.75, 0.87), (0.95, 0.93, 1.0)):
        inside = by_source(ours, coverage(level))
        value, (lo, hi) = mean_over_sources(inside), clustered(inside)
        wanted = f"nominal {100 * level:g} % covers {low} to {high} of larger runs"
        yield row(wanted, value, low <= value <= high, f" ({lo:.2f} to {hi:.2f} over {len(inside)} sources)")
    for lo, hi in ((1.0, 3.0), (3.0, 10.0), (10.0, 30.0)):
        value = mean_over_sources(by_source(ours, coverage(0.9), (lo, hi * (1 + 1e-9))))
        yield row(f"nominal 90 % covers 0.82 to 0.97 at {lo:g}-{hi:g}x", value, 0.82 <= value <= 0.97)
    inside = by_source(ours, coverage(0.9))
    least = min(inside, key=lambda by: inside[by])
    yield row("nominal 90 % covers at least 0.70 on every source", inside[least], inside[least] >= 0.7, f" on {least}")
    for name, most in (("chinchilla", 0.7), ("simple_scaling_laws", 0.65), (CONSTANT, 0.8), (NARROW, 0.8)):
        yield _against(found, name, log_winkler, "interval score", most, seconds)


def _points(found: Benchmark, seconds: float) -> Iterator[Row]:
    for name, most in (("chinchilla", 0.72), ("simple_scaling_laws", 0.6)):
        yield _against(found, name, error, "error", most, seconds)
    ours = found.scored(OURS)
    best = mean_over_sources(by_source(_in_hindsight(found), error))
    value = mean_over_sources(by_source(ours, error))
    yield Row(
        "error of the ensemble divided by the error of the law that turned out best in each case (not promised)",
        f"{value / best:.2f}",
        True,
        COMMAND,
        seconds,
    )
    failed = sum(bool(outcome.failed) for outcome in found.outcomes)
    yield Row("no failure on any case", f"{failed} of {len(found.outcomes)}", failed == 0, COMMAND, seconds)
    each = float(np.median([outcome.seconds for outcome in found.outcomes]))
    yield Row("median <= 2 CPU s per case", f"{each:.2f}", each <= 2, COMMAND, seconds)


def _against(found: Benchmark, name: str, measure: Measure, what: str, most: float, seconds: float) -> Row:
    value, (lo, hi) = ratio(found.scored(OURS), found.scored(name), measure)
    promise = f"{what} <= {most} x that of {name}, on common cases"
    if not np.isfinite(value):
        return Row(promise, "not installed here", False, COMMAND, seconds)
    return Row(promise, f"{value:.2f} ({lo:.2f} to {hi:.2f})", value <= most, COMMAND, seconds)


def _clean() -> Iterator[Row]:
    """Yield what clean tables earn: narrow bands that hold far beyond, on tables no calibration saw."""
    before = time.process_time()
    asked = {**decision_protocol()["simulated"], "noise": [_NOISE, _NOISE], "reach": [3.0, 10.0, 30.0, 100.0, 300.0]}
    seen = []
    for case in simulated(asked, seed=20261130, tables=32):
        params, flops = (np.array(each) for each in zip(*((np.exp(t.best), t.flops) for t in case.truths), strict=True))
        tokens = flops / 6 / params
        scatter = np.exp(_NOISE * np.random.default_rng(0).standard_normal(len(flops)))
        measured = case.about["surface"].loss(params, tokens) * scatter
        told = forecast_observations(case.train, calibration=shipped()).predict({"params": params, "tokens": tokens})
        assert told.lo is not None and told.hi is not None
        inside = (told.lo <= measured) & (measured <= told.hi)
        seen.append((inside, (told.hi - told.lo) / 2 / measured, np.abs(told.mean / measured - 1)))
    inside, half, off = np.mean(np.array(seen, float), axis=(0, 2))
    yield Row(
        "simulated tables with 0.1 % noise, reach 3 to 300x: nominal 90 % covers >= 0.9, "
        "half-width <= 2.5 % of the loss",
        f"{inside:.3f} at {half:.2%}, error {off:.2%}, 32 tables",
        bool(inside >= 0.9 and half <= 0.025),
        "scalelaw forecast",
        time.process_time() - before,
    )


def _in_hindsight(found: Benchmark) -> list[Scored]:
    """Return, case by case, the forecast of the member that came closest."""
    made = []
    for outcome in found.outcomes:
        if outcome.parts is not None:
            forecasts = np.exp(outcome.parts.logs)
            off = np.mean(np.abs(forecasts / outcome.measured - 1), axis=1)
            made.append(outcome.scored(BaselineBand(forecasts[np.argmin(off)], {})))
    return made


def _cost(found: Benchmark) -> Iterator[Row]:
    points = bench_fit.points()
    before = time.process_time()
    sl.forecast(points)
    seconds = time.process_time() - before
    yield Row("forecast over all laws on 240 runs <= 20 CPU s", f"{seconds:.1f}", seconds <= 20,
              "scalelaw forecast", seconds)  # fmt: skip
    total = sum(outcome.seconds for outcome in found.outcomes) / 60
    yield Row("all forecasts of the benchmark <= 30 CPU min, without the baselines", f"{total:.1f}", total <= 30,
              COMMAND, 60 * total)  # fmt: skip
