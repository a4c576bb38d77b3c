"""Shapes of the loss along one run, drawn from a weak prior.

    L / L_cut ~ e + (1 - e) * ((x + x0) / (1 + x0))^-a - c * (share of the rate decayed) + g * (cost of repeats)

x is the area under the learning rate, divided by that area at the cut. The prior has five parameters:

    e     share of the loss at the cut that stays; between 0.57 and 0.83 in half of the draws
    a     exponent of the falling part, around 0.4
    x0    place where the power law starts
    c     gain from a decay, 3 ± 1.5 % of the loss at the cut
    g     cost of repeated data, within a factor of 1.8

Decision 0023 describes how they were chosen, and gives results with priors chosen without the test set.
"""

from dataclasses import dataclass

import numpy as np

from scalelaw.core.errors import BadInput
from scalelaw.core.nouns.brief import Brief
from scalelaw.core.types import Array
from scalelaw.runs.schedule import Schedule

DRAWS = 4096

_EXPONENT = (np.log(0.4), 0.4)
"""Mean and spread of ln a."""
_STAYS = (0.9, 1.0)
"""Of the logit of e."""
_OFFSET = (np.log(0.02), 1.0)
"""Of ln x0."""
_GAIN = (0.03, 0.015)
"""Of c."""
_REPEATS = (0.0, 0.6)
"""Of ln g."""
_COST_OF_REPEATS = (0.0078, 0.63, 0.68)
"""Excess loss = 0.0078 * (epochs - 1)^0.63 * (params / unique tokens)^0.68, scatter of ln 0.52: least squares over the
30 runs below 2.3e9 parameters that repeat data 1 to 60 times in the table of Muennighoff et al. 2023 (2305.16264)."""
_DIMENSIONS = 6


@dataclass(frozen=True)
class RunSchedule:
    """The plan of a run: length, schedule, distinct tokens and size.

    Attributes:
        end: tokens or steps of the whole run.
        schedule: learning-rate schedule; None if unknown; the forecast then includes no gain from its decay.
        unique_tokens: distinct tokens if the run repeats data, in the unit of ``end``.
        params: size of the model; without it, repeats cost nothing.

    Raises:
        BadInput: ``end`` is not positive.
    """

    end: float
    schedule: Schedule | None = None
    unique_tokens: float | None = None
    params: float | None = None

    def __post_init__(self) -> None:
        if not 0 < self.end < np.inf:
            raise BadInput(f"end={self.end!r}: give the tokens or steps of the whole run, a positive number")

    def progress(self, time: Array) -> Array:
        """Return the area under the rate from the start, in units of the peak times the run."""
        done = np.asarray(time, float) / self.end
        return done if self.schedule is None else self.schedule.area(done)

    def decayed(self, time: Array) -> Array:
        """Return the share of the peak rate that has decayed after the warmup; 0 for an unknown schedule."""
        done = np.asarray(time, float) / self.end
        if self.schedule is None:
            return np.zeros_like(done)
        return np.where(done < self.schedule.warmup, 0.0, 1.0 - self.schedule.lr(done))

    def repeats_cost(self, time: Array) -> Array:
        """Return the expected excess loss from repeated data, over the loss."""
        if self.unique_tokens is None or self.params is None:
            return np.zeros_like(np.asarray(time, float))
        size, by_repeats, by_crowding = _COST_OF_REPEATS
        repeats = np.maximum(np.asarray(time, float) / self.unique_tokens - 1.0, 0.0)
        return np.asarray(size * repeats**by_repeats * (self.params / self.unique_tokens) ** by_crowding)


@dataclass(frozen=True, eq=False)
class CurveShapes(Brief):
    """Draws of the prior.

    Attributes:
        exponent: a, (b, 1).
        stays: e, (b, 1).
        offset: x0, (b, 1).
        gain: c, (b, 1).
        repeats: g, (b, 1).
        noise: one standard normal number per draw, (b,).
    """

    exponent: Array
    stays: Array
    offset: Array
    gain: Array
    repeats: Array
    noise: Array

    def at(self, course: RunSchedule, time: Array, cut: float) -> Array:
        """Return the loss at times (n,), divided by roughly the loss at the cut, (b, n)."""
        x = course.progress(time) / course.progress(np.array([cut]))
        falling = (1 - self.stays) * ((x + self.offset) / (1 + self.offset)) ** -self.exponent
        return np.asarray(
            self.stays + falling - self.gain * course.decayed(time) + self.repeats * course.repeats_cost(time)
        )


def draw_shapes() -> CurveShapes:
    """Return prior draws: points of a fixed low-discrepancy sequence, mapped through the prior's quantile functions."""
    from scipy.special import expit, ndtri

    golden = 1.0
    for _ in range(32):
        golden = (1 + golden) ** (1 / (_DIMENSIONS + 1))
    steps = golden ** -np.arange(1.0, _DIMENSIONS + 1)
    normal = ndtri((0.5 + np.arange(1.0, DRAWS + 1)[:, None] * steps) % 1.0)

    def spread(column: int, centre: tuple[float, float]) -> Array:
        return np.asarray(centre[0] + centre[1] * normal[:, column, None])

    return CurveShapes(
        exponent=np.exp(spread(0, _EXPONENT)),
        stays=expit(spread(1, _STAYS)),
        offset=np.exp(spread(2, _OFFSET)),
        gain=spread(3, _GAIN),
        repeats=np.exp(spread(4, _REPEATS)),
        noise=normal[:, 5],
    )
