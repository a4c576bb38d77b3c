"""Extrapolate one loss curve to its end: weight shapes drawn from a prior by the curve up to the cut.

The data are medians over equal steps of ln(progress), over the last decade of progress before the cut. A draw's weight
is its likelihood. The error at a point is the noise of a reading plus a misfit of 3 % for each e-fold of progress
between it and the cut. Both errors also widen the forecast, which is for a single reading at the end.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np

from scalelaw.core.errors import BadInput
from scalelaw.core.nouns.brief import Brief
from scalelaw.core.numbers import counted
from scalelaw.core.types import Array, frozen
from scalelaw.curves.curve_shape import CurveShapes, RunSchedule, draw_shapes

FEWEST = 3
_PATH = 25
_PER_EFOLD = 4
_REACH_BACK = 0.1
_FEWEST_BINS = 4
MISFIT = 0.03
SURE = 0.003
LEAST_NOISE = 0.002
_SIGMA_OF_MAD = 1.4826
_NOISE_FROM = 5
_STRAINED = 20.0


@dataclass(frozen=True, eq=False)
class CurveForecast(Brief):
    """The loss from the cut of a curve to its end.

    Attributes:
        cut: tokens or steps of the last reading used.
        used: number of readings used.
        last_value: loss of the last reading used.
        noise: standard deviation of a reading around its curve, over the loss.
        level: level of the interval.
        time: times from the cut to the end, (q,); the last is the end of the run.
        mean: median forecast of a reading, (q,).
        lo: lower end of its interval, (q,).
        hi: upper end of its interval, (q,).
        effective_draws: effective number of draws of the prior that agree with the curve.
    """

    cut: float
    used: int
    last_value: float
    noise: float
    level: float
    time: Array
    mean: Array
    lo: Array
    hi: Array
    effective_draws: float

    @property
    def strained(self) -> bool:
        """Whether the curve is unlikely under the prior."""
        return self.effective_draws < _STRAINED


def extrapolate_curve(time: Array, loss: Array, course: RunSchedule, *, level: float = 0.9) -> CurveForecast:
    """Forecast the loss at the end of a run from its readings so far.

    Args:
        time: tokens or steps of each reading, ascending, (n,).
        loss: the readings, (n,), positive.
        course: end and schedule of the run.
        level: level of the interval.

    Raises:
        BadInput: fewer than three readings after the warmup, invalid or unordered readings, or a finished run.

    Example:
        >>> steps = np.arange(100.0, 3001.0, 100.0)
        >>> ahead = extrapolate_curve(steps, 2 + 20 * steps**-0.5, RunSchedule(end=9000.0))
        >>> bool(ahead.lo[-1] < 2 + 20 * 9000**-0.5 < ahead.hi[-1])
        True
    """
    _check(time, loss, course, level)
    trained = time >= (course.schedule.warmup * course.end if course.schedule else 0.0)
    if trained.sum() < FEWEST:
        raise BadInput(f"{counted(int(trained.sum()), 'reading')} after the warmup; a forecast needs {FEWEST} or more")
    time, loss = time[trained], loss[trained]
    cut, noise, shapes = float(time[-1]), _noise(time, loss), known_shapes()
    at, level_of, count = _condensed(time, loss, course)
    far = np.log(course.progress(at) / course.progress(np.array([cut])))
    weight = 1.0 / (SURE**2 + noise**2 / count + (MISFIT * far) ** 2)
    shape = shapes.at(course, at, cut)
    height = (shape * level_of * weight).sum(1) / (shape**2 * weight).sum(1)
    misfit = ((height[:, None] * shape / level_of - 1.0) ** 2 * weight).sum(1)
    likely = np.exp(-(misfit - misfit.min()) / 2.0)
    likely /= likely.sum()
    ahead = cut * (course.end / cut) ** np.linspace(0.0, 1.0, _PATH)
    ahead[-1] = course.end
    far = np.log(course.progress(ahead) / course.progress(np.array([cut])))
    middle = height[:, None] * shapes.at(course, ahead, cut)
    spread = np.sqrt(SURE**2 + noise**2 + (MISFIT * far) ** 2)
    reading = middle * np.exp(spread * shapes.noise[:, None])
    tail = (1.0 - level) / 2.0
    return CurveForecast(
        cut=cut,
        used=len(time),
        last_value=float(loss[-1]),
        noise=noise,
        level=level,
        time=frozen(ahead),
        mean=frozen(_quantile(middle, likely, 0.5)),
        lo=frozen(_quantile(reading, likely, tail)),
        hi=frozen(_quantile(reading, likely, 1.0 - tail)),
        effective_draws=float(1.0 / np.sum(likely**2)),
    )


@cache
def known_shapes() -> CurveShapes:
    """Return the draws of the prior, computed once."""
    return draw_shapes()


def _check(time: Array, loss: Array, course: RunSchedule, level: float) -> None:
    if not 0 < level < 1:
        raise BadInput(f"level={level!r}: give a number between 0 and 1")
    if time.shape != loss.shape or time.ndim != 1:
        raise BadInput(f"times {time.shape} and losses {loss.shape}: give two arrays of equal length")
    if len(time) < FEWEST:
        raise BadInput(f"{counted(len(time), 'reading')}; a forecast needs {FEWEST} or more")
    if not np.all(np.isfinite(loss) & (loss > 0)):
        raise BadInput("a loss is missing, infinite or not positive; leave out such readings")
    if not (time[0] > 0 and np.all(np.diff(time) > 0)):
        raise BadInput("times must be positive and ascending")
    if time[-1] >= course.end:
        raise BadInput(
            f"the last reading at {time[-1]:g} is not before the end of the run at {course.end:g}; give a later "
            "end= or an earlier cut"
        )


def _noise(time: Array, loss: Array) -> float:
    """Estimate the sd of a reading over the loss from the differences of neighbours in the last two thirds."""
    steps = np.diff(np.log(loss[time > time[-1] / 3.0]))
    if len(steps) < _NOISE_FROM:
        return LEAST_NOISE
    typical = np.median(np.abs(steps - np.median(steps)))
    return max(LEAST_NOISE, float(_SIGMA_OF_MAD * typical / np.sqrt(2.0)))


def _condensed(time: Array, loss: Array, course: RunSchedule) -> tuple[Array, Array, Array]:
    """Return time, median loss and number of readings per bin of the last decade of progress, oldest first."""
    back = np.log(time / time[-1])
    bins = np.floor(back * _PER_EFOLD).astype(int)
    found = np.unique(bins)
    at = np.array([np.exp(np.mean(np.log(time[bins == each]))) for each in found])
    middle = np.array([np.median(loss[bins == each]) for each in found])
    count = np.array([np.sum(bins == each) for each in found], float)
    recent = course.progress(at) >= _REACH_BACK * course.progress(time[-1:])
    if recent.sum() < _FEWEST_BINS:
        recent[:] = True
    return at[recent], middle[recent], count[recent]


def _quantile(values: Array, weight: Array, share: float) -> Array:
    """Return the weighted quantile of each column of values (b, q)."""
    order = np.argsort(values, axis=0)
    below = np.cumsum(weight[order], axis=0)
    at = np.minimum((below < share).sum(0), len(weight) - 1)
    columns = np.arange(values.shape[1])
    return np.asarray(values[order[at, columns], columns])
