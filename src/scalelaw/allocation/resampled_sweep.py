"""Resample an IsoFLOP sweep: add fresh noise to every loss and locate the optima again."""

from dataclasses import dataclass

import numpy as np

from scalelaw.allocation.isoflop_spec import IsoFlopSpec
from scalelaw.allocation.size_profiles import PROFILES, Akima, ProfileMinima
from scalelaw.allocation.sweep import Side, Sweep
from scalelaw.core.errors import BadInput
from scalelaw.core.forecaster import half_width
from scalelaw.core.nouns.brief import Brief
from scalelaw.core.types import AnyArray, Array

_CHUNK = 500
_MOST_LEVERAGE = 0.999
_FLOOR = 0.33
_TINY = 1e-6


@dataclass(frozen=True, eq=False)
class SweepResamples(Brief):
    """Optima of resamples.

    Attributes:
        params: ln N* of each resample at each budget, (b, m); NaN without an optimum.
        tokens: ln D*, (b, m).
        noise: size of the noise of a run over its loss: half the width of the central 68 % of the resampled noise.
    """

    params: Array
    tokens: Array
    noise: float

    @staticmethod
    def error(drawn: Array, chosen: Sweep, side: Side, spec: IsoFlopSpec) -> Array:
        """Return the standard error of each optimum in its logarithm, (m,).

        Porian's interpolation has no optimum between its grid points, and some resamples have none. So, as in Porian et
        al., errors are at least 0.33 of the spacing of sizes and grow with the share of resamples without an optimum.
        """
        if spec.profile != "akima":
            return np.array([half_width(each[np.isfinite(each)]) for each in drawn.T])
        error = np.nanstd(drawn, axis=0)
        axis = chosen.axis(side)
        grids = [Akima.grid(axis.x[at, axis.weight[at] > 0]) for at in range(len(chosen))]
        spacing = np.array([Akima.POINTS * (grid[1] - grid[0]) for grid in grids])
        return np.asarray(np.maximum(error, _FLOOR * spacing) / np.isfinite(drawn).mean(axis=0))


def replicas(chosen: Sweep, point: ProfileMinima, spec: IsoFlopSpec) -> SweepResamples | None:
    """Locate the optima of resampled losses; None without draws or with too few runs to estimate the noise.

    The noise comes from the spec, else from the standard errors of the runs, else from the residuals of the profile,
    relative to the loss and corrected for leverage. Its size is uncertain, so each resample multiplies it by one draw
    of sqrt(k / chi2_k), where k counts the runs beyond the coefficients. Readings of one curve keep their own
    residuals, all with one random sign.

    Raises:
        BadInput: an interpolation has no residuals, and no other noise is given.
    """
    if not spec.draws:
        return None
    rng = np.random.default_rng(spec.seed)
    errors = _errors(chosen, point, spec, rng)
    if errors is None:
        return None
    smooth = point.fitted[0]
    params, tokens = [], []
    for start in range(0, spec.draws, _CHUNK):
        losses = np.maximum(smooth + chosen.spread(errors[start : start + _CHUNK]), _TINY * smooth)
        params.append(PROFILES[spec.profile].locate(chosen.axis("params"), losses).x)
        tokens.append(on_tokens(chosen, losses, params[-1], spec))
    noise = float(half_width(np.ravel(errors / chosen.rows.y)))
    return SweepResamples(np.concatenate(params), np.concatenate(tokens), noise)


def on_tokens(chosen: Sweep, losses: Array, params: Array, spec: IsoFlopSpec) -> Array:
    """Return ln D* at the minima of losses (b, m, w) along ln D; with exact C it follows from ln N*.

    Args:
        chosen: the sweep.
        losses: losses (b, m, w).
        params: ln N* of the same losses (b, m).
        spec: options of the analysis.
    """
    if chosen.exact:
        return chosen.mirrored(params)
    return PROFILES[spec.profile].locate(chosen.axis("tokens"), losses).x


def _errors(chosen: Sweep, point: ProfileMinima, spec: IsoFlopSpec, rng: np.random.Generator) -> Array | None:
    """Return noise for every run of every resample, in the unit of the loss, (draws, n)."""
    y, shape = chosen.rows.y, (spec.draws, len(chosen.rows))
    if spec.noise is not None:
        return np.asarray(spec.noise * rng.standard_normal(shape))
    if chosen.rows.se is not None and np.all(np.isfinite(chosen.rows.se)):
        return np.asarray(chosen.rows.se * rng.standard_normal(shape))
    if spec.profile == "akima":
        raise BadInput(
            "akima passes through every loss and leaves no residuals to estimate the noise; give noise= (CLI: "
            "--noise), e.g. 0.002 nats/token, as Porian et al. used on RefinedWeb"
        )
    reading = _readings(chosen)
    spare = int(reading.max()) + 1 - point.coefs
    if spare < 1:
        return None
    fitted, leverage = (chosen.flat(values) for values in (point.fitted[0], point.leverage))
    pull = np.bincount(reading, leverage)[reading]
    residual = (y - fitted) / fitted / np.sqrt(1 - np.minimum(pull, _MOST_LEVERAGE))
    unsure = np.sqrt(spare / rng.chisquare(spare, size=(spec.draws, 1)))
    return np.asarray(fitted * unsure * _resampled(residual, chosen.rows.cluster, shape, rng))


def _readings(chosen: Sweep) -> AnyArray:
    """Return a number for each row, (n,): rows of one run at one budget are one reading, however often written."""
    run = np.unique(chosen.rows.cluster, return_inverse=True)[1]
    return np.unique(run * len(chosen) + chosen.group, return_inverse=True)[1]


def _resampled(residual: Array, cluster: AnyArray, shape: tuple[int, int], rng: np.random.Generator) -> Array:
    """Return newly drawn residuals, (draws, n): from all runs, or for curves the own ones with one sign per run."""
    _, member = np.unique(cluster, return_inverse=True)
    if member.max() + 1 == len(member):
        centred = residual - residual.mean()
        return np.asarray(rng.choice(centred, size=shape))
    signs = rng.choice([-1.0, 1.0], size=(shape[0], int(member.max()) + 1))
    return np.asarray(residual * signs[:, member])
