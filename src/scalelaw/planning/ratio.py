"""The compute-optimal ratio of tokens to params: what the runs say of it, weighed against what published studies say.

Loss is flat around its optimum, so runs tell the best split badly and studies of other models tell it well. Both are
known on the log as far as they spread, and count by the inverse of their variance: the better the runs tell the ratio,
the less the literature matters.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np

from scalelaw.core.forecaster import ONE_SD, interval
from scalelaw.core.types import Array
from scalelaw.fitting.prior import verified
from scalelaw.laws import HasOptimum, get
from scalelaw.planning.surface import Points

AT = 1e20
"""C in FLOP at which studies are compared: amid what they trained."""


@dataclass(frozen=True)
class Literature:
    """What published studies say of ln(D*/N*).

    Attributes:
        mean: over studies.
        sd: of one more study, as wide as Student's law of so few has it at 90 %.
        studies: which they are.
    """

    mean: float
    sd: float
    studies: tuple[str, ...]


@cache
def literature() -> Literature:
    """Return ln(D*/N*) over the studies whose constants of Chinchilla's form the registry holds.

    Unverified ones are left out; constants of one study (``gadre2024-c4``, ``gadre2024-redpajama``) are averaged first.
    """
    from scipy.special import ndtri, stdtrit

    law = get("chinchilla")
    assert isinstance(law, HasOptimum)
    found = {study: [law.optimum(law.vector(each.coef), np.array(AT)) for each in own]
             for study, own in verified(law.published).items()}  # fmt: skip
    means = [np.mean([float(np.log(tokens / params)) for params, tokens in splits]) for splits in found.values()]
    student = stdtrit(len(means) - 1, 0.95) / ndtri(0.95)
    sd = float(student * np.std(means, ddof=1) * np.sqrt(1 + 1 / len(means)))
    return Literature(float(np.mean(means)), sd, tuple(found))


@dataclass(frozen=True, eq=False)
class Split:
    """The ratio by runs and literature together.

    Attributes:
        centre: ln(D*/N*).
        draws: of it, (b,); NaN where a draw has no optimum.
        share: how much of it is the literature's.
    """

    centre: float
    draws: Array
    share: float


def combined(ratios: Array, factor: float) -> Split | None:
    """Return the ratio by both, or None where fewer than two draws have an optimum.

    Args:
        ratios: ln(D*/N*) of the draws, (b,).
        factor: how much wider it spreads than the draws have it.
    """
    known = ratios[np.isfinite(ratios)]
    if len(known) < 2:
        return None
    told, middle = literature(), float(np.median(known))
    low, high = interval(known, ONE_SD)
    spread = float(factor * (high - low) / 2)
    share = spread**2 / (spread**2 + told.sd**2)
    centre = (1 - share) * middle + share * told.mean
    return Split(float(centre), centre + factor * np.sqrt(1 - share) * (ratios - middle), float(share))


def split_at(products: Array, ratios: Array) -> Points:
    """Return N and D of products N D and ratios ln(D/N); C is left to who counts it.

    Args:
        products: N D, (b,).
        ratios: ln(D/N), (b,).
    """
    return Points(np.sqrt(products) * np.exp(-ratios / 2), np.sqrt(products) * np.exp(ratios / 2), products)
