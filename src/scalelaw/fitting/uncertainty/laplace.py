"""Laplace approximation: draw coefficients from a Student's t distribution around the optimum.

Near the truth the optimum moves by B^-1 J' psi, so its covariance is B^-1 M B^-1 with B = J' E[psi'] J and M the
covariance of the scores J' psi (Huber 1967). B and M come from one of two sources. The noise model of ``errors`` needs
few runs but may be wrong. Each run's own scores, corrected for its leverage (CR3, the jackknife: MacKinnon & White
1985, Bell & McCaffrey 2002), are right under any noise but vary much when runs are few. ``laplace`` averages the two
and weighs the scores more as the number of runs grows; ``sandwich`` uses only the scores.
"""

import numpy as np

from scalelaw.core.types import AnyArray, Array
from scalelaw.fitting.uncertainty.distributions import normal_cdf
from scalelaw.fitting.uncertainty.fitted_problem import FittedProblem, LinearisedFit
from scalelaw.fitting.uncertainty.residual_model import ResidualModel, errors

_HALFWAY = 90
"""Number of runs at which the noise model and the runs' own scores have equal weight."""
_KERNEL = 0.6
_TRIES = 4
_TINY = 1e-300


def laplace(sample: FittedProblem, count: int, seed: int) -> Array:
    """Draw coordinates (count, q) around the optimum, by the noise model and the runs' own scores together."""
    return _draws(sample, sample.runs / (sample.runs + _HALFWAY), count, seed)


def sandwich(sample: FittedProblem, count: int, seed: int) -> Array:
    """Draw coordinates (count, q) around the optimum; the covariance uses only the runs' gradients (scores)."""
    return _draws(sample, 1.0, count, seed)


def _draws(sample: FittedProblem, own: float, count: int, seed: int) -> Array:
    """Draw coordinates with a share ``own`` of the scores' covariance taken from the runs themselves."""
    weight, member, threshold = sample.weight, sample.member, sample.problem.noise.threshold
    noise, slopes, at = errors(sample), sample.linear.slopes, sample.efficient
    square, curvature = expected(noise, threshold, sample.size) if own < 1 else (None, None)
    seen = _inside(at.residual, threshold, noise.relative(sample.size) * _kernel_width(noise)[:, None])
    score = np.clip(at.residual, -threshold, threshold)
    unit = np.maximum(np.linalg.norm(slopes, axis=0), _TINY)
    slopes = slopes / unit
    roots = []
    for j in range(len(noise.pool)):
        bent = weight * (seen[j] if curvature is None else (1 - own) * curvature[j] + own * seen[j])
        bread = np.linalg.pinv((slopes * bent[:, None]).T @ slopes, hermitian=True)
        meat = own * _observed(LinearisedFit(score, slopes), weight, bent, bread, member) if own else 0.0
        if square is not None:
            meat = meat + (1 - own) * _modelled(slopes * (weight * np.sqrt(square[j]))[:, None], noise.shared, member)
        values, vectors = np.linalg.eigh(bread @ meat @ bread)
        roots.append(vectors * np.sqrt(np.maximum(values, 0.0)) / unit[:, None])
    return _inside_bounds(sample, np.stack(roots), noise.spare, count, np.random.default_rng(seed))


def _inside_bounds(sample: FittedProblem, roots: Array, spare: int, count: int, rng: np.random.Generator) -> Array:
    """Return Student's t draws around the optimum, redrawing a few times those outside the bounds."""
    low, high = sample.problem.coordinates.low, sample.problem.coordinates.high
    tried = _TRIES * count
    steps = np.einsum("bij,bj->bi", roots[np.arange(tried) % len(roots)], rng.standard_normal((tried, roots.shape[1])))
    drawn = np.tile(sample.u, (tried, 1))
    drawn[:, sample.moving] += steps * np.sqrt(spare / rng.chisquare(spare, size=(tried, 1)))
    free = drawn[:, sample.moving]
    within = np.all((free > low[sample.moving]) & (free < high[sample.moving]), axis=1)
    return np.asarray(drawn[within][:count])


def _modelled(scores: Array, shared: float, member: AnyArray) -> Array:
    """Return the covariance of scores of known size, (q, q), rows of one run correlated by ``shared``."""
    meat = scores.T @ scores
    if shared > 0:
        sums = np.zeros((int(member.max()) + 1, scores.shape[1]))
        np.add.at(sums, member, scores)
        meat = (1 - shared) * meat + shared * sums.T @ sums
    return np.asarray(meat)


def _observed(at: LinearisedFit, weight: Array, bent: Array, bread: Array, member: AnyArray) -> Array:
    """Return the covariance of the runs' own scores, (q, q), each computed as if its run had not been fitted."""
    groups, slopes = int(member.max()) + 1, at.slopes
    if groups == len(member):
        leverage = bent * np.einsum("nq,qr,nr->n", slopes, bread, slopes)
        pushed = slopes * (weight * at.residual / np.maximum(1 - leverage, 1 / len(member)))[:, None]
    else:
        pushed = np.zeros((groups, slopes.shape[1]))
        order = np.argsort(member, kind="stable")
        for group, rows in enumerate(np.split(order, np.cumsum(np.bincount(member))[:-1])):
            hat = slopes[rows] @ bread @ (slopes[rows] * bent[rows, None]).T
            apart = np.linalg.lstsq(np.eye(len(rows)) - hat, at.residual[rows], rcond=1e-6)[0]
            pushed[group] = slopes[rows].T @ (weight[rows] * apart)
    return np.asarray(pushed.T @ pushed * (groups - 1) / groups)


def expected(noise: ResidualModel, threshold: float, size: Array) -> tuple[Array, Array]:
    """Return the mean square of the score and its mean derivative for each node and row, both (m, n)."""
    relative = noise.relative(size)
    if np.isinf(threshold):
        return relative**2 * np.mean(noise.pool**2, axis=1, keepdims=True), np.ones_like(relative)
    width = _kernel_width(noise)
    square, curvature = np.empty_like(relative), np.empty_like(relative)
    for j, pool in enumerate(noise.pool):
        error = relative[j][:, None] * pool
        square[j] = np.mean(np.minimum(np.abs(error), threshold) ** 2, axis=1)
        curvature[j] = np.mean(_inside(error, threshold, relative[j][:, None] * width[j]), axis=1)
    return square, curvature


def _kernel_width(noise: ResidualModel) -> Array:
    """Return the bandwidth at each node, (m,)."""
    bulk = 1.4826 * np.median(np.abs(noise.pool), axis=1)
    return np.asarray(_KERNEL * bulk * noise.rows**-0.2)


def _inside(error: Array, threshold: float, width: Array) -> Array:
    """Return the probability that an error is inside the threshold, smoothed by a Gaussian kernel."""
    width = np.maximum(width, _TINY)
    return normal_cdf((threshold - error) / width) - normal_cdf((-threshold - error) / width)
