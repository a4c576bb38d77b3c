"""Forecasts of larger runs, at given points or along the forecaster's compute-optimal line."""

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
"""Default multiples of the largest fitted value."""


@dataclass(frozen=True)
class Expected(Brief):
    """The forecast of one run.

    Attributes:
        point: quantity -> value.
        reach: quantity -> value over the largest fitted.
        mean: forecast.
        lo: lower end of the interval; None if the uncertainty is unknown.
        hi: upper end, or None.
        level: probability of the interval.
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
    """Forecasts of larger runs.

    Attributes:
        forecaster: the forecaster.
        runs: forecast of each run.
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
        """Return one row per run."""
        records = [each.to_dict() for each in self.runs]
        return columns_of({**each["point"], "forecast": each["forecast"], "reach": each["reach"]} for each in records)

    def report(self) -> Report:
        """Return one row per run, then the forecaster's report."""
        names = list(self.runs[0].point)
        level = self.runs[0].level
        rows = [[*names, "reach", self.forecaster.target, f"{100 * level:g} % interval"]]
        for each in self.runs:
            furthest = max(each.reach.values(), default=1.0)
            band = "-" if each.lo is None or each.hi is None else f"{each.lo:.4g} to {each.hi:.4g}"
            values = [format_number(value, 4) for value in each.point.values()]
            rows.append([*values, f"{furthest:.3g}x", f"{each.mean:.4g}", band])
        table = Table(rows, right=range(len(names) + 2))
        if not isinstance(self.forecaster, Renderable):
            return Report(f"{self.forecaster.label}: {self.forecaster.target} of larger runs", [table])
        own = self.forecaster.report()
        return Report(own.title, [table, *own.parts])


def predict_larger(
    forecaster: Forecaster,
    *,
    at: Mapping[str, float | str] | None = None,
    flops: float | str | Sequence[float] | None = None,
    level: float = 0.9,
    kind: Kind = "new_run",
    prior: Prior = "literature",
) -> LargerRuns:
    """Forecast larger runs.

    Args:
        forecaster: forecasts one target.
        at: value of each of the forecaster's inputs, such as ``params`` and ``tokens``, for one run.
        flops: budgets in FLOP, each spent compute-optimally; by default 3, 10 and 30 times the largest fitted.
        level: probability of the intervals.
        kind: ``new_run`` for intervals that include run noise, ``mean`` for ones that do not.
        prior: whether published studies contribute to the split of budgets, see ``plan``.

    Raises:
        BadInput: a point with missing or extra inputs, or both a point and budgets.

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
                f"{forecaster.label} needs {' and '.join(forecaster.inputs)}, or only flops for its best split; "
                f"got {', '.join([*at, *(['flops'] if flops is not None else [])])}"
            )
        points = [{name: parse_number(value) for name, value in at.items()}]
    else:
        points = _along(forecaster, flops, prior)
    x = {name: np.array([each[name] for each in points]) for name in forecaster.inputs}
    predicted = forecaster.predict(x, level, kind)
    runs = []
    for i, each in enumerate(points):
        lo, hi = (None if ends is None else float(ends[i]) for ends in (predicted.lo, predicted.hi))
        runs.append(Expected(each, reach(each, forecaster.domain), float(predicted.mean[i]), lo, hi, level))
    return LargerRuns(forecaster, tuple(runs))


def _along(forecaster: Forecaster, flops: float | str | Sequence[float] | None, prior: Prior) -> list[dict[str, float]]:
    """Return the compute-optimal point of each budget, or multiples of the input of a forecaster without a split."""
    kinds = [name for name in forecaster.inputs if name in COUNTINGS]
    splits = bool(kinds) and "tokens" in forecaster.inputs
    axis = "flops" if splits else forecaster.inputs[0]
    if axis != "flops" and flops is not None and forecaster.inputs != ("flops",):
        raise BadInput(
            f"{forecaster.label} takes {', '.join(forecaster.inputs)}, not flops; give {forecaster.inputs[0]}="
        )
    if flops is None:
        if axis not in forecaster.domain:
            raise BadInput(f"{forecaster.label} has no known fitted range; give a point or flops=")
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
