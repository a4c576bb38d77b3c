"""Estimate the noise from residuals: trend with size, correlation within a run, and shape of the distribution."""

from dataclasses import dataclass

import numpy as np

from scalelaw.core.components import numbers
from scalelaw.core.nouns.brief import Brief
from scalelaw.core.types import AnyArray, Array, Inputs
from scalelaw.fitting.uncertainty.fitted_problem import FittedProblem, LinearisedFit

_NODES = 9
_STEEPEST = 2.0
_GRID = np.linspace(-_STEEPEST, _STEEPEST, 81)
_PRIOR_SD = 0.35
_FEWEST_FOR_TREND = 5
_POOL = 64
_TINY = 1e-300


@dataclass(frozen=True, eq=False)
class ResidualModel(Brief):
    """The distribution of the noise of a row, on the scale of residuals.

    sd(row) = sd * (size / reference)^gamma, where gamma is uncertain and given by equally likely nodes.

    Attributes:
        gamma: exponents of the trend, (m,).
        log_reference: logarithm of the geometric mean of size.
        pool: errors at each node, standardised to the reference size, (m, p).
        shared: correlation of two rows of one run.
        spare: degrees of freedom of the spread: runs less coefficients, at least one.
        rows: number of rows behind the pool.
    """

    gamma: Array
    log_reference: float
    pool: Array
    shared: float
    spare: int
    rows: int

    @property
    def sd(self) -> float:
        """Standard deviation of a row of the reference size."""
        return float(np.sqrt(np.mean(self.pool**2)))

    def relative(self, log_size: Array) -> Array:
        """Return the sd divided by the sd at the reference size, for each node, (m, n)."""
        return np.asarray(np.exp(self.gamma[:, None] * (log_size - self.log_reference)))

    def draw(self, log_size: Array, count: int, rng: np.random.Generator) -> Array:
        """Draw errors of new rows, each from a separate run, (count, n).

        Smooth the pool by a Gaussian kernel that keeps its variance, and multiply it by sqrt(spare / chi^2) for the
        uncertainty of its scale; a Gaussian pool then gives Student's t.
        """
        node = rng.integers(len(self.gamma), size=count)
        pool, n = self.pool, len(log_size)
        sd = np.sqrt(np.mean(pool**2, axis=1))
        width = 1.06 * np.minimum(sd, _spread(pool)) * self.rows**-0.2
        drawn = pool[node[:, None], rng.integers(pool.shape[1], size=(count, n))]
        smooth = drawn + width[node, None] * rng.standard_normal((count, n))
        kept = sd / np.sqrt(sd**2 + width**2 + _TINY)
        radius = np.sqrt(self.spare / rng.chisquare(self.spare, size=(count, 1)))
        return np.asarray(smooth * (kept[node, None] * radius) * self.relative(log_size)[node])


def log_size(x: Inputs, name: str | None = None) -> Array:
    """Return the logarithm of the quantity that may scale the noise, (n,).

    Args:
        x: inputs, each (n,).
        name: an input, or ``flops``, which is params times tokens (up to a constant) if it is not an input. Without a
            name, use compute if it is an input or follows from inputs, else the first positive input.
    """
    if name is not None and name in x:
        return np.log(x[name])
    if name in (None, "flops"):
        params = next((values for key, values in x.items() if key.startswith("params")), None)
        if "flops" in x:
            return np.log(x["flops"])
        if params is not None and "tokens" in x:
            return np.asarray(np.log(params) + np.log(x["tokens"]))
    if name is None:
        known = [values for values in numbers(x).values() if np.all(np.asarray(values) > 0)]
        return np.log(known[0]) if known else np.zeros(len(next(iter(x.values()))))
    raise KeyError(name)


def errors(sample: FittedProblem, *, trend: bool = True) -> ResidualModel:
    """Estimate the noise distribution of a sample's rows; without ``trend`` all rows have the same sd."""
    at, size = sample.efficient, sample.size
    scale = float(np.std(size))
    axis = (size - size.mean()) / scale if scale > 0 else np.zeros_like(size)
    shared, swell = shared_part(at, sample.member)
    binomial = sample.problem.noise.counts
    still = binomial or scale == 0 or not trend
    alike = 1 + shared * (len(size) / sample.runs - 1)
    delta = np.zeros(1) if still else _trend(at, axis, alike)
    pool = np.stack([_pool(at, np.exp(each * axis), sample.weight) for each in delta]) * np.sqrt(swell)
    if binomial:
        pool = pool / min(float(np.sqrt(np.mean(pool**2))) or 1.0, 1.0)
    spare = max(sample.runs - at.slopes.shape[1], 1)
    return ResidualModel(delta / (scale or 1.0), float(size.mean()), pool, shared, spare, len(size))


def restricted_likelihood(at: LinearisedFit, relative: Array, *, known: bool = False) -> Array:
    """Return the log-likelihood of relative sds (g, n) with coefficients and scale profiled out, (g,).

    It is the likelihood of contrasts that do not depend on the coefficients (Patterson & Thompson 1971). With
    ``known`` the sds are absolute, and no scale is profiled out.
    """
    n, q = at.slopes.shape
    precision = relative**-2
    basis = at.slopes / np.maximum(np.linalg.norm(at.slopes, axis=0), _TINY)
    products = (basis[:, :, None] * basis[:, None, :]).reshape(n, q * q)
    normal = (precision @ products).reshape(-1, q, q)
    normal += 1e-12 * np.maximum(np.trace(normal, axis1=1, axis2=2), 1.0)[:, None, None] * np.eye(q)
    score = precision @ (basis * at.residual[:, None])
    explained = np.sum(score * np.linalg.solve(normal, score[..., None])[..., 0], axis=1)
    left = np.maximum(precision @ at.residual**2 - explained, _TINY)
    fit = left if known else (n - q) * np.log(left)
    return np.asarray(-np.log(relative).sum(axis=1) - 0.5 * np.linalg.slogdet(normal)[1] - 0.5 * fit)


def _trend(at: LinearisedFit, axis: Array, alike: float) -> Array:
    """Return equally likely exponents of the sd along a standardised axis, (m,).

    They are quantiles of the restricted likelihood of sd = s exp(d axis) times a Gaussian prior on d, tempered by the
    correlation of rows of one run and by the kurtosis of the residuals.
    """
    if at.spare < _FEWEST_FOR_TREND or not np.any(at.residual):
        return np.zeros(1)
    relative = np.exp(_GRID[:, None] * axis)
    likelihood = restricted_likelihood(at, relative)
    best = at.residual / relative[np.argmax(likelihood)]
    kurtosis = np.mean(best**4) / max(np.mean(best**2) ** 2, _TINY)
    posterior = likelihood / (alike * max(1.0, (kurtosis - 1) / 2)) - 0.5 * (_GRID / _PRIOR_SD) ** 2
    density = np.exp(posterior - posterior.max())
    share = np.cumsum(density) - 0.5 * density
    return np.interp((np.arange(_NODES) + 0.5) / _NODES, share / density.sum(), _GRID)


def _pool(at: LinearisedFit, relative: Array, weight: Array) -> Array:
    """Return 64 quantiles of the standardised errors, scaled so that their mean square is the unbiased variance."""
    slopes, residual = at.slopes / relative[:, None], at.residual / relative
    basis = np.linalg.qr(slopes)[0]
    left = residual - basis @ (basis.T @ residual)
    variance = float(weight @ left**2 / weight.sum()) * len(left) / max(at.spare, 1)
    raw = residual / np.sqrt(np.maximum(1 - np.sum(basis**2, axis=1), 1 / len(residual)))
    order = np.argsort(raw, kind="stable")
    share = np.cumsum(weight[order]) / weight.sum()
    pool = raw[order][np.searchsorted(share, (np.arange(_POOL) + 0.5) / _POOL)]
    return np.asarray(pool * np.sqrt(variance / max(float(np.mean(pool**2)), _TINY)))


def shared_part(at: LinearisedFit, member: AnyArray) -> tuple[float, float]:
    """Return the correlation of two rows of one run, and total variance over its estimate for independent rows.

    Method of moments: with M = 1 where two rows share a run, the expectations of r'r and r'Mr are linear in the
    variances of runs and rows (Henderson's method of fitting constants).
    """
    count = np.bincount(member)
    n, q = at.slopes.shape
    if len(count) == n or n <= q + 1:
        return 0.0, 1.0
    basis = np.linalg.qr(at.slopes)[0]
    residual = at.residual - basis @ (basis.T @ at.residual)
    sums = np.zeros((len(count), q))
    np.add.at(sums, member, basis)
    inner = sums.T @ sums
    rows = np.array([[n - q, n - np.trace(inner)], [0.0, 0.0]])
    rows[1] = rows[0, 1], np.sum(count**2) - 2 * np.trace(sums.T @ (count[:, None] * sums)) + np.sum(inner**2)
    seen = np.array([residual @ residual, np.sum(np.bincount(member, residual) ** 2)])
    own, between = np.linalg.lstsq(rows, seen, rcond=None)[0]
    own, between = max(float(own), 0.0), max(float(between), 0.0)
    total = own + between
    if total <= 0:
        return 0.0, 1.0
    return between / total, max(total * (n - q) / max(float(seen[0]), _TINY), 1.0)


def _spread(pool: Array) -> Array:
    """Return the standard deviation of each pool estimated from its quartiles, (m,)."""
    low, high = np.quantile(pool, [0.25, 0.75], axis=1)
    return np.asarray((high - low) / 1.349)
