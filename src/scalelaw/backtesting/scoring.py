"""Scores of many forecasts, with equal weights of sources, of tables in a source, and of cases in a table."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from scalelaw.backtesting.baselines import BaselineBand
from scalelaw.backtesting.score import winkler
from scalelaw.core.nouns.brief import Brief
from scalelaw.core.types import AnyArray, Array
from scalelaw.forecasting.calibration import LEVELS

_RESAMPLES = 2000
_LEVEL = 0.9


@dataclass(frozen=True, eq=False)
class Scored(Brief):
    """One forecast of one case, with the measured values.

    Attributes:
        by: source of the table.
        table: the table.
        reach: reach of each scored run along the axis of the cut, (n,).
        measured: measured losses, (n,).
        band: the forecast.
        best: best loss among the fitted runs.
        floor: irreducible loss of a chinchilla fit below the cut, the same for every method.
    """

    by: str
    table: str
    reach: Array
    measured: Array
    band: BaselineBand
    best: float
    floor: float

    def within(self, lo: float, hi: float) -> AnyArray:
        """Return a mask of the runs with a reach in [lo, hi)."""
        return np.asarray((self.reach >= lo) & (self.reach < hi))


Measure = Callable[[Scored, AnyArray], float]
"""A score of some runs of one forecast; NaN if undefined."""


def error(scored: Scored, some: AnyArray) -> float:
    """Mean of |forecast - measured| / measured."""
    return float(np.mean(np.abs(scored.band.mean / scored.measured - 1)[some]))


def bias(scored: Scored, some: AnyArray) -> float:
    """Mean of (forecast - measured) / measured; positive means the forecast was too high."""
    return float(np.mean((scored.band.mean / scored.measured - 1)[some]))


def reducible_error(scored: Scored, some: AnyArray) -> float:
    """Mean of |forecast - measured| / (measured - floor), over runs above the floor."""
    above = some & (scored.measured > scored.floor)
    off = np.abs(scored.band.mean - scored.measured) / np.maximum(scored.measured - scored.floor, 1e-9)
    return float(np.mean(off[above])) if above.any() else float("nan")


def skill(scored: Scored, some: AnyArray) -> float:
    """One minus total error over total improvement on the best fitted run, over runs that improved."""
    gain = scored.best - scored.measured
    gained = some & (gain > 0)
    off = np.abs(scored.band.mean - scored.measured)
    return float(1 - off[gained].sum() / gain[gained].sum()) if gained.any() else float("nan")


def coverage(level: float) -> Measure:
    """Return the function that gives the share of a forecast's runs inside its interval at this level."""

    def measure(scored: Scored, some: AnyArray) -> float:
        if level not in scored.band.ends:
            return float("nan")
        lo, hi = scored.band.ends[level]
        return float(np.mean(((scored.measured >= lo) & (scored.measured <= hi))[some]))

    return measure


def half_width(scored: Scored, some: AnyArray) -> float:
    """Mean of half the width of the 90 % interval over the measured value."""
    if _LEVEL not in scored.band.ends:
        return float("nan")
    lo, hi = scored.band.ends[_LEVEL]
    return float(np.mean(((hi - lo) / 2 / scored.measured)[some]))


def log_winkler(scored: Scored, some: AnyArray) -> float:
    """Log of the mean Winkler score at 90 % over the measured value; averaging it gives a geometric mean over cases."""
    if _LEVEL not in scored.band.ends:
        return float("nan")
    lo, hi = scored.band.ends[_LEVEL]
    return float(np.log(np.mean((winkler(lo, hi, scored.measured, _LEVEL) / scored.measured)[some])))


def crps(scored: Scored, some: AnyArray) -> float:
    """Continuous ranked probability score over the measured value, from the quantiles of the levels and the median."""
    if not scored.band.ends:
        return float("nan")
    shares, values = [0.5], [scored.band.mean]
    for level, (lo, hi) in scored.band.ends.items():
        shares += [(1 - level) / 2, (1 + level) / 2]
        values += [lo, hi]
    order = np.argsort(shares)
    at, forecast = np.array(shares)[order], np.array(values)[order]
    above = scored.measured - forecast
    pinball = np.where(above >= 0, at[:, None] * above, (at[:, None] - 1) * above)
    return float(np.mean((2 * np.trapezoid(pinball, at, axis=0) / scored.measured)[some]))


MEASURES: dict[str, Measure] = {
    "error": error,
    "bias": bias,
    "reducible_error": reducible_error,
    "skill": skill,
    **{f"coverage_{100 * level:g}": coverage(level) for level in LEVELS},
    "half_width": half_width,
    "log_winkler": log_winkler,
    "crps": crps,
}
"""The measures of the protocol, by name."""


def by_source(
    scored: Iterable[Scored], measure: Measure, reach: tuple[float, float] = (0.0, np.inf)
) -> dict[str, float]:
    """Return source -> mean over its tables of the mean over their cases."""
    values = []
    for each in scored:
        some = each.within(*reach)
        value = measure(each, some) if some.any() else float("nan")
        if np.isfinite(value):
            values.append((each.by, each.table, value))
    return _balanced(values)


def _balanced(values: Iterable[tuple[str, str, float]]) -> dict[str, float]:
    """Return source -> mean over tables of the mean over cases, from (source, table, value) of every case."""
    cases: dict[str, dict[str, list[float]]] = {}
    for by, table, value in values:
        cases.setdefault(by, {}).setdefault(table, []).append(value)
    return {by: float(np.mean([np.mean(own) for own in tables.values()])) for by, tables in cases.items()}


def mean_over_sources(values: Mapping[str, float]) -> float:
    """Return the mean over sources; NaN without sources."""
    return float(np.mean(list(values.values()))) if values else float("nan")


def clustered(values: Mapping[str, float], level: float = 0.9) -> tuple[float, float]:
    """Return a bootstrap interval of the mean over sources, resampling whole sources."""
    each = np.array(list(values.values()))
    if len(each) < 2:
        return float("nan"), float("nan")
    drawn = np.random.default_rng(0).choice(each, (_RESAMPLES, len(each))).mean(axis=1)
    lo, hi = np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2])
    return float(lo), float(hi)


def best_constant(scored: Sequence[Scored], level: float, *, geometric: bool = False) -> float:
    """Return the constant relative half width with the best interval score over these sources.

    Args:
        scored: forecasts; their own intervals are ignored.
        level: probability of the interval.
        geometric: average the scores' logs, which is not a proper score and favours narrow intervals.
    """
    misses = [(each.by, each.table, np.abs(np.log(each.measured / each.band.mean))) for each in scored]
    tried = np.geomspace(1e-3, 1.0, 61)

    def score(miss: Array, width: float) -> float:
        mean = np.mean(2 * width + 2 / (1 - level) * np.maximum(miss - width, 0))
        return float(np.log(mean) if geometric else mean)

    worth = [
        mean_over_sources(_balanced((by, table, score(miss, width)) for by, table, miss in misses)) for width in tried
    ]
    return float(tried[np.argmin(worth)])
