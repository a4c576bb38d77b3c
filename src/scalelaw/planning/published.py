"""What published studies say of compute-optimal training, before any run: how N* grows, and how many tokens it gets."""

import math
from dataclasses import dataclass

import numpy as np

from scalelaw.accounting.flops import Counting


@dataclass(frozen=True)
class Camp:
    """Studies that agree on an exponent.

    Attributes:
        share: how many of all studies they are.
        exponent: a of N* ~ C^a.
        sd: how far one more such study may lie from it.
    """

    share: float
    exponent: float
    sd: float


CAMPS = (Camp(0.8, 0.5, 0.1), Camp(0.2, 0.75, 0.1))
"""Studies find one of two exponents. With every part of the recipe tuned to its size, about a half: 0.46 to 0.50
(Hoffmann et al. 2022, arXiv 2203.15556), 0.52 (Bi et al. 2024, 2401.02954), 0.53 (Llama 3, 2407.21783). With params or
compute counted without the head, or small models warmed up too long, about three quarters: 0.73 (Kaplan et al. 2020,
2001.08361), and up to 0.88 in its reproduction (Porian et al. 2024, 2406.19146)."""

TOKENS_PER_PARAM = 20.0
"""D*/N* of the same studies at the budgets they trained at."""
TIMES = 3.5
"""Factor by which a study's ratio lies from it, at one standard deviation."""


def words() -> str:
    """Return what the studies say, in words."""
    often, seldom = CAMPS
    return (
        f"N* grows as C^{often.exponent:g}, or as C^{seldom.exponent:g} in {seldom.share:.0%} of studies "
        f"(+- {often.sd:g}); {TOKENS_PER_PARAM:g} tokens per parameter within a factor of {TIMES:g}"
    )


def log_params(flops: float, counting: Counting) -> tuple[float, float]:
    """Return ln N* at a budget and its standard deviation: the N that the budget pays for at the studies' ratio."""
    params, _ = counting.split(flops, TOKENS_PER_PARAM)
    return float(np.log(params)), math.log(TIMES) / 2
