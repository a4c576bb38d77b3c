"""How N* grows with compute, as several laws, the profiles of a table and published studies have it.

Runs say ln N* well at the largest budget fitted, and badly its exponent from there onward. Each law that splits a
budget gives both, with their covariance, and so do IsoFLOP profiles where the table holds them. No form is quite true,
so that each is less sure than its draws say, by a floor. Laws count by how closely they follow the runs and by how well
they agree with the profiles. Published studies then count as one more measurement of each. What all say together is a
mixture of normal distributions of (ln N*, exponent).
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
from scalelaw.planning.published import CAMPS, log_params
from scalelaw.planning.surfaces.closed import HasLaw
from scalelaw.planning.surfaces.iso_cost import surface_of

FLOOR = np.diag([0.08, 0.06]) ** 2
"""Variance of ln N* and of its exponent that no fit shows: laws that fit alike differ by that on held-out budgets."""
_CLOSENESS = 6.0
"""Weight of a law: its residual to the power of minus this."""
_PROFILES = 2.0
"""What profiles weigh, all laws together weighing one."""
_STEP = np.log(10.0)
"""ln C over which an exponent is taken."""
_BELOW = 0.25
"""The same where the largest budget has no best size, most often because it lies off the sizes swept."""
_NEAR = 1.5
"""Factor within which a budget is the largest."""
_FEWEST = 8
_FAR = 4.0
"""Draws beyond so many robust spreads do not count for a correlation."""

Pair = Array
"""ln N* at the largest budget fitted, and the exponent from there onward, (2,)."""


@runtime_checkable
class HasDeciders(Protocol):
    """A forecaster of several laws, some of which have a compute-optimal split."""

    @property
    def deciding(self) -> Sequence[tuple[HasLaw, float]]:
        """Those laws, each with its relative residual."""

    @property
    def profiles(self) -> IsoFlop | None:
        """The best size at each budget of the table, where it holds IsoFLOP profiles."""

    @property
    def largest(self) -> float:
        """C in FLOP of the largest run."""

    def centre(self, params: Array, tokens: Array) -> Array:
        """Return the loss at points of any shape."""

    def width(self, params: Array, tokens: Array) -> Array:
        """Return the width of the mean of runs at n points, (n,)."""

    def quantile(self, rank: Array) -> Array:
        """Return where a rank in (0, 1) lies, in widths."""


@dataclass(frozen=True, eq=False)
class Growth(Brief):
    """One normal distribution of a pair.

    Attributes:
        weight: log of what it counts for.
        mean: its middle, (2,).
        cov: its covariance, (2, 2).
    """

    weight: float
    mean: Pair
    cov: Array

    def measured(self, axis: int, value: float, sd: float) -> "Growth":
        """Return what it becomes as one of the pair (0 or 1) is measured apart from the runs."""
        gain = self.cov[:, axis] / (self.cov[axis, axis] + sd**2)
        return replace(
            self,
            mean=self.mean + gain * (value - self.mean[axis]),
            cov=self.cov - np.outer(gain, self.cov[axis]),
        )


def growths(forecaster: HasDeciders, counting: Counting, *, studies: bool) -> tuple[Growth, ...]:
    """Return what laws and profiles say of the pair, and published studies with them.

    Args:
        forecaster: the laws.
        counting: how C follows from N and D.
        studies: whether published studies count.
    """
    alone = _of_runs(forecaster, counting)
    return tuple(_with_studies(alone, *log_params(forecaster.largest, counting))) if studies else alone


def _of_runs(forecaster: HasDeciders, counting: Counting) -> tuple[Growth, ...]:
    """Return what each law says, and last what the profiles say."""
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
    """Return what one law says, or None where too few of its draws have an optimum."""
    if fit.draws is None:
        return None
    params, _ = surface_of(fit.law, fit.draws, counting).optimum(budgets)  # type: ignore[arg-type]
    found = _summed(np.log(params))
    return None if found is None else Growth(float(-_CLOSENESS * np.log(residual)), found[0], found[1] + FLOOR)


def _agrees(law: Growth, seen: float, variance: float) -> float:
    """Return the log likelihood of the ln N* of profiles under a law."""
    total = law.cov[0, 0] + variance
    return float(-((law.mean[0] - seen) ** 2) / total / 2 - np.log(total) / 2)


def _summed(logs: Array) -> tuple[Pair, Array] | None:
    """Return median and robust covariance of (ln N*, exponent) from draws of ln N* at both budgets, (b, 2)."""
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
    for camp in CAMPS:
        for each in alone:
            shared = replace(each, weight=each.weight + np.log(camp.share))
            yield shared.measured(1, camp.exponent, camp.sd).measured(0, size, sd)
