"""Batched solver: many small robust fits of one law at once, by Levenberg-Marquardt steps on NumPy arrays.

Problems share their rows and differ in starts and weights: the starts of one fit, or the resamples of a bootstrap.
A start runs first through least squares, a smooth objective that works from far away, and then under the requested
loss. Using only least squares leads all starts into one basin, where they agree although a robust loss may have a lower
optimum elsewhere. So some starts also run under the requested loss directly, and the lower result is kept. Huber's loss
has kinks, so its curvature is approximated by that of the rows inside the threshold plus a share of the reweighted rows
outside. A step is kept only if it lowers the true objective. Laws with more than twenty free coefficients are finished
in ``trust_region``.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from scalelaw.core.nouns.brief import Brief
from scalelaw.core.types import AnyArray, Array, Inputs
from scalelaw.fitting.solver.coordinates import Coordinates
from scalelaw.fitting.solver.noise import Noise, huber
from scalelaw.fitting.solver.penalty import Penalty
from scalelaw.fitting.solver.trust_region import MANY, finished

_CHUNK_BYTES = 2**22
_OUTER_CURVATURE = 0.05
_FIRST_STAGE_STEPS = 30
_MOST_STEPS = 400
_WARM_STEPS = 150
_DAMPING = (1e-3, 1e-12, 1e12)
_TOLERANCE = 1e-11
_WARM_TOLERANCE = 1e-8
_STILL = 2
_PROBED = 4
_LOWER = 1e-9
_PERFECT = 1e-28
_REGULAR = 1e-14


@dataclass(frozen=True, eq=False)
class Solution(Brief):
    """The optima of p problems.

    Attributes:
        u: coordinates (p, q).
        objective: weighted sum of the losses (p,); infinite if no finite value was found.
        steps: number of steps (p,).
    """

    u: Array
    objective: Array
    steps: AnyArray


@dataclass(frozen=True, eq=False)
class Problem(Brief):
    """One law over one set of rows.

    Attributes:
        coordinates: the free coordinates, and the law.
        x: inputs, each (n,).
        y: measured values on the scale of residuals, (n,).
        noise: how residuals are scored.
        spread: relative size of the noise of each row, by which residuals are divided, (n,); None if all are one.
        penalty: prior on coefficients, as m rows after the measured rows; None without a prior.
    """

    coordinates: Coordinates
    x: Inputs
    y: Array
    noise: Noise
    spread: Array | None = None
    penalty: Penalty | None = None

    @np.errstate(all="ignore")
    def evaluate(self, u: Array, y: Array | None = None) -> "State":
        """Return residuals and derivatives at coordinates (p, q); not finite where the law overflows.

        Args:
            u: coordinates (p, q).
            y: measured values of each problem, followed by the penalty's centres, (p, n + m); None uses ``measured``.
        """
        coef, slopes = self.coordinates.coef_and_slopes(u)
        value, jacobian = self.coordinates.law.value_and_jacobian(coef, self.x)
        measured, n = self.measured if y is None else y, len(self.y)
        residual, by_value = self.noise.residual(value, measured[..., :n])
        if by_value is not None:
            jacobian *= by_value[:, None, :]
        if self.spread is not None:
            residual, jacobian = residual / self.spread, jacobian / self.spread
        if self.penalty is not None:
            rows, slope = self.penalty.rows(coef)
            residual = np.concatenate([residual, rows - measured[..., n:]], axis=1)
            jacobian = np.concatenate([jacobian, slope], axis=2)
        return State(u, residual, jacobian, slopes)

    @cached_property
    def measured(self) -> Array:
        """Measured values, followed by the penalty's centres, (n + m,)."""
        return self.y if self.penalty is None else np.concatenate([self.y, self.penalty.centre])

    def weighed(self, weight: Array) -> Array:
        """Append the penalty's weights to the rows' weights, unless they are already there; (..., n + m)."""
        if self.penalty is None or weight.shape[-1] == len(self.measured):
            return weight
        own = np.full((*weight.shape[:-1], len(self.measured) - len(self.y)), self.penalty.weight)
        return np.concatenate([weight, own], axis=-1)

    def residual(self, u: Array) -> Array:
        """Return predicted minus measured at coordinates (p, q), (p, n)."""
        return self.evaluate(u).residual[:, : len(self.y)]


@dataclass(eq=False)
class State(Brief):
    """The current coordinates of a batch of problems, with residuals and derivatives.

    Attributes:
        u: coordinates (p, q).
        residual: predicted minus measured (p, n).
        jacobian: derivatives of the residuals by coefficient (p, k, n).
        slopes: derivatives of the coefficients by coordinate (p, q, k).
    """

    u: Array
    residual: Array
    jacobian: Array
    slopes: Array

    def objective(self, weight: Array, delta: float) -> Array:
        """Return the weighted sum of losses (p,), infinite if it overflows or is undefined."""
        objective = np.einsum("pn,pn->p", weight, huber(self.residual, delta))
        return np.where(np.isfinite(objective), objective, np.inf)

    def normal_equations(self, weight: Array, delta: float) -> tuple[Array, Array]:
        """Return gradient (p, q) and curvature (p, q, q) of the objective by coordinate."""
        share: float | Array = 1.0
        bent = weight
        if not np.isinf(delta):
            size = np.abs(self.residual)
            share = delta / np.maximum(size, delta)
            bent = weight * np.where(size <= delta, 1.0, _OUTER_CURVATURE * share)
        gradient = np.matmul(self.jacobian, (weight * share * self.residual)[:, :, None])
        curvature = np.matmul(self.jacobian * bent[:, None, :], self.jacobian.transpose(0, 2, 1))
        across = self.slopes.transpose(0, 2, 1)
        return np.matmul(self.slopes, gradient)[:, :, 0], np.matmul(self.slopes, np.matmul(curvature, across))

    def take(self, mask: AnyArray, other: "State") -> None:
        """Replace the problems where ``mask`` is true by the problems of another state."""
        rows, blocks = mask[:, None], mask[:, None, None]
        np.copyto(self.u, other.u, where=rows)
        np.copyto(self.residual, other.residual, where=rows)
        np.copyto(self.jacobian, other.jacobian, where=blocks)
        np.copyto(self.slopes, other.slopes, where=blocks)

    def only(self, mask: AnyArray) -> "State":
        """Return the problems where ``mask`` is true."""
        return State(*(getattr(self, name)[mask] for name in _STATE))


_STATE = ("u", "residual", "jacobian", "slopes")


def solve(problem: Problem, start: Array, weight: Array, *, y: Array | None = None, warm: bool = False) -> Solution:
    """Minimise the objective from every start.

    Args:
        problem: law, rows and noise.
        start: coordinates (p, q).
        weight: weights of the n rows, (n,) or one set per problem (p, n); (p, n + m) also weights the m penalty terms.
        y: measured values of each problem, as in ``Problem.evaluate``; None if common to all.
        warm: whether the starts are near an optimum, so that the least-squares stage is skipped.
    """
    weight = problem.weighed(weight)
    weight = np.broadcast_to(weight, (len(start), weight.shape[-1]))
    if warm:
        u, objective, steps = _passed(problem, start, weight, y, _robust(problem), _WARM_TOLERANCE)
    else:
        u, objective, steps = _cold(problem, start, weight, y)
        if start.shape[1] > MANY:
            u, objective, more = finished(problem, u, objective, weight, y)
            steps = steps + more
    if problem.noise.kind == "absolute":
        objective = objective / problem.noise.stages[-1]
    return Solution(u, objective, steps)


def _robust(problem: Problem) -> tuple[float, ...]:
    """Return the stages of the requested loss, without the least-squares stage before them."""
    return problem.noise.stages[1:] or problem.noise.stages


def _cold(problem: Problem, start: Array, weight: Array, y: Array | None) -> tuple[Array, Array, AnyArray]:
    """Solve from every start through least squares, or directly if that ends lower.

    Least squares leads all starts into one basin, which may not hold the lowest robust optimum. So some starts also run
    directly, and all of them do if one of these ends lower than every start that ran through least squares.
    """
    robust, n = _robust(problem), len(start)
    if robust == problem.noise.stages:
        return _passed(problem, start, weight, y, robust, _TOLERANCE)
    round_, _, steps = _passed(problem, start, weight, y, problem.noise.stages[:1], _TOLERANCE)
    probe = np.arange(0, n, _PROBED)
    each = np.concatenate([np.arange(n), probe])
    begun = np.concatenate([round_, start[probe]])
    u, objective, more = _passed(problem, begun, weight[each], _of(y, each), robust, _TOLERANCE)
    straight, u, own, objective, steps = u[n:], u[:n], objective[n:], objective[:n], steps + more[:n]
    found = np.min(own, initial=np.inf) < np.min(objective, initial=np.inf) * (1 - _LOWER)
    _lower(probe, straight, own, u, objective)
    if found:
        rest = np.setdiff1d(np.arange(n), probe)
        straight, own, more = _passed(problem, start[rest], weight[rest], _of(y, rest), robust, _TOLERANCE)
        steps[rest] += more
        _lower(rest, straight, own, u, objective)
    return u, objective, steps


def _of(y: Array | None, index: AnyArray) -> Array | None:
    return None if y is None else y[index]


def _lower(index: AnyArray, straight: Array, own: Array, u: Array, objective: Array) -> None:
    """Replace the problems of ``index`` that end lower when run directly."""
    lower = own < objective[index]
    u[index[lower]], objective[index[lower]] = straight[lower], own[lower]


def _passed(
    problem: Problem, start: Array, weight: Array, y: Array | None, stages: tuple[float, ...], tolerance: float
) -> tuple[Array, Array, AnyArray]:
    """Run every start through these stages; return coordinates, objective and steps."""
    count, n = weight.shape
    chunk = max(8, _CHUNK_BYTES // (8 * n * (len(problem.coordinates.law.coefs) + 3)))
    most_steps = _WARM_STEPS if tolerance == _WARM_TOLERANCE else _MOST_STEPS
    u, objective, steps = np.array(start, float), np.full(count, np.inf), np.zeros(count, int)
    with np.errstate(all="ignore"):
        for first in range(0, count, chunk):
            part = slice(first, first + chunk)
            for delta in stages:
                limit = most_steps if delta == problem.noise.stages[-1] else _FIRST_STAGE_STEPS
                batch = _Batch(problem, delta, u[part], weight[part], None if y is None else y[part])
                u[part], objective[part], taken = batch.run(limit, tolerance)
                steps[part] += taken
    return u, objective, steps


class _Batch:
    """The problems that still move, at one threshold; converged problems leave the arrays."""

    def __init__(self, problem: Problem, delta: float, u: Array, weight: Array, y: Array | None) -> None:
        self.problem, self.delta, self.y = problem, delta, y
        self.low, self.high = problem.coordinates.low, problem.coordinates.high
        self.index, self.weight = np.arange(len(u)), weight
        self.state = problem.evaluate(np.clip(u, self.low, self.high), y)
        self.objective = self.state.objective(weight, delta)
        self.damping = np.full(len(u), _DAMPING[0])
        self.still = np.zeros(len(u), int)

    def run(self, limit: int, tolerance: float) -> tuple[Array, Array, AnyArray]:
        """Step until all converge or the limit is reached; return coordinates, objective and steps."""
        u, objective, steps = self.state.u.copy(), self.objective.copy(), np.zeros(len(self.index), int)
        for _ in range(limit):
            steps[self.index] += 1
            self._step(tolerance)
            resting = (self.still >= _STILL) | (self.damping > _DAMPING[2])
            if resting.any():
                u[self.index[resting]] = self.state.u[resting]
                objective[self.index[resting]] = self.objective[resting]
                self._leave(~resting)
            if not len(self.index):
                break
        u[self.index], objective[self.index] = self.state.u, self.objective
        return u, objective, steps

    def _step(self, tolerance: float) -> None:
        """Try one damped step of every problem and keep the steps that lower the objective."""
        direction = self._direction(*self.state.normal_equations(self.weight, self.delta))
        trial = self.problem.evaluate(np.minimum(np.maximum(self.state.u + direction, self.low), self.high), self.y)
        objective = trial.objective(self.weight, self.delta)
        better = objective < self.objective
        gain = (self.objective - objective) / np.maximum(self.objective, _PERFECT)
        self.still = np.where(better, np.where(gain < tolerance, self.still + 1, 0), self.still)
        self.still = np.where(self.objective <= _PERFECT, _STILL, self.still)
        self.damping = np.where(better, np.maximum(self.damping * 0.2, _DAMPING[1]), self.damping * 4)
        if better.all():
            self.state, self.objective = trial, objective
        else:
            self.state.take(better, trial)
            np.copyto(self.objective, objective, where=better)

    def _direction(self, gradient: Array, curvature: Array) -> Array:
        """Return the damped step, without coordinates that press against a bound."""
        u = self.state.u
        pressed = ((u <= self.low) & (gradient > 0)) | ((u >= self.high) & (gradient < 0))
        if pressed.any():
            gradient = np.where(pressed, 0.0, gradient)
            curvature = np.where(pressed[:, :, None] | pressed[:, None, :], 0.0, curvature)
        diagonal = np.einsum("pii->pi", curvature)
        diagonal[:] = np.where(pressed | (diagonal <= 0), 1.0, diagonal * (1 + self.damping[:, None]))
        if not np.isfinite(curvature.sum() + gradient.sum()):
            usable = np.isfinite(curvature).all((1, 2)) & np.isfinite(gradient).all(1)
            curvature[~usable], gradient[~usable] = np.eye(curvature.shape[1]), 0.0
        scale = 1 / np.sqrt(diagonal)
        scaled = curvature * scale[:, :, None] * scale[:, None, :]
        np.einsum("pii->pi", scaled)[:] += _REGULAR
        return np.asarray(-scale * np.linalg.solve(scaled, (scale * gradient)[:, :, None])[:, :, 0])

    def _leave(self, moving: AnyArray) -> None:
        """Keep only the problems that still move."""
        self.state = self.state.only(moving)
        self.index, self.weight, self.objective = self.index[moving], self.weight[moving], self.objective[moving]
        self.damping, self.still = self.damping[moving], self.still[moving]
        self.y = None if self.y is None else self.y[moving]
