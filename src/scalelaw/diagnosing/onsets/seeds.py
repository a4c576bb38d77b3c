"""Whether the scores of several seeds of one scale fall into two groups."""

from dataclasses import dataclass

import numpy as np

from scalelaw.core.nouns.brief import Brief
from scalelaw.core.types import AnyArray, Array
from scalelaw.diagnosing.onsets.rows import Scores

_SPREADS = 24
_CERTAIN = 10.0
_APART = 4.0
_FEWEST = 2
_SEEDS = 3


@dataclass(frozen=True)
class SeedGroups(Brief):
    """One group of seeds against two.

    Attributes:
        repeated: scales with three seeds or more.
        split: of these, scales whose seeds fall into two groups.
        bic: BIC of one group less that of two; above 10 counts as two.
        gap: mean gap between the groups of a scale, over their spread; NaN without a split.
        bimodal: the decision.
    """

    repeated: int
    split: int
    bic: float
    gap: float
    bimodal: bool


def seed_groups(scores: Scores) -> SeedGroups | None:
    """Compare one Gaussian per scale with two, on the arc sine of the root of the score; None without repeated scales.

    Item noise is held at 1 / (4 n); a spread between seeds common to all scales is fitted. Scales split only where BIC
    falls, so the seeds of a scale may be alike.
    """
    z, floor = np.arcsin(np.sqrt(scores.y)), 1 / (4 * scores.n)
    cells = [np.flatnonzero(scores.cell == each) for each in np.unique(scores.cell)]
    cells = [rows[np.argsort(z[rows])] for rows in cells if len(rows) >= _SEEDS]
    if not cells:
        return None
    total = sum(map(len, cells))
    widest = max(float(np.std(z[rows])) for rows in cells)
    single, double, splits = np.inf, np.inf, list[int]()
    for spread in np.concatenate([[0.0], np.geomspace(1e-3, max(widest, 2e-3), _SPREADS)]):
        ones, twos, chosen = 0.0, 0.0, list[int]()
        for rows in cells:
            one, two, at = _one_and_two(z[rows], floor[rows] + spread**2, np.log(total))
            ones, twos = ones + one, twos + min(one, two)
            chosen.append(at if two < one else 0)
        single = min(single, ones)
        if twos < double:
            double, splits = twos, chosen
    gaps, low, high = _gaps(z, floor, cells, splits)
    gap = float(np.mean(gaps)) if gaps else float("nan")
    bimodal = single - double > _CERTAIN and bool(gaps) and gap > _APART and min(low, high) >= _FEWEST
    return SeedGroups(len(cells), len(gaps), float(single - double), gap, bimodal)


def _one_and_two(z: Array, variance: Array, log_total: float) -> tuple[float, float, int]:
    """Return the BIC of one group and of the best two of sorted values, and where these part."""

    def misfit(part: slice) -> float:
        weight = 1 / variance[part]
        mean = np.sum(weight * z[part]) / np.sum(weight)
        return float(np.sum(weight * (z[part] - mean) ** 2 + np.log(variance[part])))

    m = len(z)
    found = [
        misfit(slice(0, at)) + misfit(slice(at, m)) - 2 * (at * np.log(at / m) + (m - at) * np.log(1 - at / m))
        for at in range(1, m)
    ]
    best = int(np.argmin(found))
    return misfit(slice(0, m)) + log_total, float(found[best]) + 3 * log_total, best + 1


def _gaps(z: Array, floor: Array, cells: list[AnyArray], splits: list[int]) -> tuple[list[float], int, int]:
    """Return the gap of each split scale over the spread within its groups, and the seeds below and above."""
    parted = [(rows[:at], rows[at:]) for rows, at in zip(cells, splits, strict=True) if at]
    if not parted:
        return [], 0, 0
    within = sum(float(np.sum((z[part] - z[part].mean()) ** 2)) for pair in parted for part in pair)
    spare = max(sum(len(part) - 1 for pair in parted for part in pair), 1)
    spread = np.sqrt(max(within / spare, float(np.mean([floor[part].mean() for pair in parted for part in pair]))))
    gaps = [float((z[high].mean() - z[low].mean()) / spread) for low, high in parted]
    return gaps, sum(len(low) for low, _ in parted), sum(len(high) for _, high in parted)
