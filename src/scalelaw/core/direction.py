"""Direction in which a metric improves, used wherever code picks the best value."""

import re

import numpy as np

from scalelaw.core.quantities import BENCHMARKS
from scalelaw.core.types import Array

_RISING = frozenset(
    {"score", "accuracy", "acc", "reward", "win", "f1", "bleu", "rouge", "auc", "logprob", "loglikelihood", *BENCHMARKS}
)
_FALLING = frozenset({"loss", "error", "err", "bpb", "bpc", "ppl", "perplexity", "ce", "nll", "increase"})


def higher_is_better(target: str) -> bool:
    """Return whether a target improves upwards: scores do; losses, errors and bits per byte do not.

    Args:
        target: ``metric@eval_set`` or a bare metric; an unknown metric counts as a loss.

    Example:
        >>> higher_is_better("score@mmlu"), higher_is_better("bpb@c4"), higher_is_better("error@mmlu")
        (True, False, False)
    """
    words = set(re.split(r"[^a-z0-9]+", target.partition("@")[0].lower()))
    return bool(words & _RISING) and not words & _FALLING


def demerit(target: str, values: Array) -> Array:
    """Return values signed so that the lowest is the best, (n,)."""
    return np.asarray(-values if higher_is_better(target) else values)


def best_value(target: str, values: Array) -> float:
    """Return the best of some values: the highest score, or the lowest of anything else."""
    return float(np.max(values) if higher_is_better(target) else np.min(values))
