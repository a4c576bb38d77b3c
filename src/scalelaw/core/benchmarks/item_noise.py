"""How far a score may be off because a benchmark has few items: errors, intervals, and gains that items resolve."""

import math
from statistics import NormalDist

from scalelaw.core.errors import BadInput
from scalelaw.core.forecaster import check_level

POWER = 0.8
"""Probability with which a smallest gain is found where it is real."""


def share_se(share: float, items: float, design_effect: float = 1.0) -> float:
    """Return the standard error of a share of right answers, sqrt(Q (1 - Q) / n).

    Args:
        share: Q, in [0, 1].
        items: n.
        design_effect: factor of the variance from items that belong together, see ``design_effect``.

    Raises:
        BadInput: the share is outside 0 to 1, or there is less than one item.

    Example:
        >>> round(share_se(0.7, 164), 5), round(share_se(0.7, 14042), 5)
        (0.03578, 0.00387)
    """
    return math.sqrt(_share(share) * (1 - share) / _items(items) * design_effect)


def wilson(share: float, items: float, level: float = 0.95) -> tuple[float, float]:
    """Return Wilson's interval of a share, which also holds with few items and at 0 and 1.

    Args:
        share: Q, in [0, 1].
        items: n; divide it by the design effect where items belong together.
        level: probability of the interval.

    Raises:
        BadInput: the share is outside 0 to 1, there is less than one item, or the level is not between 0 and 1.

    Example:
        >>> [round(end, 4) for end in wilson(21 / 30, 30)]
        [0.5212, 0.8334]
    """
    check_level(level)
    square = NormalDist().inv_cdf((1 + level) / 2) ** 2 / _items(items)
    middle = (_share(share) + square / 2) / (1 + square)
    half = math.sqrt(square * (share * (1 - share) + square / 4)) / (1 + square)
    low, high = max(0.0, middle - half), min(1.0, middle + half)
    return (0.0 if share == 0 else low), (1.0 if share == 1 else high)


def design_effect(cluster_size: float, correlation: float) -> float:
    """Return the factor of the variance of a mean whose items belong to clusters, 1 + (m - 1) rho.

    Args:
        cluster_size: m, items of a cluster, such as questions about one text.
        correlation: rho, between items of one cluster.

    Raises:
        BadInput: the size is below 1, or the correlation outside 0 to 1.

    Example:
        >>> design_effect(5, 0.3)
        2.2
    """
    if not cluster_size >= 1 or math.isinf(cluster_size):
        raise BadInput(f"cluster size {cluster_size:g}: give the items of a cluster, 1 or more")
    if not 0 <= correlation <= 1:
        raise BadInput(f"correlation {correlation:g}: give that of the items of a cluster, from 0 to 1")
    return 1 + (cluster_size - 1) * correlation


def resampled_se(between: float, within: float, items: float, answers: float = 1) -> float:
    """Return the standard error of a mean over items that are each answered k times, sqrt((omega^2 + sigma^2 / k) / n).

    Args:
        between: omega^2, variance between the items of their chance to be answered.
        within: sigma^2, mean variance of one answer to an item.
        items: n.
        answers: k.

    Raises:
        BadInput: a variance is negative, or there is less than one item or answer.

    Example:
        >>> [round(resampled_se(0.15, 0.06, 500, k), 5) for k in (1, 8)]
        [0.02049, 0.01775]
    """
    if not (between >= 0 and within >= 0 and answers >= 1):
        raise BadInput(f"variances {between:g} and {within:g} with {answers:g} answers: give 0 or more, and 1 or more")
    return math.sqrt((between + within / answers) / _items(items))


def paired_se(first: float, second: float, items: float, correlation: float = 0.0) -> float:
    """Return the standard error of the difference of two scores on the same items.

    Args:
        first: share of one model, in [0, 1].
        second: share of the other.
        items: n.
        correlation: r, between the right answers of both over the items; 0 where the items differ.

    Raises:
        BadInput: a number is out of its range.

    Example:
        >>> round(paired_se(0.72, 0.70, 1000, 0.6), 5), round(paired_se(0.72, 0.70, 1000), 5)
        (0.01283, 0.02029)
    """
    a, b = _share(first) * (1 - first), _share(second) * (1 - second)
    return math.sqrt(max(0.0, a + b - 2 * _correlation(correlation) * math.sqrt(a * b)) / _items(items))


def smallest_gain(se: float, level: float = 0.95, correlation: float = 0.0, power: float = POWER) -> float:
    """Return the smallest difference of two scores that a two-sided test finds with this power.

    (z of the level + z of the power) sqrt(2 (1 - r)) SE.

    Args:
        se: standard error of each score.
        level: one minus the risk to find a difference between equal models.
        correlation: r, between the right answers of both over the items; 0 where the items differ.
        power: probability to find it.

    Raises:
        BadInput: a number is out of its range.

    Example:
        >>> round(smallest_gain(share_se(0.7, 32966)), 4)
        0.01
    """
    if not 0 <= se < math.inf:
        raise BadInput(f"standard error {se:g}: give 0 or more")
    return _sigmas(level, power) * math.sqrt(2 * (1 - _correlation(correlation))) * se


def items_needed(
    gain: float,
    share: float,
    level: float = 0.95,
    correlation: float = 0.0,
    power: float = POWER,
    design_effect: float = 1.0,
) -> int:
    """Return the items of each score with which a two-sided test finds a gain with this power.

    Args:
        gain: difference of the two scores.
        share: score near which they lie.
        level: one minus the risk to find a difference between equal models.
        correlation: r, between the right answers of both over the items; 0 where the items differ.
        power: probability to find it.
        design_effect: factor of the variance from items that belong together.

    Raises:
        BadInput: a number is out of its range.

    Example:
        >>> items_needed(0.01, 0.7)
        32966
    """
    if not 0 < gain < 1:
        raise BadInput(f"gain {gain:g}: give a difference of shares, like 0.01 for one point")
    one = share_se(share, 1, design_effect)
    return max(1, math.ceil((smallest_gain(one, level, correlation, power) / gain) ** 2))


def _sigmas(level: float, power: float) -> float:
    check_level(level)
    if not 0.5 <= power < 1:
        raise BadInput(f"power {power:g}: give a probability from 0.5 to below 1")
    return NormalDist().inv_cdf((1 + level) / 2) + NormalDist().inv_cdf(power)


def _share(value: float) -> float:
    if not 0 <= value <= 1:
        raise BadInput(f"score {value:g} is not a fraction; give it like 0.62")
    return value


def _items(value: float) -> float:
    if not 1 <= value < math.inf:
        raise BadInput(f"{value:g} items: give their number, 1 or more")
    return value


def _correlation(value: float) -> float:
    if not -1 <= value <= 1:
        raise BadInput(f"correlation {value:g}: give one from -1 to 1")
    return value
