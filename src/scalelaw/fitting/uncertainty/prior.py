"""Priors on exponents from the literature, for tables of few runs.

    minimise   c sum_i w_i rho(r_i) + |L^-1 (ln theta - m)|^2 / 2

theta are the exponents, m and L L' are mean and covariance of their logarithms over published studies, and c turns the
loss function into a log-likelihood at the noise of the runs. Every draw minimises this again with m moved by the prior
and the runs moved by their noise (randomise, then optimise: Bardsley et al. 2014). For a linear law and Gaussian noise
these draws are exactly the posterior. With many runs the runs decide. With three runs the prior decides, and intervals
are as wide as the differences between published studies.

code        grade  when
FIT_PRIOR   warn   exponents partly come from studies of other models
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from scalelaw.core.errors import BadInput, UnknownName
from scalelaw.core.findings import Finding, Grade
from scalelaw.core.forecaster import half_width
from scalelaw.core.nouns.brief import Brief
from scalelaw.core.types import AnyArray, Array
from scalelaw.fitting.solver.noise import Noise
from scalelaw.fitting.solver.penalty import _LEAST, Penalty, Prior
from scalelaw.laws import Constants, Law, SumOfPowers, get

if TYPE_CHECKING:
    from scalelaw.fitting.solver.solve import Problem
    from scalelaw.fitting.spec import FitSpec

FEWEST_STUDIES = 3
"""Fewer studies do not show how much exponents differ."""
NOISE = 0.01
"""Assumed relative noise of a run if too few runs show it: between Chinchilla's digitised points, 0.004, and the
largest effect of seeds and data order, 0.04 (Choshen et al. 2024)."""
NOISE_WORTH = 3.0
"""Number of runs that the assumed noise counts for."""
RUNS_PER_COEF = 3
"""With fewer runs per coefficient, draws perturb the runs by the noise; with more, they resample the runs."""

_QUADRATIC = 1e-2
"""Residual at one standard deviation of the prior over Huber's threshold; small, so the penalty stays quadratic."""


def exponents_of(law: Law) -> tuple[str, ...]:
    """Return the names of a law's exponents; empty unless it is a sum of powers."""
    if not isinstance(law, SumOfPowers):
        return ()
    return tuple(dict.fromkeys(name for term in law.terms for name in term.powers.values()))


def prior_of(spec: "FitSpec", law: Law) -> Prior | None:
    """Return the prior of a spec on a law's coefficients, or None.

    Raises:
        BadInput: the prior names a coefficient that is not free; or as for ``literature``.
    """
    held = {*spec.fixed, *spec.ties}
    if spec.prior is None or spec.prior == "none":
        return None
    if spec.prior == "literature":
        return literature(law, held)
    free = [name for name in law.coef_names if name not in held]
    for name in spec.prior:
        if name not in free:
            raise UnknownName.among(f"free coefficient of {law.spelling} in prior=", name, free)
    centre, factor = np.array(list(spec.prior.values()), float).T
    index = tuple(law.coef_names.index(name) for name in spec.prior)
    return Prior(tuple(spec.prior), index, np.log(centre), np.diag(np.log(factor)), ())


def literature(law: Law, held: set[str]) -> Prior:
    """Return the prior given by the spread of a law's exponents over published studies.

    Average the constants of one study (``gadre2024-c4``, ``gadre2024-redpajama``) first and leave out unverified ones.
    A shape with another kind of N or unit of data uses the exponents of the usual shape: exponents carry over, scales
    do not.

    Args:
        law: the law.
        held: coefficients that are fixed or tied and need no prior.

    Raises:
        BadInput: the law is not a sum of powers, has too few published studies, or has no free exponent.
    """
    names = tuple(name for name in exponents_of(law) if name not in held)
    if not names:
        reason = "has no free exponent" if exponents_of(law) else "is not a registered sum of powers"
        raise BadInput(f"prior='literature' needs exponents, but {law.spelling} {reason}; leave out prior=")
    studies = _studies(law, names)
    if len(studies) < FEWEST_STUDIES:
        raise BadInput(
            f"prior='literature' needs {FEWEST_STUDIES} published studies, but {law.spelling} has "
            f"{', '.join(studies) or 'none'}; use chinchilla, or fix exponents with fixed="
        )
    logs = np.array(list(studies.values()))
    covariance = np.atleast_2d(np.cov(logs.T, ddof=1)) * (1 + 1 / len(logs))
    root = np.linalg.cholesky(covariance + _LEAST * np.eye(len(names)))
    return Prior(
        names,
        tuple(law.coef_names.index(name) for name in names),
        np.asarray(logs.mean(axis=0), float),
        np.asarray(root, float),
        tuple(studies),
    )


def _studies(law: Law, names: tuple[str, ...]) -> dict[str, Array]:
    """Return study -> logarithms of its exponents."""
    found = {}
    for study, own in verified(law.published or _usual(law).published).items():
        logs = [np.log([each.coef[name] for name in names]) for each in own if all(name in each.coef for name in names)]
        if logs:
            found[study] = np.mean(np.array(logs, float), axis=0)
    return found


def verified(published: Mapping[str, Constants]) -> dict[str, list[Constants]]:
    """Return verified constants by study; ``gadre2024-c4`` and ``gadre2024-redpajama`` are one study."""
    found: dict[str, list[Constants]] = {}
    for source, constants in published.items():
        if not constants.unverified:
            found.setdefault(source.partition("-")[0], []).append(constants)
    return found


def _usual(law: Law) -> Law:
    """Return the usual shape of a registered law, else the law itself."""
    try:
        return get(law.name)
    except BadInput:
        return law


def penalty(prior: Prior, noise: Noise, scale: float) -> Penalty:
    """Return the prior as rows, weighed against runs with noise of this standard deviation."""
    threshold = noise.stages[-1]
    unit = _QUADRATIC * threshold if math.isfinite(threshold) else 1.0
    return Penalty(prior, unit, 1 / (likelihood_factor(noise, scale) * unit**2))


def likelihood_factor(noise: Noise, scale: float) -> float:
    """Return the factor c that turns the loss function into a log-likelihood with the right curvature.

    c = E[psi'] / E[psi^2] under Gaussian residuals; 1 / scale^2 for squares.
    """
    t = noise.stages[-1] / (scale * math.sqrt(2))
    if t > 20:
        return 1 / scale**2
    inside = math.erf(t)
    squares = inside - 2 / math.sqrt(math.pi) * t * math.exp(-(t**2)) + 2 * t**2 * (1 - inside)
    return inside / (scale**2 * squares)


def noise_of(residual: Array, noise: Noise, y: Array, spent: int) -> tuple[float, float]:
    """Estimate the noise of the runs from residuals and ``NOISE``; return it with its degrees of freedom.

    Args:
        residual: residuals at the optimum, (n,).
        noise: how residuals are scored.
        y: measured values on the scale of residuals, (n,).
        spent: number of coefficients without a prior.
    """
    size = np.abs(y)
    known = NOISE if noise.on == "log" else NOISE * (float(np.median(size)) or float(np.max(size)) or 1.0)
    spare = max(len(residual) - spent, 0)
    if not spare:
        return known, NOISE_WORTH
    if noise.kind == "squared":
        variance = float(residual @ residual) / spare
    else:
        variance = (1.4826 * float(np.median(np.sort(np.abs(residual))[spent:]))) ** 2
    freedom = NOISE_WORTH + spare
    return math.sqrt((NOISE_WORTH * known**2 + spare * variance) / freedom), freedom


def spent(spec: "FitSpec", law: Law, prior: Prior) -> int:
    """Return the number of free coefficients without a prior."""
    return len(law.coefs) - len(spec.fixed) - len(spec.ties) - len(prior.names)


def few(runs: int, coefs: int) -> bool:
    """Return whether there are too few runs to resample."""
    return runs < RUNS_PER_COEF * coefs


@dataclass(frozen=True, eq=False)
class Perturbed(Brief):
    """Data of the draws: measured values and penalty centres, (b, n + m), with weights of equal shape."""

    y: Array
    weight: Array


def perturbed(
    problem: "Problem", weights: Array, cluster: AnyArray, scale: float, freedom: float, seed: int
) -> Perturbed:
    """Perturb the centre of the prior by its spread and, if runs are few, the runs by their noise.

    A spread estimated from few studies is uncertain, so each draw has a different spread. The prior then has the tails
    of Student's t; its degrees of freedom are the number of studies minus one.

    Args:
        problem: the problem with its penalty.
        weights: weights of each draw, (b, n).
        cluster: the run of each row, (n,).
        scale: standard deviation of the noise of the runs.
        freedom: degrees of freedom of that noise.
        seed: seed of the generator.
    """
    held = problem.penalty
    if held is None:
        raise BadInput("this fit has no prior to perturb; fit with prior='literature'")
    rng = np.random.default_rng(seed + 1)
    draws, prior = len(weights), held.prior
    spare = prior.spare
    wide = np.sqrt(spare / rng.chisquare(spare, draws)) if math.isfinite(spare) else np.ones(draws)
    centre = held.centre + held.unit * wide[:, None] * rng.standard_normal((draws, len(prior.names)))
    scales, y = np.full(draws, scale), np.broadcast_to(problem.y, weights.shape)
    _, run = np.unique(cluster, return_inverse=True)
    if few(run.max() + 1, len(problem.coordinates.law.coefs)):
        scales = scale * np.sqrt(freedom / rng.chisquare(freedom, draws))
        own, shared = rng.standard_normal(weights.shape), rng.standard_normal((draws, run.max() + 1))[:, run]
        clustered = run.max() + 1 < len(run)
        y = y + scales[:, None] * ((own + shared) / math.sqrt(2) if clustered else own)
    factors = np.array([likelihood_factor(problem.noise, each) for each in scales])
    of_prior = 1 / (factors * held.unit**2 * wide**2)
    return Perturbed(np.hstack([y, centre]), np.hstack([weights, np.tile(of_prior[:, None], (1, len(prior.names)))]))


def check_prior(prior: Prior, draws: Array | None) -> list[Finding]:
    """Report that exponents depend on the literature: their spread as a share of the prior's spread."""
    if not prior.studies:
        return []
    message = prior.note
    if draws is not None:
        left = half_width(np.log(np.maximum(draws[:, list(prior.index)], _LEAST))) / prior.sd
        shares = zip(prior.names, 100 * np.minimum(left, 1.0), strict=True)
        message += f"; after the fit its spread is {', '.join(f'{name} {share:.0f} %' for name, share in shares)}"
    return [Finding("FIT_PRIOR", Grade.WARN, message, fix="add runs, and fit without prior= once they suffice")]
