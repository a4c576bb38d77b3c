"""Check an optimum: do the starts agree, is it stationary, do the rows determine it, is it at a bound.

code               grade  when
FIT_NOT_CERTIFIED  warn   any of these checks fails

A converged search found the lowest objective; the runs may still not determine every coefficient.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from scalelaw.core.nouns.brief import Brief
from scalelaw.core.types import AnyArray, Array
from scalelaw.fitting.solver.solve import Problem, Solution

_AGREEMENT = 1e-6
_FEWEST_AGREEING = 3
_STATIONARY = 1e-6
_DETERMINED = 1e10
_PERFECT = 1e-24
_ZERO = 1e-28
_SMALL = 1e-3
_TINY = 1e-300
_NO_EFFECT = 1e-9
_MOVED = 0.03
"""A coefficient is part of an undetermined direction from this share of the largest relative change."""


@dataclass(frozen=True)
class FitStatus(Brief):
    """Convergence and conditioning of the optimum.

    Attributes:
        starts: number of starts.
        agreeing: number of starts within a relative 1e-6 of the best objective.
        decrement: predicted decrease of the objective by one more Newton step, as a share of the objective.
        condition: condition number of the curvature, each coordinate scaled to one.
        at_bounds: coefficients at a bound.
        spare: number of rows less number of fitted coefficients.
        undetermined: coefficients that can change together without changing any prediction at the rows.
    """

    starts: int
    agreeing: int
    decrement: float
    condition: float
    at_bounds: tuple[str, ...] = ()
    spare: int = 1
    undetermined: tuple[str, ...] = ()

    @property
    def doubts(self) -> tuple[str, ...]:
        """Reasons to doubt the optimum, with a remedy if known; empty for a sound optimum."""
        return (*self._of_search(), *self._of_rows())

    def _of_search(self) -> tuple[str, ...]:
        """Return why the search may not have found the lowest objective."""
        doubts = []
        if self.agreeing < _FEWEST_AGREEING:
            more = max(4 * self.starts, 64)
            doubts.append(f"only {self.agreeing} of {self.starts} starts reached it; try starts={more}")
        if not self.decrement < _STATIONARY:
            doubts.append(f"it is not stationary (one more step would gain {self.decrement:.1g} of the objective)")
        return tuple(doubts)

    def _of_rows(self) -> tuple[str, ...]:
        """Return why the coefficients may be wrong although the search converged."""
        doubts = []
        if self.spare < 1:
            doubts.append("there are as many coefficients as rows, so the fit passes through any values")
        if not self.condition < _DETERMINED:
            which = ", ".join(self.undetermined) if self.undetermined else "every coefficient"
            doubts.append(f"the rows do not determine {which} (condition {self.condition:.1g})")
        if self.at_bounds:
            doubts.append(f"{', '.join(self.at_bounds)} {'is' if len(self.at_bounds) == 1 else 'are'} at a bound")
        return tuple(doubts)

    @property
    def converged(self) -> bool:
        """Whether the starts agree on a stationary point, so that the search found the lowest objective."""
        return not self._of_search()

    @property
    def certified(self) -> bool:
        """Whether the search converged to a point that the rows determine and that is not at a bound."""
        return not self.doubts

    @property
    def caveats(self) -> tuple[str, ...]:
        """Each doubt as a separate sentence."""
        search = (f"the search for the optimum did not converge: {doubt}" for doubt in self._of_search())
        return (*search, *(f"the optimum is in doubt: {doubt}" for doubt in self._of_rows()))

    def __str__(self) -> str:
        found = "converged" if self.converged else "not converged"
        return "; ".join((f"search {found}: {self.agreeing} of {self.starts} starts agree", *self.doubts))

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {
            "certified": self.certified,
            "converged": self.converged,
            "decrement": self.decrement,
            "condition": self.condition,
            "at_bounds": list(self.at_bounds),
            "spare": self.spare,
            "undetermined": list(self.undetermined),
            "doubts": list(self.doubts),
        }


def assess(problem: Problem, solution: Solution, best: int, weight: Array) -> FitStatus:
    """Judge the best of the solutions.

    Args:
        problem: what was solved.
        solution: the optimum of each start.
        best: index of the best start.
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
    condition, lost = _condition(effects, u[0][free])
    with np.errstate(all="ignore"):
        moved = np.abs(lost @ state.slopes[0][free]) / np.maximum(np.abs(coordinates.coef(u)[0]), _TINY)
    named = (moved > _MOVED * moved.max(axis=1, initial=0.0, keepdims=True)).any(axis=0)
    undetermined = tuple(coef.name for coef, open_ in zip(coordinates.law.coefs, named, strict=True) if open_)
    spare = len(problem.y) - len(names)
    return FitStatus(len(solution.u), agreeing, decrement, condition, at_bounds, spare, undetermined)


def _resting(low: Array, high: Array, u: Array) -> AnyArray:
    """Return a mask of the coordinates at a bound."""
    return np.asarray((u <= low) | (u >= high))


def _decrement(gradient: Array, curvature: Array) -> float:
    """Return half of g' H^-1 g, the predicted decrease by a Newton step."""
    if not (np.all(np.isfinite(curvature)) and np.all(np.isfinite(gradient))):
        return float("inf")
    return float(0.5 * gradient @ np.linalg.lstsq(curvature, gradient, rcond=1e-14)[0])


def _condition(effects: Array, u: Array) -> tuple[float, Array]:
    """Return the condition number of the curvature, each coordinate scaled to one, and undetermined directions (m, q).

    If a coordinate has no effect, the number is infinite and the directions are those coordinates; else they are the
    singular directions.

    Args:
        effects: derivative of every weighted residual by each coordinate (q, n).
        u: coordinates (q,). One without effect, such as F in A F / N^alpha, still has effects from rounding.
    """
    if not len(u):
        return 1.0, np.zeros((0, 0))
    if not np.all(np.isfinite(effects)):
        return float("inf"), np.zeros((0, len(u)))
    size = np.linalg.norm(effects, axis=1)
    felt = size * np.maximum(np.abs(u), _SMALL)
    idle = felt <= _NO_EFFECT * felt.max(initial=0.0)
    if np.any(idle):
        return float("inf"), np.eye(len(u))[idle]
    across, singular, _ = np.linalg.svd(effects / size[:, None], full_matrices=len(u) > effects.shape[1])
    lengths = np.pad(singular, (0, len(u) - len(singular)))
    condition = float((lengths[0] / lengths[-1]) ** 2) if lengths[-1] > 0 else float("inf")
    return condition, across[:, lengths <= lengths[0] / np.sqrt(_DETERMINED)].T / size
