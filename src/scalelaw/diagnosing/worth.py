"""Which tasks are worth forecasting: scores above chance, below the ceiling, and spread wider than their noise."""

from statistics import NormalDist

from scalelaw.core.direction import higher_is_better
from scalelaw.core.quantities import SHARES

SIGNAL_TO_NOISE = 5.0
"""Range of the scores over the noise of one, below which a trend is not worth fitting."""

WORTH, AT_CHANCE, SATURATED = "worth forecasting", "not above chance", "saturated"
TOO_NOISY, UNKNOWN, ONE_RUN = "too noisy", "noise unknown", "single run"


def judged(
    target: str,
    score: float,
    chance: float | None,
    total: float | None,
    signal: float,
    noise: float | None,
    by_noise: float,
    level: float,
) -> str:
    """Return the verdict on a task.

    Not above chance: the largest run is not above chance by z noise, with z of the two-sided level. Saturated: it is
    within z noise of all items right. Too noisy: the range of the scores is below ``SIGNAL_TO_NOISE`` times the noise
    of one, or below the range that noise alone gives so many runs.

    Args:
        target: the metric and task.
        score: value of the largest run.
        chance: score of guessing, or None.
        total: standard deviation of a reading from all sources, or None.
        signal: range of the end scores.
        noise: standard deviation from step to step, or None.
        by_noise: range in SDs that noise alone gives as many runs.
        level: of the test against chance.
    """
    if total is None or noise is None:
        return UNKNOWN
    if target.partition("@")[0] in SHARES:
        far = NormalDist().inv_cdf((1 + level) / 2) * total
        right = score if higher_is_better(target) else 1 - score
        if chance is not None and right - chance <= far:
            return AT_CHANCE
        if 1 - right <= far:
            return SATURATED
    if not by_noise:
        return ONE_RUN
    return WORTH if signal >= max(SIGNAL_TO_NOISE, by_noise) * noise else TOO_NOISY
