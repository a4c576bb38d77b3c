"""Profile likelihood: refit with one coefficient, or one prediction, held at other values."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from scalelaw.core.errors import BadInput
from scalelaw.core.nouns.brief import Brief
from scalelaw.core.nouns.tabular import Columns, Tabular
from scalelaw.core.types import Array
from scalelaw.fitting.solver.coordinates import Coordinates, Restrictions
from scalelaw.fitting.solver.noise import huber
from scalelaw.fitting.solver.solve import Problem, solve
from scalelaw.fitting.uncertainty.fitted_problem import FittedProblem
from scalelaw.fitting.uncertainty.laplace import expected
from scalelaw.fitting.uncertainty.residual_model import errors

_DOUBLINGS = 12
_HALVINGS = 14
_PINNED = 1e6
_FINE = 1e-4

At = Callable[[float, Array], tuple[float, Array]]
"""Held value, starting coefficients -> objective of the runs, refitted coefficients."""


@dataclass(frozen=True, eq=False)
class LikelihoodProfile(Brief, Tabular):
    """The profile of one number.

    Attributes:
        name: the coefficient, or ``prediction``.
        best: its value at the optimum.
        values: the held values, ascending, (m,).
        ratio: likelihood ratio statistic at each, 0 at the optimum, (m,).
        lo: lower end of the interval; None if the runs give no lower end.
        hi: upper end of the interval; None if the runs give no upper end.
        level: level of the interval.
    """

    name: str
    best: float
    values: Array
    ratio: Array
    lo: float | None
    hi: float | None
    level: float

    def to_columns(self) -> Columns:
        """Return one row per value: the value, and the likelihood ratio statistic there."""
        return {self.name: self.values, "ratio": self.ratio}

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {
            "schema": "scalelaw.profile/1",
            "name": self.name,
            "value": self.best,
            "lo": self.lo,
            "hi": self.hi,
            "level": self.level,
            "values": self.values.tolist(),
            "ratio": self.ratio.tolist(),
        }

    def __str__(self) -> str:
        ends = ["unbounded" if end is None else f"{end:.5g}" for end in (self.lo, self.hi)]
        return f"{self.name} {self.best:.5g}, {100 * self.level:g} % profile interval {ends[0]} to {ends[1]}"


def profile_coefficient(
    sample: FittedProblem, name: str, restrictions: Restrictions, level: float
) -> LikelihoodProfile:
    """Return the profile of a coefficient.

    The interval holds the values at which 2 (Q(value) - Q) E[psi'] / E[psi^2] stays below the quantile of
    F(1, n - k); under least squares E[psi^2] / E[psi'] is s^2 and, for a law linear in its coefficients, the
    interval is the exact one (Bates & Watts 1988, sec. 6.1; for Huber's loss Heritier & Ronchetti 1994).

    Args:
        sample: a fitted problem whose rows are independent with equal noise.
        name: a fitted coefficient that no other is tied to.
        restrictions: fixed, tied and bounded coefficients of the fit.
        level: level of the interval.

    Raises:
        BadInput: no such free coefficient, or rows that share a run.
    """
    law = sample.problem.coordinates.law
    names = law.coef_names
    restrictions.check(law)
    taken = {*restrictions.fixed, *restrictions.ties, *restrictions.ties.values()}
    if name not in names or name in taken:
        free = ", ".join(other for other in names if other not in taken)
        raise BadInput(f"profile({name!r}) needs a free coefficient to which no other is tied; use one of {free}")
    bounds = {other: ends for other, ends in restrictions.bounds.items() if other != name}
    index = names.index(name)

    def at(value: float, start: Array) -> tuple[float, Array]:
        held = Restrictions({**restrictions.fixed, name: value}, restrictions.ties, bounds)
        coordinates = Coordinates(law, sample.problem.x, held)
        moved = np.array(start)
        moved[index] = value
        problem = replace(sample.problem, coordinates=coordinates)
        if not coordinates.free:
            return _objective(problem, moved, sample.weight), moved
        found = solve(problem, coordinates.coordinates(moved[None]), sample.weight, warm=True)
        coef = coordinates.coef(found.u)[0]
        return _objective(problem, coef, sample.weight), coef

    coef = sample.problem.coordinates.coef(sample.u[None])[0]
    low, high = sample.problem.coordinates.coef_low[index], sample.problem.coordinates.coef_high[index]
    return _profile(sample, at, (name, float(coef[index])), (float(low), float(high)), level)


def profile_prediction(sample: FittedProblem, x: Mapping[str, float], level: float) -> LikelihoodProfile:
    """Return the profile of the mean at one point, by adding a row there that forces the fit to each value.

    Args:
        sample: a fitted problem whose rows are independent with equal noise.
        x: quantity -> value of the point.
        level: level of the interval.

    Raises:
        BadInput: an input is missing, or rows share a run.
    """
    problem, law = sample.problem, sample.problem.coordinates.law
    if missing := [name for name in law.inputs if name not in x]:
        raise BadInput(f"profile(at=...) lacks {', '.join(missing)}; the law takes {', '.join(law.inputs)}")
    point = {name: np.array([float(x[name])]) for name in law.inputs}
    both = {name: np.append(problem.x[name], point[name]) for name in law.inputs}
    spread = None if problem.spread is None else np.append(problem.spread, 1.0)
    weight = np.append(sample.weight, _PINNED * sample.weight.sum())

    def at(value: float, start: Array) -> tuple[float, Array]:
        y = np.append(problem.y, problem.noise.scaled(np.array([value])))
        held = replace(problem, x=both, y=y, spread=spread)
        found = solve(held, problem.coordinates.coordinates(start[None]), weight)
        coef = problem.coordinates.coef(found.u)[0]
        return _objective(problem, coef, sample.weight), coef

    coef = problem.coordinates.coef(sample.u[None])[0]
    best = float(np.asarray(law.predict(coef, point))[0])
    ends = problem.noise.ends
    return _profile(sample, at, ("prediction", best), ends, level)


def _profile(
    sample: FittedProblem, at: At, best: tuple[str, float], ends: tuple[float, float], level: float
) -> LikelihoodProfile:
    """Walk from the optimum to both sides until the ratio passes its threshold, then bisect for the crossing."""
    from scipy.special import fdtri

    if sample.runs < len(sample.weight):
        raise BadInput("a profile needs independent rows, but some share a run; use intervals='laplace'")
    spare = max(len(sample.weight) - len(sample.u), 1)
    threshold = float(fdtri(1, spare, level))
    noise = errors(sample, trend=False)
    square, curvature = expected(noise, sample.problem.noise.threshold, sample.size[:1])
    scale = float(curvature[0, 0] / square[0, 0] / sample.weight.mean())
    coef = sample.problem.coordinates.coef(sample.u[None])[0]
    lowest = _objective(sample.problem, coef, sample.weight)
    visited = {best[1]: 0.0}

    def ratio(value: float, start: Array) -> tuple[float, Array]:
        objective, reached = at(value, start)
        visited[value] = max(2 * (objective - lowest) * scale, 0.0)
        return visited[value], reached

    found = [_end(ratio, best[1], end, coef, threshold) for end in ends]
    values = np.array(sorted(visited))
    return LikelihoodProfile(
        best[0], best[1], values, np.array([visited[v] for v in values]), found[0], found[1], level
    )


def _end(
    ratio: Callable[[float, Array], tuple[float, Array]], best: float, limit: float, coef: Array, threshold: float
) -> float | None:
    """Return the value at which the ratio passes the threshold on the way to a limit, or None if it never does."""
    side = 1.0 if limit > best else -1.0
    step, inside, start = 0.01 * abs(best) or 0.01, best, coef
    for _ in range(_DOUBLINGS):
        outside = min(best + step, limit) if side > 0 else max(best - step, limit)
        if not np.isfinite(outside) or outside == limit:
            outside = inside + 0.9 * (limit - inside)
        value, reached = ratio(outside, start)
        if value > threshold:
            break
        inside, start, step = outside, reached, 2 * step
    else:
        return None
    for _ in range(_HALVINGS):
        if abs(outside - inside) < _FINE * abs(best - outside):
            break
        middle = 0.5 * (inside + outside)
        value, reached = ratio(middle, start)
        if value > threshold:
            outside = middle
        else:
            inside, start = middle, reached
    return 0.5 * (inside + outside)


@np.errstate(all="ignore")
def _objective(problem: Problem, coef: Array, weight: Array) -> float:
    """Return the objective at coefficients (k,)."""
    value = np.asarray(problem.coordinates.law.predict(coef, problem.x))
    residual = problem.noise.residual(value, problem.y)[0]
    scaled = residual if problem.spread is None else residual / problem.spread
    return float(weight @ huber(scaled, problem.noise.threshold))
