"""Decisions scored against held-out profiles and simulated truths: coverage, interval score, error and regret."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from decisions.tables import Case, Truth
from scalelaw.core.errors import ScalelawError
from scalelaw.core.types import Array
from scalelaw.forecasting.calibration import shipped
from scalelaw.forecasting.forecast import forecast_observations
from scalelaw.planning.solve import plan

_NODES, _SHARES = np.polynomial.hermite_e.hermegauss(7)


@dataclass(frozen=True)
class Row:
    """One decision scored; errors and scores are of ln N*, the regret is relative to the least loss."""

    by: str
    table: str
    cut: int
    ratio: float
    design: str
    covered: float
    score: float
    missed: float
    regret: float


def decided(case: Case, cut: int, level: float) -> Iterator[Row]:
    """Yield the scored decisions of one case."""
    ensemble = forecast_observations(case.train, calibration=shipped())
    for truth in case.truths:
        answer = plan(ensemble, flops=truth.flops, level=level).params
        if answer.lo is None or answer.hi is None:
            continue
        yield _row(case, cut, truth, np.log([answer.lo, answer.value, answer.hi]), level)


def _row(case: Case, cut: int, truth: Truth, ends: Array, level: float) -> Row:
    lo, value, hi = ends
    best = truth.best + truth.error * _NODES
    share = _SHARES / _SHARES.sum()
    beyond = np.maximum(lo - best, 0) + np.maximum(best - hi, 0)
    return Row(
        case.by,
        case.table,
        cut,
        float(case.about.get("ratio", np.nan)),
        str(case.about.get("design", "")),
        float(share @ ((lo <= best) & (best <= hi))),
        float(hi - lo + 2 / (1 - level) * (share @ beyond)),
        float(value - truth.best),
        float(max(np.interp(value, truth.sizes, truth.losses) / truth.losses.min() - 1, 0)),
    )


class Means(NamedTuple):
    """What decisions score on average."""

    covered: float
    score: float
    missed: float
    regret: float

    def __str__(self) -> str:
        covered, score, missed, regret = self
        return f"coverage {covered:.2f}, interval score {score:.2f}, error {missed:.3f}, regret {regret:.3%}"


def means(rows: Sequence[Row]) -> Means:
    """Return means of budgets, then of cuts, of tables and of sources."""
    found = []
    for name in Means._fields:
        levels: Any = [((row.by, row.table, row.cut), abs(getattr(row, name))) for row in rows]
        for depth in (3, 2, 1, 0):
            groups: dict[tuple[Any, ...], list[float]] = {}
            for key, value in levels:
                groups.setdefault(key[:depth], []).append(value)
            levels = [(key, float(np.mean(values))) for key, values in groups.items()]
        found.append(levels[0][1])
    return Means(*found)


def scored(cases: Iterable[Case], level: float) -> list[Row]:
    """Return the scored decisions of all cases; one that cannot be decided is named."""
    rows: list[Row] = []
    for cut, case in enumerate(cases):
        try:
            rows += decided(case, cut, level)
        except ScalelawError as error:
            print(f"  {case.table}: {error}")
    return rows


def bias(rows: Sequence[Row], low: float, high: float) -> float:
    """Return the mean error of ln N*, with its sign, where the best ratio lies in a range; NaN where none does."""
    off = [row.missed for row in rows if low <= row.ratio <= high]
    return float(np.mean(off)) if off else float("nan")
