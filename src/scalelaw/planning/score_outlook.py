"""Forecast scores of larger runs: one row a score, one column a budget.

code         grade  when
SCORE_REACH  warn   a run is farther beyond the largest fitted than intervals of scores were tested at
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from scalelaw.core.errors import BadInput
from scalelaw.core.findings import Finding, Grade
from scalelaw.core.nouns.brief import Brief
from scalelaw.core.nouns.tabular import Columns, Tabular, columns_of
from scalelaw.core.numbers import format_number, parse_number
from scalelaw.core.rendering import Lines, Renderable, Report, Table
from scalelaw.forecasting.score_ensemble import ScoreEnsemble
from scalelaw.forecasting.score_table import ScoreForecasts
from scalelaw.planning.larger_runs import BEYOND
from scalelaw.planning.score_plan import FARTHEST, points_of

_SHOWN = 2
"""Doubts printed; the JSON has all."""


@dataclass(frozen=True, eq=False)
class ScoreOutlook(Renderable, Tabular, Brief):
    """Forecasts of scores at some runs.

    Attributes:
        forecasts: the forecasters.
        points: the runs, quantity -> value.
        reach: compute of each run over the largest fitted; NaN if unknown.
        rows: target -> forecast at each run: score, lower and upper end.
        level: probability of the intervals.
        command: how the table was named on the command line, for the next command.
    """

    forecasts: ScoreForecasts
    points: tuple[Mapping[str, float], ...]
    reach: tuple[float, ...]
    rows: Mapping[str, tuple[tuple[float, float, float], ...]]
    level: float
    command: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return plain values: the contract of ``scalelaw forecast --target score --json``."""
        return {
            "schema": "scalelaw.score-outlook/1",
            "runs": [
                {"point": dict(point), "reach": reach} for point, reach in zip(self.points, self.reach, strict=True)
            ],
            "level": self.level,
            "scores": {target: [{"score": mean, "lo": lo, "hi": hi} for mean, lo, hi in row]
                       for target, row in self.rows.items()},
            "doubts": [each.to_dict() for each in self.doubts],
            **{name: value for name, value in self.forecasts.to_dict().items() if name != "schema"},
        }  # fmt: skip

    def to_columns(self) -> Columns:
        """Return one row per score and run."""
        return columns_of(
            {"target": target, **point, "reach": reach, "score": mean, "lo": lo, "hi": hi}
            for target, row in self.rows.items()
            for point, reach, (mean, lo, hi) in zip(self.points, self.reach, row, strict=True)
        )

    @property
    def doubts(self) -> tuple[Finding, ...]:
        """Doubts about the scores, each once, with those about reach first."""
        far = [reach for reach in self.reach if reach > FARTHEST]
        beyond = (
            (Finding("SCORE_REACH", Grade.WARN, f"{max(far):.3g} times the largest run is farther than the "
                     f"{FARTHEST:g} times that intervals of scores were tested at", 0, "train larger runs first"),)
            if far else ()
        )  # fmt: skip
        each = {(found.code, found.message): found for one in self.forecasts.all.values() for found in one.findings
                if found.grade is Grade.WARN}  # fmt: skip
        return (*beyond, *each.values())

    def report(self) -> Report:
        """Return the first score in words, then all as a table."""
        target, forecaster = next(iter(self.forecasts.all.items()))
        mean, lo, hi = self.rows[target][0]
        point = ", ".join(f"{name} {format_number(value, 3)}" for name, value in self.points[0].items())
        known = forecaster.calibration
        items = "" if forecaster.items is None else f" on {format_number(forecaster.items, 4)} items"
        doubts = [str(found) for found in self.doubts[:_SHOWN]] or ["none found"]
        lines = [
            ("expect", f"{target} of {mean:.3f}{items}, {100 * self.level:g} % interval {lo:.3f} to {hi:.3f}"),
            ("with", f"{point}" + ("" if np.isnan(self.reach[0]) else f": {self.reach[0]:.3g} times the largest run")),
            ("tested", f"on the larger of the fitted runs: off by {forecaster.error:.3f} on average; intervals "
                       f"calibrated on {known.cases} forecasts of larger runs by {len(known.sources)} sources"),
            *(("doubt", text) for text in doubts),
            *(("no forecast", f"{name}: {why}") for name, why in self.forecasts.refused.items()),
            ("next", self._next(target, mean)),
        ]  # fmt: skip
        head = [
            "",
            "largest run",
            *(_named(point, reach) for point, reach in zip(self.points, self.reach, strict=True)),
        ]
        table = [head]
        for name, row in self.rows.items():
            now = f"{self.forecasts.all[name].largest_score:.3f}"
            table.append([name, now, *(f"{value:.3f} ({low:.3f} to {high:.3f})" for value, low, high in row)])
        own = forecaster.report()
        shown = Table(table, right=range(1, len(head)))
        forms = Lines([("forms", own.title)], width=0)
        return Report(f"{target} of larger runs", [Lines(lines, width=0), shown, forms, *own.parts])

    def _next(self, target: str, mean: float) -> str:
        name = target.partition("@")[2] or target
        return f"scalelaw plan {self.command or 'FILE'} --score {name}={mean:.2g} --probability 0.9"


def score_outlook(
    forecasts: ScoreForecasts | ScoreEnsemble,
    *,
    at: Mapping[str, float | str] | None = None,
    flops: float | str | Sequence[float] | None = None,
    level: float = 0.9,
    command: str = "",
) -> ScoreOutlook:
    """Forecast scores at one run, or at budgets split by the forecast of the loss.

    Args:
        forecasts: of one score or several.
        at: value of each input of the forecasters, such as ``params`` and ``tokens``, for one run.
        flops: budgets in FLOP; by default 3, 10 and 30 times the largest run.
        level: probability of the intervals.
        command: how the table was named on the command line.

    Raises:
        BadInput: a point with missing inputs, or both a point and budgets.
    """
    if isinstance(forecasts, ScoreEnsemble):
        forecasts = ScoreForecasts({forecasts.target: forecasts}, None)
    first = next(iter(forecasts.all.values()))
    if at is not None:
        if flops is not None:
            raise BadInput("give a point or flops, not both")
        points = {name: np.array([parse_number(value)]) for name, value in at.items()}
        if first.counting is not None and set(first.inputs) <= set(points) and "flops" not in points:
            points["flops"] = first.counting.flops(*(points[name] for name in first.inputs))
    else:
        points = points_of(first, _budgets(first, flops))
    rows = {}
    for target, forecaster in forecasts.all.items():
        seen = forecaster.predict(points, level)
        assert seen.lo is not None and seen.hi is not None
        rows[target] = tuple(zip(seen.mean.tolist(), seen.lo.tolist(), seen.hi.tolist(), strict=True))
    n = len(next(iter(points.values())))
    each = tuple({name: float(values[i]) for name, values in points.items()} for i in range(n))
    reach = tuple(point["flops"] / first.largest if "flops" in point else float("nan") for point in each)
    return ScoreOutlook(forecasts, each, reach, rows, level, command)


def _budgets(forecaster: ScoreEnsemble, flops: float | str | Sequence[float] | None) -> list[float]:
    if flops is None:
        if np.isnan(forecaster.largest):
            raise BadInput("the compute of the runs is unknown, so give a point with at= (CLI: --params and --tokens)")
        return [times * forecaster.largest for times in BEYOND]
    return [parse_number(flops)] if isinstance(flops, str | float | int) else [float(each) for each in flops]


def _named(point: Mapping[str, float], reach: float) -> str:
    return (
        ", ".join(format_number(value, 3) for value in point.values()) if np.isnan(reach) else f"{reach:.3g}x compute"
    )
