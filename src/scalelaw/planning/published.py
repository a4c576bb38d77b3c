"""Published findings on compute-optimal training: the exponent of N* in C, and tokens per parameter."""

import math
from dataclasses import dataclass

import numpy as np

from scalelaw.accounting.flops import Counting


@dataclass(frozen=True)
class StudyGroup:
    """Studies that agree on an exponent.

    Attributes:
        share: their share of all studies.
        exponent: a of N* ~ C^a.
        sd: standard deviation of the exponent of a new such study.
    """

    share: float
    exponent: float
    sd: float


STUDY_GROUPS = (StudyGroup(0.8, 0.5, 0.1), StudyGroup(0.2, 0.75, 0.1))
"""Studies find one of two exponents. If the whole recipe is tuned to each size, it is about 0.5: 0.46 to 0.50 (Hoffmann
et al. 2022, arXiv 2203.15556), 0.52 (Bi et al. 2024, 2401.02954), 0.53 (Llama 3, 2407.21783). If params or compute
exclude the head, or small models warm up too long, it is about 0.75: 0.73 (Kaplan et al. 2020, 2001.08361), and up to
0.88 in its reproduction (Porian et al. 2024, 2406.19146)."""

TOKENS_PER_PARAM = 20.0
"""D*/N* of the same studies at their budgets."""
TIMES = 3.5
"""Factor by which a study's D*/N* differs from the typical ratio: one standard deviation."""


def words() -> str:
    """Return a one-line summary of the studies."""
    often, seldom = STUDY_GROUPS
    return (
        f"N* grows as C^{often.exponent:g}, or as C^{seldom.exponent:g} in {seldom.share:.0%} of studies "
        f"(+- {often.sd:g}); {TOKENS_PER_PARAM:g} tokens per parameter within a factor of {TIMES:g}"
    )


def log_params(flops: float, counting: Counting) -> tuple[float, float]:
    """Return ln N* and the standard deviation of ln N* at a budget, assuming the D*/N* of published studies."""
    params, _ = counting.split(flops, TOKENS_PER_PARAM)
    return float(np.log(params)), math.log(TIMES) / 2
