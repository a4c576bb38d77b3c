"""Give the band of a run's loss before its end, from the forecast of its end, and combine two estimates of the end.

A loss before the end of a run cannot be compared with a law of finished runs: the learning rate has not decayed, and
tokens are still to come. Compare it with L(t) = L_end * shape(t) / shape(end), where L_end is the forecast and the
shapes come from ``curve_shape``.
"""

from dataclasses import dataclass

import numpy as np

from scalelaw.core.types import Array
from scalelaw.curves.curve_forecast import LEAST_NOISE, MISFIT, SURE, known_shapes
from scalelaw.curves.curve_shape import RunSchedule

_TAILS = 4.0
"""Degrees of freedom of an estimate; heavy tails keep two contradicting estimates both possible, but not the middle."""
_GRID = 2001
_FAR = 12.0
_OTHERWISE = 0.1
"""Share of runs that are trained differently from the runs they were forecast from."""
_THEIR_SCALE = 0.1
"""Scale of ln(loss / forecast) of such runs; published changes of recipe move a loss by 4 to 50 %."""
_ONE_SCALE = 0.6260990
"""Probability within one scale of the median at these tails."""


@dataclass(frozen=True)
class NormalEstimate:
    """Estimate of a positive number: its logarithm follows Student's t, scaled on each side to fit an interval.

    Attributes:
        middle: median.
        lo: lower end of the central interval.
        hi: upper end of the central interval.
        level: level of the interval.
    """

    middle: float
    lo: float
    hi: float
    level: float = 0.9

    @property
    def scales(self) -> tuple[float, float]:
        """Scale of the logarithm below and above the median."""
        from scipy.special import stdtrit

        end = float(stdtrit(_TAILS, (1.0 + self.level) / 2.0))
        return np.log(self.middle / self.lo) / end, np.log(self.hi / self.middle) / end

    def quantile(self, share: Array) -> Array:
        """Return the quantiles at these probabilities, each in (0, 1)."""
        from scipy.special import stdtrit

        below, above = self.scales
        standard = stdtrit(_TAILS, share)
        return np.asarray(self.middle * np.exp(standard * np.where(standard < 0, below, above)))

    def above(self, value: float) -> float:
        """Return the probability of a larger value."""
        from scipy.special import stdtr

        far = np.log(value / self.middle)
        return float(1.0 - stdtr(_TAILS, far / self.scales[int(far > 0)]))

    def density(self, log_value: Array) -> Array:
        """Return the log density of the logarithm, up to a constant common to all estimates."""
        far = log_value - np.log(self.middle)
        below, above = self.scales
        kernel = -(_TAILS + 1) / 2 * np.log1p((far / np.where(far < 0, below, above)) ** 2 / _TAILS)
        return np.asarray(kernel - np.log((below + above) / 2))


def believed(middle: float, lo: float, hi: float, level: float) -> NormalEstimate:
    """Return the estimate for an interval; the point of a biased forecast may lie outside and is replaced."""
    return NormalEstimate(middle if lo < middle < hi else float(np.sqrt(lo * hi)), lo, hi, level)


def joined(forecast: NormalEstimate, seen: NormalEstimate, level: float = 0.9) -> NormalEstimate:
    """Combine a forecast from other runs with that from the run's own curve, by the product of densities.

    One run in ten is assumed to be trained differently from those behind the forecast. So if the two contradict each
    other, the run's own curve decides.

    Example:
        >>> both = joined(NormalEstimate(2.0, 1.9, 2.1), NormalEstimate(2.1, 2.0, 2.2))
        >>> 2.0 < both.middle < 2.1 and 1.9 < both.lo and both.hi < 2.2
        True
        >>> 2.5 < joined(NormalEstimate(2.0, 1.99, 2.01), NormalEstimate(2.6, 2.5, 2.7)).middle
        True
    """
    far = np.exp(_THEIR_SCALE)
    otherwise = NormalEstimate(forecast.middle, forecast.middle / far, forecast.middle * far, level=_ONE_SCALE)
    reach = [np.log(each.middle) + sign * _FAR * max(each.scales) for each in (otherwise, seen) for sign in (-1, 1)]
    near = np.log(forecast.middle) + np.linspace(-_FAR, _FAR, _GRID) * max(forecast.scales)
    grid = np.union1d(np.linspace(min(reach), max(reach), _GRID), near)
    alike = np.log(1 - _OTHERWISE) + forecast.density(grid)
    unlike = np.log(_OTHERWISE) + otherwise.density(grid)
    density = np.logaddexp(alike, unlike) + seen.density(grid)
    height = np.exp(density - density.max())
    share = np.concatenate([[0.0], np.cumsum(np.diff(grid) * (height[1:] + height[:-1]))])
    share /= share[-1]
    lo, middle, hi = np.exp(np.interp([(1 - level) / 2, 0.5, (1 + level) / 2], share, grid))
    return NormalEstimate(float(middle), float(lo), float(hi), level)


def band_on_the_way(
    course: RunSchedule, time: Array, end: NormalEstimate, *, level: float = 0.9, noise: float = LEAST_NOISE
) -> tuple[Array, Array, Array]:
    """Return the band of a reading at each time: lower end, median and upper end, each (n,).

    Args:
        course: end and schedule of the run.
        time: tokens or steps before the end, (n,).
        end: estimate of the loss at the end.
        level: level of the band.
        noise: standard deviation of a reading over the loss.
    """
    draws = known_shapes()
    count = len(draws.noise)
    rng = np.random.default_rng(0)
    final = end.quantile((rng.permutation(count) + 0.5) / count)
    far = np.log(course.progress(time) / course.progress(np.array([course.end])))
    shape = draws.at(course, np.append(time, course.end), course.end)
    spread = np.sqrt(SURE**2 + noise**2 + (MISFIT * far) ** 2)
    reading = final[:, None] * shape[:, :-1] / shape[:, -1:] * np.exp(spread * draws.noise[:, None])
    tail = (1.0 - level) / 2.0
    lo, middle, hi = np.quantile(reading, [tail, 0.5, 1.0 - tail], axis=0)
    return lo, middle, hi
