"""Whether a continuous metric of the same items improves smoothly where the score stays at chance."""

from dataclasses import dataclass

import numpy as np

from scalelaw.core.nouns.brief import Brief
from scalelaw.core.types import Array
from scalelaw.diagnosing.onsets.forms import breaks
from scalelaw.diagnosing.onsets.rows import Scores

MARGIN = 2.0
_FEWEST = 5
_LEAST = 1e-12
_TRUSTED = 3.0
_BELOW = 3


@dataclass(frozen=True)
class Continuous(Brief):
    """The continuous metric along the scale.

    Attributes:
        target: its name.
        smooth: True if smooth, False if it breaks, None if its rows cannot decide.
        exponent: slope of ln metric over ln scale (over minus the loss on that scale).
        margin: AICc of the best kink less that of the best smooth curve; infinite if there are too few scales for one.
        below: standard errors by which it improves over the rows where the score is at chance; NaN with fewer than
            three.
        missed: standard errors by which the smooth curve of the other scales misses the largest; NaN where unknown.
        length: L_eff = -d ln(score) / d metric, from rows above the resolution limit at chance zero; NaN where unknown.
    """

    target: str
    smooth: bool | None
    exponent: float
    margin: float
    below: float
    missed: float
    length: float


def judge_continuous(scores: Scores, at_chance: Array, visible: Array) -> Continuous | None:
    """Compare smooth curves of the logarithm of the metric with kinks; None without such a metric.

    Args:
        scores: the rows.
        at_chance: mask of the rows where the score is at chance, (n,).
        visible: excess over chance that the items of each row can show, (n,).
    """
    if scores.nll is None or scores.continuous is None:
        return None
    known = np.isfinite(scores.nll)
    u, v = scores.scale.u[known], np.log(scores.nll[known])
    length = _length(scores, visible)
    if len(np.unique(u)) < _FEWEST:
        return Continuous(scores.continuous, None, float("nan"), float("nan"), float("nan"), float("nan"), length)
    line = _fitted(np.column_stack([np.ones(len(u)), u]), v)
    bent = _fitted(np.column_stack([np.ones(len(u)), u, u**2]), v)
    kinks = [
        _criterion(_fitted(np.column_stack([np.ones(len(u)), np.maximum(u - at, 0)]), v)[1], len(u), 4)
        for at in breaks(u)
    ]
    smooth = min(_criterion(line[1], len(u), 3), _criterion(bent[1], len(u), 4))
    margin = min(kinks, default=np.inf) - smooth
    below = _slope(u[at_chance[known]], v[at_chance[known]])
    per = scores.scale.half * (1.0 if scores.scale.name == "loss" else np.log(10))
    improves = -line[0][1] / max(_slope_error(u, line[1]), _LEAST) > _TRUSTED
    ok = bool(improves and margin > MARGIN and not below < 2)
    broken = not improves or margin < -MARGIN
    return Continuous(
        target=scores.continuous,
        smooth=True if ok else False if broken else None,
        exponent=float(line[0][1] / per),
        margin=float(margin),
        below=below,
        missed=_missed(u, v),
        length=length,
    )


def _fitted(design: Array, v: Array) -> tuple[Array, float]:
    coef, *_ = np.linalg.lstsq(design, v, rcond=None)
    return np.asarray(coef, float), float(np.sum((v - design @ coef) ** 2))


def _criterion(squares: float, n: int, k: int) -> float:
    """Return AICc of Gaussian noise of unknown size, which counts among the k parameters."""
    spare = n - k - 1
    return n * float(np.log(max(squares / n, _LEAST))) + 2 * k + (2 * k * (k + 1) / spare if spare > 0 else np.inf)


def _slope_error(u: Array, squares: float) -> float:
    return float(np.sqrt(squares / max(len(u) - 2, 1) / np.sum((u - u.mean()) ** 2)))


def _slope(u: Array, v: Array) -> float:
    """Return the fall of v with u in standard errors; NaN with too few places."""
    if len(np.unique(u)) < _BELOW:
        return float("nan")
    coef, squares = _fitted(np.column_stack([np.ones(len(u)), u]), v)
    return float(-coef[1] / max(_slope_error(u, squares), _LEAST))


def _missed(u: Array, v: Array) -> float:
    """Return by how many standard errors the line through the other scales misses the largest."""
    rest = u < u.max()
    if len(np.unique(u[rest])) < _BELOW:
        return float("nan")
    design = np.column_stack([np.ones(len(u)), u])
    coef, squares = _fitted(design[rest], v[rest])
    variance = squares / max(int(rest.sum()) - 2, 1)
    ends = design[~rest].mean(axis=0)
    spread = variance * (1 / np.sum(~rest) + ends @ np.linalg.inv(design[rest].T @ design[rest]) @ ends)
    return float(abs(v[~rest].mean() - ends @ coef) / np.sqrt(max(spread, _LEAST)))


def _length(scores: Scores, visible: Array) -> float:
    """Return -slope of ln score over the metric where both are known and the score is above the resolution limit."""
    if scores.nll is None or scores.g > 0:
        return float("nan")
    seen = np.isfinite(scores.nll) & (scores.y > visible)
    if len(np.unique(scores.nll[seen])) < _BELOW:
        return float("nan")
    weight = np.sqrt(scores.n[seen] * scores.y[seen] / np.maximum(1 - scores.y[seen], 1 / scores.n[seen]))
    design = np.column_stack([np.ones(int(seen.sum())), scores.nll[seen]])
    coef, *_ = np.linalg.lstsq(design * weight[:, None], np.log(scores.y[seen]) * weight, rcond=None)
    return float(-coef[1])
