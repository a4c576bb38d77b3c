"""Budgets for a score: the smallest that reaches it with a probability, and what more compute buys."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from scalelaw.core.errors import BadInput
from scalelaw.core.nouns.brief import Brief
from scalelaw.core.nouns.tabular import Columns, Tabular, columns_of
from scalelaw.core.numbers import format_number
from scalelaw.core.rendering import Lines, Renderable, Report, Table
from scalelaw.core.types import Array
from scalelaw.forecasting.score_ensemble import ScoreEnsemble
from scalelaw.planning.efficient_line import frontier

FARTHEST = 150.0
"""Compute over the largest fitted run up to which intervals of scores were calibrated."""
GAINS = (2.0, 10.0)
"""Multiples of the largest run whose gain is shown."""
_GRID = 241
_BELOW = 100.0


@dataclass(frozen=True)
class ExpectedScore(Brief):
    """The forecast score of one run.

    Attributes:
        point: quantity -> value.
        reach: compute over the largest fitted; NaN if unknown.
        score: forecast.
        lo: lower end of the interval.
        hi: upper end.
        probability: probability of the score that was asked for; None without one.
    """

    point: Mapping[str, float]
    reach: float
    score: float
    lo: float
    hi: float
    probability: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        shown: dict[str, Any] = {"point": dict(self.point), "reach": self.reach, "score": self.score,
                                 "lo": self.lo, "hi": self.hi}  # fmt: skip
        return shown if self.probability is None else {**shown, "probability": self.probability}


@dataclass(frozen=True, eq=False)
class ScorePlan(Renderable, Tabular):
    """The smallest budget that reaches a score, and what more compute buys.

    Attributes:
        forecaster: the forecaster of the score.
        score: score to reach.
        probability: probability to reach it with.
        level: probability of the intervals.
        best: the smallest budget that reaches it; None if none within ``FARTHEST`` does.
        most: highest probability within ``FARTHEST``.
        gains: forecast at the largest run and at multiples of it.
    """

    forecaster: ScoreEnsemble
    score: float
    probability: float
    level: float
    best: ExpectedScore | None
    most: float
    gains: tuple[ExpectedScore, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return plain values: the contract of ``scalelaw plan --score --json``."""
        return {
            "schema": "scalelaw.score-plan/1",
            "target": self.forecaster.target,
            "score": self.score,
            "probability": self.probability,
            "level": self.level,
            "best": None if self.best is None else self.best.to_dict(),
            "most_probability": self.most,
            "gains": [each.to_dict() for each in self.gains],
            "forecaster": self.forecaster.to_dict(),
        }

    def to_columns(self) -> Columns:
        """Return one row per run: the answer, then the gains."""
        rows = [each for each in (self.best, *self.gains) if each is not None]
        return columns_of({**each.point, "reach": each.reach, "score": each.score, "lo": each.lo, "hi": each.hi}
                          for each in rows)  # fmt: skip

    def report(self) -> Report:
        """Return the answer in words, the gains, and the forms."""
        asked = f"{self.forecaster.target} of {self.score:.3g} with probability {self.probability:g}"
        if self.best is None:
            answer = (
                f"no budget up to {FARTHEST:g} times the largest run reaches it: its probability is at most "
                f"{self.most:.2f}, and this method was tested on no larger runs"
            )
        else:
            size = ", ".join(f"{name} {format_number(value, 3)}" for name, value in self.best.point.items())
            answer = f"{size}: {self.best.reach:.3g} times the largest run"
            if self.best.reach <= 1:
                answer += ", so runs of the table already reach it"
        rows = [["compute over largest", self.forecaster.target, f"{100 * self.level:g} % interval", "P(reached)"]]
        for each in (*self.gains, *([self.best] if self.best else [])):
            chance = "-" if each.probability is None else f"{each.probability:.2f}"
            rows.append([f"{each.reach:.3g}x", f"{each.score:.3f}", f"{each.lo:.3f} to {each.hi:.3f}", chance])
        own = self.forecaster.report()
        lines = Lines([("smallest", answer)], width=0)
        return Report(f"smallest budget for {asked}", [lines, Table(rows, right=(0, 1, 3)), *own.parts])


def points_of(forecaster: ScoreEnsemble, flops: Sequence[float] | Array) -> dict[str, Array]:
    """Return the run of each budget: split by the forecast of the loss, else at the ratio of the largest run.

    Args:
        forecaster: of a score.
        flops: budgets in FLOP, (n,).

    Raises:
        BadInput: the forecaster does not take compute, nor sizes and tokens.
    """
    budgets = np.atleast_1d(np.asarray(flops, float))
    if "flops" in forecaster.inputs:
        return {"flops": budgets}
    if forecaster.counting is None:
        raise BadInput(
            f"{forecaster.label} takes {', '.join(forecaster.inputs)}, not compute; forecast a point of them instead"
        )
    kind = forecaster.inputs[0]
    if forecaster.loss is not None and forecaster.loss.deciding:
        try:
            line = frontier(forecaster.loss, budgets)
        except BadInput:
            line = None
        if line is not None and np.isfinite(line.params).all():
            return {kind: line.params, "tokens": line.tokens, "flops": budgets}
    columns, largest = forecaster.observed.columns, forecaster.largest_row
    ratio = float(columns["tokens"][largest] / columns[kind][largest])
    params, tokens = forecaster.counting.split(budgets, ratio)
    return {kind: params, "tokens": tokens, "flops": budgets}


def plan_score(forecaster: ScoreEnsemble, score: float, *, probability: float = 0.9, level: float = 0.9) -> ScorePlan:
    """Find the smallest budget that reaches a score with a probability.

    Args:
        forecaster: what ``forecast(runs, target="score@...")`` returns.
        score: score to reach, a fraction above chance and below one.
        probability: probability to reach it with, in (0, 1).
        level: probability of the intervals, in (0, 1).

    Raises:
        BadInput: a score at or below chance, or not below one; a probability outside (0, 1).
    """
    if not forecaster.chance < score < 1:
        raise BadInput(
            f"a score of {score:g} cannot be planned for: give one above chance, {forecaster.chance:.4g}, and below 1"
        )
    if not 0 < probability < 1:
        raise BadInput(f"probability must lie strictly between 0 and 1, got {probability:g}; 0.9 is usual")
    budgets = forecaster.largest * np.geomspace(1 / _BELOW, FARTHEST, _GRID)
    found = points_of(forecaster, budgets)
    reached = forecaster.probability(found, score)
    first = np.flatnonzero(reached >= probability)[:1]
    smallest = {name: values[first] for name, values in found.items()}
    best = _expected(forecaster, smallest, level, score)[0] if len(first) else None
    gains = points_of(forecaster, forecaster.largest * np.array([1.0, *GAINS]))
    shown = _expected(forecaster, gains, level, score)
    return ScorePlan(forecaster, score, probability, level, best, float(reached.max()), shown)


def prune(forecaster: ScoreEnsemble, grid: Mapping[str, Array], score: float, *, probability: float = 0.05) -> Array:
    """Return which configurations of a grid can still reach a score, (n,): the others are not worth a run.

    Args:
        forecaster: of a score.
        grid: quantity -> values of the configurations, each (n,); the inputs of the forecaster.
        score: score to reach.
        probability: configurations that reach it with less than this probability are pruned.
    """
    x = {name: np.asarray(values, float) for name, values in grid.items()}
    return np.asarray(forecaster.probability(x, score) >= probability)


def _expected(
    forecaster: ScoreEnsemble, points: Mapping[str, Array], level: float, score: float
) -> tuple[ExpectedScore, ...]:
    """Return the forecast of each run."""
    seen, reached = forecaster.predict(points, level), forecaster.probability(points, score)
    assert seen.lo is not None and seen.hi is not None
    reach = np.asarray(points.get("flops", np.full(len(reached), np.nan))) / forecaster.largest
    values = zip(reach, seen.mean, seen.lo, seen.hi, reached, strict=True)
    return tuple(
        ExpectedScore({name: float(each[i]) for name, each in points.items()}, *map(float, value))
        for i, value in enumerate(values)
    )
