"""Judge the emergence of a score: smooth, metric artefact, loss threshold, bimodal seeds or limited by its items."""

from typing import Any

import numpy as np

from scalelaw.core.errors import BadInput
from scalelaw.core.forecaster import check_level
from scalelaw.core.types import Array
from scalelaw.diagnosing.onsets.compared import Compared, LossThreshold, compare, judge_loss, smallest_kink
from scalelaw.diagnosing.onsets.continuous import MARGIN, Continuous, judge_continuous
from scalelaw.diagnosing.onsets.onset import onset, steepness
from scalelaw.diagnosing.onsets.result import Emergence, Verdict
from scalelaw.diagnosing.onsets.rows import Scores, read_scores
from scalelaw.diagnosing.onsets.seeds import SeedGroups, seed_groups
from scalelaw.diagnosing.onsets.token_metrics import visible_excess
from scalelaw.runs.observations import Reduction
from scalelaw.runs.reading.load import load_runs

_FEWEST = 5
_ABSENT = 0.1
_SMALL = 0.1
_RARE = 0.01
_CLEAR = 2.0
_GRID = 401

Judged = tuple[Verdict, list[str]]


def emergence(
    runs: Any,
    target: str,
    *,
    continuous: str | None = None,
    axis: str | None = None,
    use: Reduction = "endpoints",
    draws: int = 100,
    seed: int = 0,
    level: float = 0.9,
) -> Emergence:
    """Judge whether a score rises smoothly with scale, breaks, or only looks as if it did.

    The steps, in this order: scores that their items cannot separate from chance are ``resolution_limited``; seeds of
    one scale in two groups are ``seed_bimodal``; a score nearly absent over a tenth of the range while a continuous
    metric of the same items improves smoothly is a ``metric_artefact``; one that leaves chance at the same loss for
    every size is a ``loss_threshold``; a smooth curve that fits better than every kink is ``smooth``. All else is
    ``undetermined``.

    Args:
        runs: anything that ``load_runs`` reads, with ``n_items`` and a known chance of the score.
        target: a score or an error, like ``score@gsm8k``.
        continuous: a continuous metric of the same items, like ``logprob@gsm8k``; it decides ``metric_artefact``.
        axis: ``flops``, ``params``, ``tokens`` or ``loss``; None takes the first of these that varies.
        use: ``curves`` takes every evaluation of a run instead of the last.
        draws: resamples for the interval of the onset; 0 gives none.
        seed: seed of the resamples.
        level: probability of the interval.

    Raises:
        BadInput: the target is not a score, or chance, ``n_items`` or a scale is missing.

    Example:
        >>> flops = [10.0**at for at in range(18, 26)]
        >>> score = [0.3, 0.35, 0.41, 0.48, 0.55, 0.62, 0.68, 0.74]
        >>> found = emergence({"flops": flops, "score@mmlu": score, "n_items": [2000] * 8}, "score@mmlu", draws=0)
        >>> found.verdict
        'smooth'

    Source:
        Wei et al. 2022, arXiv 2206.07682; Schaeffer et al. 2023, arXiv 2304.15004; Du et al. 2024, arXiv 2403.15796.
        The thresholds are ours.
    """
    check_level(level)
    if isinstance(draws, bool) or not isinstance(draws, int) or draws < 0:
        raise BadInput(f"draws={draws!r}: give a whole number of resamples, 0 for no interval")
    return _found(read_scores(load_runs(runs), target, continuous, axis, use), level=level, draws=draws, seed=seed)


def _found(scores: Scores, *, level: float, draws: int, seed: int) -> Emergence:
    compared = compare(scores.counts)
    visible = visible_excess(np.full(len(scores.y), scores.g), scores.n)
    absent, low = _absent(scores, compared)
    seeds, beside, loss = seed_groups(scores), judge_continuous(scores, low, visible), judge_loss(scores)
    verdict, reasons = _judge(scores, compared, absent, seeds, beside, loss)
    kink = smallest_kink(scores.counts, compared.dispersion)
    return Emergence(
        target=scores.target,
        verdict=verdict,
        reasons=tuple(reasons),
        onset=onset(scores.scale, compared, level=level, draws=draws, seed=seed),
        steepness=steepness(scores.scale, compared),
        smallest_kink=None if kink is None else kink[0],
        resolution=float(visible[scores.scale.x == scores.scale.x.max()].min()),
        absent=absent,
        chance=scores.g,
        dispersion=compared.dispersion,
        forms=compared.evidence,
        continuous=beside,
        loss=loss,
        seeds=seeds,
        scores=scores,
        curve=compared.chosen,
        level=level,
    )


def _absent(scores: Scores, compared: Compared) -> tuple[float, Array]:
    """Return the share of the range with an excess below a tenth of the largest, and a mask of the rows there."""
    curve, grid = compared.chosen, np.linspace(-1, 1, _GRID)
    share = curve.share(grid)
    most = float(share.max())
    return float(np.mean(share < _SMALL * most)), np.asarray(curve.share(scores.scale.u) < _SMALL * most)


def _judge(
    scores: Scores,
    compared: Compared,
    absent: float,
    seeds: SeedGroups | None,
    beside: Continuous | None,
    loss: LossThreshold | None,
) -> Judged:
    limited = _limited(scores, compared)
    if limited and beside is not None and beside.smooth:
        return "metric_artefact", [limited, _improves(beside)]
    if limited:
        return "resolution_limited", [limited]
    if seeds is not None and seeds.bimodal:
        where = f"at {seeds.split} of {seeds.repeated} scales with three seeds or more"
        return "seed_bimodal", [
            f"seeds fall into two groups {where}, {seeds.gap:.1f} spreads apart (BIC {seeds.bic:.0f})"
        ]
    if scores.places < _FEWEST:
        return "undetermined", [f"{scores.places} scales are too few to compare curves; give {_FEWEST} or more"]
    reasons = [] if seeds is None else [f"seeds of one scale form one group (BIC of two {-seeds.bic:+.0f})"]
    if absent < _ABSENT:
        return _present(compared, [*reasons, f"the score is above chance over {1 - absent:.0%} of the range"])
    reasons.append(f"the excess over chance is below a tenth of its largest over {absent:.0%} of the range")
    if beside is not None:
        if beside.smooth:
            return "metric_artefact", [*reasons, _improves(beside)]
        if beside.smooth is None:
            reasons.append(f"{beside.target} cannot decide between a smooth curve and a break")
        else:
            reasons.append(f"{beside.target} does not improve smoothly either (AICc of a kink {beside.margin:+.1f})")
    if loss is not None:
        return _along_loss(loss, reasons)
    return _alone(compared, reasons, beside)


def _limited(scores: Scores, compared: Compared) -> str:
    """Return why the items cannot show the rise; empty if they can."""
    from scipy.special import chdtrc

    flat = float(compared.counts.deviance(np.zeros(len(scores.y)))) / compared.dispersion
    curve = compared.curves["logistic"]
    gain = flat - float(curve.deviance) / compared.dispersion
    limit = float(visible_excess(np.array([scores.g]), np.array([np.median(scores.n)]))[0])
    right = float(np.sum(scores.y * scores.n))
    if scores.g == 0 and right < 1:
        return f"no item is right at any scale: the rate is below {limit:.3g} (95 %, exact)"
    top = (1 - scores.g) * float(compared.chosen.share(np.ones(1))[0])
    if gain < 2 or chdtrc(2, gain) > _RARE or top < _CLEAR * limit:
        return (
            f"the fitted excess over chance reaches {top:.3g}, and {np.median(scores.n):.0f} items show {limit:.3g}: "
            "too little to see how it starts"
        )
    return ""


def _improves(beside: Continuous) -> str:
    length = f"; ln score falls by {beside.length:.3g} per unit of it" if np.isfinite(beside.length) else ""
    return f"{beside.target} improves smoothly over the same scales, with exponent {beside.exponent:.3f}{length}"


def _present(compared: Compared, reasons: list[str]) -> Judged:
    margin = compared.margin
    if margin < -MARGIN:
        return "undetermined", [*reasons, f"a break fits better than every smooth curve (AICc {margin:+.1f})"]
    return "smooth", [*reasons, f"a smooth curve fits, and a break is not better (AICc of a break {_signed(margin)})"]


def _along_loss(loss: LossThreshold, reasons: list[str]) -> Judged:
    if loss.margin < -MARGIN and loss.common:
        found = f"along the loss, {loss.sizes} sizes leave chance at one loss of {loss.threshold:.4g}"
        return "loss_threshold", [*reasons, f"{found} (AICc of the break {loss.margin:+.1f})"]
    if loss.margin < -MARGIN:
        return "undetermined", [*reasons, f"{loss.sizes} sizes leave chance at different losses: unexplained break"]
    if loss.margin > MARGIN:
        return "smooth", [*reasons, f"along the loss a smooth curve fits better than a kink (AICc {loss.margin:+.1f})"]
    return "undetermined", [*reasons, f"along the loss, kink and smooth curve fit alike (AICc {_signed(loss.margin)})"]


def _alone(compared: Compared, reasons: list[str], beside: Continuous | None) -> Judged:
    margin, held = compared.margin, compared.held_out
    if margin > MARGIN or (abs(margin) <= MARGIN and held > MARGIN):
        reasons.append(f"a smooth curve fits better than a break (AICc of a break {_signed(margin)})")
        if beside is None:
            reasons.append("a continuous metric of the same items would show whether the metric makes the rise late")
        return "smooth", reasons
    ask = "" if beside is not None else "a continuous metric of the same items, or "
    if margin < -MARGIN:
        reasons.append(f"a break fits better than every smooth curve (AICc {_signed(margin)})")
    else:
        reasons.append(f"break and smooth curve fit alike (AICc {_signed(margin)})")
    return "undetermined", [*reasons, f"{ask}the loss of several sizes would decide"]


def _signed(margin: float) -> str:
    return f"{margin:+.1f}" if np.isfinite(margin) else "unknown"
