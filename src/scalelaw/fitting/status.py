"""Whether an optimum can be trusted: do the starts agree, is it stationary, is it determined, is it at a bound.

code               grade  when
FIT_NOT_CERTIFIED  warn   any of these says no
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from scalelaw.core.types import AnyArray, Array
from scalelaw.fitting.solve import Problem, Solution

_AGREEMENT = 1e-6
_FEWEST_AGREEING = 3
_STATIONARY = 1e-6
_DETERMINED = 1e10
_PERFECT = 1e-24
_ZERO = 1e-28
_SMALL = 1e-3
_NO_EFFECT = 1e-9


@dataclass(frozen=True)
class FitStatus:
    """What is known of the optimum.

    Attributes:
        starts: fits started.
        agreeing: those that reached the best objective within 1e-6 of its value.
        decrement: decrease of the objective that a last Newton step promises, relative to it.
        condition: condition number of the curvature, each coordinate scaled to one.
        at_bounds: coefficients that rest on a bound.
        spare: rows beyond the number of coefficients fitted.
    """

    starts: int
    agreeing: int
    decrement: float
    condition: float
    at_bounds: tuple[str, ...] = ()
    spare: int = 1

    @property
    def doubts(self) -> tuple[str, ...]:
        """Why the optimum is not certified, with what to try; empty where it is."""
        doubts = []
        if self.agreeing < _FEWEST_AGREEING:
            more = max(4 * self.starts, 64)
            doubts.append(f"only {self.agreeing} of {self.starts} starts reached it; try starts={more}")
        if self.spare < 1:
            doubts.append("there are as many coefficients as rows, so that it fits whatever was measured")
        if not self.decrement < _STATIONARY:
            doubts.append(f"it is not stationary (a last step promises {self.decrement:.1g} of the objective)")
        if not self.condition < _DETERMINED:
            doubts.append(f"the rows do not determine every coefficient (condition {self.condition:.1g})")
        if self.at_bounds:
            doubts.append(f"{', '.join(self.at_bounds)} rest{'s' * (len(self.at_bounds) == 1)} on a bound")
        return tuple(doubts)

    @property
    def certified(self) -> bool:
        """Whether starts agree on a stationary, determined optimum inside the bounds."""
        return not self.doubts

    def __str__(self) -> str:
        agreeing = f"{self.agreeing} of {self.starts} starts agree"
        if self.certified:
            return f"certified: {agreeing}, condition {self.condition:.2g}"
        return f"not certified: {agreeing}; {'; '.join(self.doubts)}"

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {
            "certified": self.certified,
            "decrement": self.decrement,
            "condition": self.condition,
            "at_bounds": list(self.at_bounds),
            "spare": self.spare,
            "doubts": list(self.doubts),
        }


def assess(problem: Problem, solution: Solution, best: int, weight: Array) -> FitStatus:
    """Judge the best of the solutions.

    Args:
        problem: what was solved.
        solution: where the starts came to rest.
        best: index of the best one.
        weight: weights (n,).
    """
    u, objective, weight = solution.u[[best]], solution.objective[best], problem.weighed(weight)
    coordinates = problem.coordinates
    with np.errstate(all="ignore"):
        state = problem.evaluate(u)
        scale = 1 / problem.noise.stages[-1] if problem.noise.kind == "absolute" else 1.0
        gradient, curvature = state.normal_equations(weight[None], problem.noise.stages[-1])
        resting = _resting(coordinates.low, coordinates.high, u[0])
        free = ~resting
        promised = scale * _decrement(gradient[0][free], curvature[0][np.ix_(free, free)])
        decrement = promised / objective if objective > scale * _PERFECT else 0.0
        effects = (state.slopes[0] @ state.jacobian[0] * np.sqrt(weight))[free]
    names = [coordinates.law.coefs[i].name for i in coordinates.free]
    agreeing = int(np.sum(solution.objective <= objective * (1 + _AGREEMENT) + scale * _ZERO))
    at_bounds = tuple(name for name, rests in zip(names, resting, strict=True) if rests)
    condition, spare = _condition(effects, u[0][free]), len(problem.y) - len(names)
    return FitStatus(len(solution.u), agreeing, decrement, condition, at_bounds, spare)


def _resting(low: Array, high: Array, u: Array) -> AnyArray:
    """Return which coordinates rest on a bound."""
    return np.asarray((u <= low) | (u >= high))


def _decrement(gradient: Array, curvature: Array) -> float:
    """Return half of g' H^-1 g, the decrease a Newton step promises."""
    if not (np.all(np.isfinite(curvature)) and np.all(np.isfinite(gradient))):
        return float("inf")
    return float(0.5 * gradient @ np.linalg.lstsq(curvature, gradient, rcond=1e-14)[0])


def _condition(effects: Array, u: Array) -> float:
    """Return the condition number of the curvature, each coordinate scaled to one; infinite where one has no effect.

    Args:
        effects: derivative of every weighted residual by each coordinate (q, n).
        u: coordinates (q,). One that does nothing, such as F of A F / N^alpha, still has effects from rounding.
    """
    size = np.linalg.norm(effects, axis=1)
    felt = size * np.maximum(np.abs(u), _SMALL)
    if not np.all(np.isfinite(effects)) or np.any(felt <= _NO_EFFECT * felt.max(initial=0.0)):
        return float("inf")
    return float(np.linalg.cond(effects / size[:, None]) ** 2)
