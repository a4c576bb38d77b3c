"""The view ahead: what a forecaster expects of larger runs, at points asked for or along its own optimum."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from scalelaw.accounting.flops import COUNTINGS
from scalelaw.core.errors import BadInput
from scalelaw.core.forecaster import Forecaster, Kind, reach
from scalelaw.core.nouns.brief import Brief
from scalelaw.core.nouns.tabular import Columns, Tabular, columns_of
from scalelaw.core.numbers import format_number, parse_number
from scalelaw.core.rendering import Renderable, Report, Table
from scalelaw.planning.question import Prior
from scalelaw.planning.solve import plan

BEYOND = (3.0, 10.0, 30.0)
"""Multiples of the largest fitted value that are looked at where nothing is asked for."""


@dataclass(frozen=True)
class Expected(Brief):
    """What is expected of one run.

    Attributes:
        point: quantity -> value.
        reach: quantity -> value over the largest fitted.
        mean: forecast.
        lo: lower end of the interval, or None where the spread is unknown.
        hi: upper end, or None.
        level: of the interval.
    """

    point: Mapping[str, float]
    reach: Mapping[str, float]
    mean: float
    lo: float | None
    hi: float | None
    level: float

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {
            "point": dict(self.point),
            "reach": dict(self.reach),
            "forecast": {"value": self.mean, "lo": self.lo, "hi": self.hi, "level": self.level},
        }


@dataclass(frozen=True, eq=False)
class LargerRuns(Renderable, Tabular):
    """What a forecaster expects of larger runs.

    Attributes:
        forecaster: who expects it.
        runs: what is expected of each.
    """

    forecaster: Forecaster
    runs: tuple[Expected, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return plain values: the contract of ``scalelaw forecast --json``."""
        shown: dict[str, Any] = getattr(self.forecaster, "to_dict", dict)()
        return {
            "schema": "scalelaw.ahead/1",
            "target": self.forecaster.target,
            "forecaster": {"label": self.forecaster.label, "digest": self.forecaster.digest},
            "runs": [each.to_dict() for each in self.runs],
            "mixture": {name: value for name, value in shown.items() if name != "schema"},
        }

    def to_columns(self) -> Columns:
        """Return one row a run."""
        return columns_of(each.to_dict() for each in self.runs)

    def sheet(self) -> Report:
        """Return one line a run, below what the forecaster says of itself."""
        names = list(self.runs[0].point)
        level = self.runs[0].level
        rows = [[*names, "reach", self.forecaster.target, f"{100 * level:g} % interval"]]
        for each in self.runs:
            furthest = max(each.reach.values(), default=1.0)
            band = "-" if each.lo is None or each.hi is None else f"{each.lo:.4g} to {each.hi:.4g}"
            values = [format_number(value, 4) for value in each.point.values()]
            rows.append([*values, f"{furthest:.3g}x", f"{each.mean:.4g}", band])
        predict_larger = Table(rows, right=range(len(names) + 2))
        if not isinstance(self.forecaster, Renderable):
            return Report(f"{self.forecaster.label}: {self.forecaster.target} ahead", [predict_larger])
        own = self.forecaster.sheet()
        return Report(own.title, [predict_larger, *own.parts])


def predict_larger(
    forecaster: Forecaster,
    *,
    at: Mapping[str, float | str] | None = None,
    flops: float | str | Sequence[float] | None = None,
    level: float = 0.9,
    kind: Kind = "new_run",
    prior: Prior = "literature",
) -> LargerRuns:
    """Return what a forecaster expects of larger runs.

    Args:
        forecaster: of one target.
        at: the forecaster's inputs, such as ``params`` and ``tokens``, for one run as it is asked for.
        flops: budgets in FLOP, each spent compute-optimally; 3, 10 and 30 times the largest fitted where nothing is
            asked for.
        level: of the intervals.
        kind: whether they are for a ``new_run`` or for the ``mean``.
        prior: whether published studies share in how budgets are spent, see ``plan``.

    Raises:
        BadInput: a point that lacks an input, has one too many, or stands beside budgets.

    Example:
        >>> import scalelaw as sl
        >>> ensemble = sl.forecast(sl.datasets.load("synthetic-ladder"))
        >>> seen = predict_larger(ensemble, at={"params": "10B", "tokens": "200B"})
        >>> len(seen.runs), seen.runs[0].lo < seen.runs[0].mean
        (1, True)
    """
    if at:
        if set(forecaster.inputs) != set(at) or flops is not None:
            raise BadInput(
                f"{forecaster.label} forecasts at {' and '.join(forecaster.inputs)}, or along its optimum at flops; "
                f"got {', '.join([*at, *(['flops'] if flops is not None else [])])}"
            )
        points = [{name: parse_number(value) for name, value in at.items()}]
    else:
        points = _along(forecaster, flops, prior)
    x = {name: np.array([each[name] for each in points]) for name in forecaster.inputs}
    told = forecaster.predict(x, level, kind)
    runs = []
    for i, each in enumerate(points):
        lo, hi = (None, None) if told.lo is None or told.hi is None else (float(told.lo[i]), float(told.hi[i]))
        runs.append(Expected(each, reach(each, forecaster.domain), float(told.mean[i]), lo, hi, level))
    return LargerRuns(forecaster, tuple(runs))


def _along(forecaster: Forecaster, flops: float | str | Sequence[float] | None, prior: Prior) -> list[dict[str, float]]:
    """Return the points that budgets are best spent at, or multiples of the one input where there is no split."""
    kinds = [name for name in forecaster.inputs if name in COUNTINGS]
    splits = bool(kinds) and "tokens" in forecaster.inputs
    axis = "flops" if splits else forecaster.inputs[0]
    if axis != "flops" and flops is not None and forecaster.inputs != ("flops",):
        raise BadInput(f"{forecaster.label} takes {', '.join(forecaster.inputs)}; ask at {forecaster.inputs[0]}=")
    if flops is None:
        if axis not in forecaster.domain:
            raise BadInput(f"{forecaster.label} does not say what it was fitted to; ask at a point or at flops=")
        budgets = [times * forecaster.domain[axis][1] for times in BEYOND]
    else:
        budgets = [parse_number(flops)] if isinstance(flops, str | float | int) else [float(each) for each in flops]
    if not splits:
        return [{axis: budget} for budget in budgets]
    found = []
    for budget in budgets:
        best = plan(forecaster, flops=budget, prior=prior)
        found.append({kinds[0]: best.params.value, "tokens": best.tokens.value, "flops": budget})
    return found
