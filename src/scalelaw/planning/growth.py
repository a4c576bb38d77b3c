"""Growth of N* with compute, combined from several laws, the table's IsoFLOP profiles and published studies.

Runs determine ln N* at the largest fitted budget well, but its exponent beyond that budget poorly. Each law with a
compute-optimal split gives both numbers with their covariance; so do IsoFLOP profiles. No functional form is exact, so
each covariance gets a floor. Laws are weighted by the fit to the runs and by the agreement with the profiles. Published
studies enter as one more measurement of each number. The result is a mixture of normal distributions of the pair (ln
N*, exponent).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Protocol, runtime_checkable

import numpy as np

from scalelaw.accounting.flops import Counting
from scalelaw.allocation.isoflop_result import IsoFlop
from scalelaw.core.forecaster import half_width
from scalelaw.core.nouns.brief import Brief
from scalelaw.core.types import Array
from scalelaw.planning.published import STUDY_GROUPS, log_params
from scalelaw.planning.surfaces.closed import HasLaw
from scalelaw.planning.surfaces.iso_cost import surface_of

FLOOR = np.diag([0.08, 0.06]) ** 2
"""Extra variance of ln N* and of its exponent: laws that fit equally well differ by this on held-out budgets."""
_CLOSENESS = 6.0
"""The weight of a law is its residual to the power of minus this."""
_PROFILES = 2.0
"""Weight of the profiles relative to all laws together."""
_STEP = np.log(10.0)
"""Step in ln C that defines the exponent."""
_BELOW = 0.25
"""The same if the largest budget has no best size, usually because that lies outside the swept sizes."""
_NEAR = 1.5
"""Budgets within this factor of the largest count as the largest."""
_FEWEST = 8
_FAR = 4.0
"""Draws beyond this many robust standard deviations are excluded from a correlation."""

Pair = Array
"""ln N* at the largest fitted budget, and the exponent beyond it, (2,)."""


@runtime_checkable
class HasDeciders(Protocol):
    """A forecaster of several laws; some of the laws have a compute-optimal split."""

    @property
    def deciding(self) -> Sequence[tuple[HasLaw, float]]:
        """The laws with a split, each with its relative residual."""

    @property
    def profiles(self) -> IsoFlop | None:
        """Best size at each budget of the table; None without IsoFLOP profiles."""

    @property
    def largest(self) -> float:
        """C in FLOP of the largest run."""

    def centre(self, params: Array, tokens: Array) -> Array:
        """Return the loss at points of any shape."""

    def width(self, params: Array, tokens: Array) -> Array:
        """Return the interval width of the mean log loss at n points, (n,)."""

    def quantile(self, rank: Array) -> Array:
        """Return the quantile at a rank in (0, 1), as a number of widths from the centre."""


@dataclass(frozen=True, eq=False)
class Growth(Brief):
    """One normal distribution of the pair (ln N*, exponent).

    Attributes:
        weight: log weight in the mixture.
        mean: mean, (2,).
        cov: covariance, (2, 2).
    """

    weight: float
    mean: Pair
    cov: Array

    def measured(self, axis: int, value: float, sd: float) -> "Growth":
        """Return the posterior after an independent measurement of one component of the pair (axis 0 or 1)."""
        gain = self.cov[:, axis] / (self.cov[axis, axis] + sd**2)
        return replace(
            self,
            mean=self.mean + gain * (value - self.mean[axis]),
            cov=self.cov - np.outer(gain, self.cov[axis]),
        )


def growths(forecaster: HasDeciders, counting: Counting, *, studies: bool) -> tuple[Growth, ...]:
    """Return the distributions of the pair from laws and profiles, updated by published studies if requested.

    Args:
        forecaster: the laws.
        counting: convention that gives C from N and D.
        studies: whether to include published studies.
    """
    alone = _of_runs(forecaster, counting)
    return tuple(_with_studies(alone, *log_params(forecaster.largest, counting))) if studies else alone


def _of_runs(forecaster: HasDeciders, counting: Counting) -> tuple[Growth, ...]:
    """Return the distribution of each law, then that of the profiles."""
    budgets = forecaster.largest * np.exp([0.0, _STEP])
    each = (_of_law(fit, residual, budgets, counting) for fit, residual in forecaster.deciding)
    laws = [law for law in each if law is not None]
    profiles = forecaster.profiles
    drawn = None if profiles is None else profiles.params.draws_at(budgets)
    seen = None if drawn is None else _summed(np.log(drawn))
    if profiles is None or seen is None:
        return tuple(laws)
    mean, cov = seen
    laws = [replace(law, weight=law.weight + _agrees(law, mean[0], cov[0, 0] + FLOOR[0, 0])) for law in laws]
    whole = np.logaddexp.reduce([law.weight for law in laws]) if laws else 0.0
    shown = profiles.used[-1].flops * _NEAR >= forecaster.largest
    return (*laws, Growth(float(whole + np.log(_PROFILES if shown else _BELOW)), mean, cov + FLOOR))


def _of_law(fit: HasLaw, residual: float, budgets: Array, counting: Counting) -> Growth | None:
    """Return the distribution of one law; None if too few of its draws have an optimum."""
    if fit.draws is None:
        return None
    params, _ = surface_of(fit.law, fit.draws, counting).optimum(budgets)  # type: ignore[arg-type]
    found = _summed(np.log(params))
    return None if found is None else Growth(float(-_CLOSENESS * np.log(residual)), found[0], found[1] + FLOOR)


def _agrees(law: Growth, seen: float, variance: float) -> float:
    """Return the log likelihood, under a law, of the profiles' ln N*."""
    total = law.cov[0, 0] + variance
    return float(-((law.mean[0] - seen) ** 2) / total / 2 - np.log(total) / 2)


def _summed(logs: Array) -> tuple[Pair, Array] | None:
    """Return median and robust covariance of (ln N*, exponent) from draws of ln N* at two budgets, (b, 2)."""
    sound = logs[np.isfinite(logs).all(axis=1)]
    if len(sound) < _FEWEST:
        return None
    pairs = np.stack([sound[:, 0], (sound[:, 1] - sound[:, 0]) / _STEP], axis=1)
    middle = np.median(pairs, axis=0)
    spread = half_width(pairs)
    near = (np.abs(pairs - middle) <= _FAR * spread).all(axis=1)
    together = np.corrcoef(pairs[near].T)[0, 1] if near.sum() >= _FEWEST and (spread > 0).all() else 0.0
    cross = np.nan_to_num(together) * spread.prod()
    return middle, np.array([[spread[0] ** 2, cross], [cross, spread[1] ** 2]])


def _with_studies(alone: Sequence[Growth], size: float, sd: float) -> Iterator[Growth]:
    for group in STUDY_GROUPS:
        for each in alone:
            shared = replace(each, weight=each.weight + np.log(group.share))
            yield shared.measured(1, group.exponent, group.sd).measured(0, size, sd)
