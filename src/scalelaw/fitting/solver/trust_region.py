"""Finish fits of laws with many coefficients by a trust region with a sparse Jacobian, from the best few starts.

With a block of coefficients for each output, domain or family, the objective has long bent valleys. The batched solver
has one damping for all blocks and may stop on a valley floor. A trust region from every start would agree more often
but cost a hundred times as much as the batch; from the best few results it costs as much as the batch (docs/LOG.md).
"""

from typing import TYPE_CHECKING

import numpy as np

from scalelaw.core.types import AnyArray, Array

if TYPE_CHECKING:
    from scalelaw.fitting.solver.solve import Problem, State

MANY = 20
"""Laws with more free coefficients than this are finished by the trust region."""

_FINISHED = 4
_MOST_STEPS = 400
_TOLERANCE = 1e-11
_FACTORED = 200
"""Up to this many coefficients a step factors the Jacobian; beyond, it iterates on the non-zero entries."""


def finished(
    problem: "Problem", u: Array, objective: Array, weight: Array, y: Array | None
) -> tuple[Array, Array, AnyArray]:
    """Return coordinates, objective and added steps after a trust region from the best few starts.

    Args:
        problem: law, rows and noise.
        u: coordinates the starts reached, (p, q).
        objective: their objectives, (p,).
        weight: weights (p, n).
        y: measured values of each problem, as in ``Problem.evaluate``, or None.
    """
    u, objective, steps = np.array(u), np.array(objective), np.zeros(len(u), int)
    delta = problem.noise.stages[-1]
    best = np.argsort(objective, kind="stable")[:_FINISHED]
    with np.errstate(all="ignore"):
        for row in best[np.isfinite(objective[best])]:
            own = None if y is None else y[row]
            there, steps[row] = _descended(problem, u[row], weight[row], own, delta)
            value = problem.evaluate(there[None], own).objective(weight[[row]], delta)[0]
            if value < objective[row]:
                u[row], objective[row] = there, value
    return u, objective, steps


def _descended(problem: "Problem", u: Array, weight: Array, y: Array | None, delta: float) -> tuple[Array, int]:
    """Return the coordinates a start converges to, and the steps it took."""
    from scipy.optimize import least_squares
    from scipy.sparse import csr_matrix

    low, high = problem.coordinates.low, problem.coordinates.high
    latest: dict[bytes, State] = {}
    factored = len(u) <= _FACTORED

    def at(point: Array) -> "State":
        key = point.tobytes()
        if key not in latest:
            latest.clear()
            latest[key] = problem.evaluate(point[None], y)
        return latest[key]

    def residual(point: Array) -> Array:
        return np.asarray(at(point).residual[0])

    def jacobian(point: Array) -> AnyArray:
        slopes = (at(point).slopes[0] @ at(point).jacobian[0]).T
        return np.asarray(slopes) if factored else csr_matrix(slopes)

    begun = np.clip(u, np.nextafter(low, high), np.nextafter(high, low))
    found = least_squares(
        residual, begun, jacobian, (low, high), x_scale="jac", loss=lambda squared: _scored(squared, weight, delta),
        tr_solver="exact" if factored else "lsmr", ftol=_TOLERANCE, xtol=_TOLERANCE, gtol=None, max_nfev=_MOST_STEPS,
    )  # fmt: skip
    return found.x, int(found.nfev)


def _scored(squared: Array, weight: Array, delta: float) -> Array:
    """Return the weighted loss of squared residuals and its first two derivatives, (3, n), as SciPy expects."""
    if np.isinf(delta):
        return np.stack([weight * squared, weight, np.zeros_like(squared)])
    size = np.sqrt(np.maximum(squared, 1e-300))
    outside = size > delta
    value = np.where(outside, 2 * delta * size - delta**2, squared)
    slope = np.where(outside, delta / size, 1.0)
    bend = np.where(outside, -0.5 * delta / size**3, 0.0)
    return np.stack([weight * value, weight * slope, weight * bend])
