"""The first screen of a report: what to train, how far to believe it, what to watch, in sentences."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from scalelaw.backtesting import Backtest, Cut
from scalelaw.core.findings import Grade
from scalelaw.core.numbers import format_number
from scalelaw.fitting import FitResult
from scalelaw.planning import Plan
from scalelaw.planning.estimate import Estimate

_SHORT = 0.15
"""How far below its level a share inside must fall, beyond what chance explains, to be called too low."""


@dataclass(frozen=True)
class Card:
    """One card of the first screen.

    Attributes:
        title: what it answers.
        lead: the answer, in a few words.
        lines: what stands below, a sentence each.
        doubtful: whether the answer is one to be careful with.
    """

    title: str
    lead: str
    lines: Sequence[str] = ()
    doubtful: bool = False


def headline(fit: FitResult, backtest: Backtest, plan: Plan | None, why_no_plan: str = "") -> tuple[Card, ...]:
    """Return the cards of the first screen.

    Args:
        fit: the fit to all runs.
        backtest: how fits to the cheaper runs forecast the dearer ones.
        plan: what to do with the budget, or None.
        why_no_plan: why there is none.
    """
    first = _recommended(plan) if plan else Card("What to train", "no plan", [why_no_plan], doubtful=True)
    return first, _believed(backtest, plan), _watched(fit)


def _recommended(plan: Plan) -> Card:
    lines = [
        f"expected loss {_with_interval(plan.loss, 5)}",
        f"parameters {_with_interval(plan.params)}",
        f"tokens {_with_interval(plan.tokens)}",
        f"tokens per parameter {_with_interval(plan.tokens_per_param)}",
        *plan.binding_constraints,
    ]
    params, tokens = (format_number(each.value, 3) for each in (plan.params, plan.tokens))
    return Card(
        f"What to train with {format_number(plan.flops.value)} FLOP", f"{params} parameters on {tokens} tokens", lines
    )


def _with_interval(estimate: Estimate, digits: int = 4) -> str:
    value, span = estimate.texts(digits)
    return f"{value} ({100 * estimate.level:g} %: {span})" if span else f"{value} (no interval is known)"


def _believed(backtest: Backtest, plan: Plan | None) -> Card:
    """Return how the cut whose reach is nearest to the plan's was forecast."""
    title = "How far to believe it"
    scored = [cut for cut in backtest.cuts if cut.axis == "flops" and cut.score]
    if not scored:
        return Card(title, "not tested", ["no cut of these runs could be backtested: train more small runs"], True)
    wanted = plan.reach.get("flops", 1.0) if plan else max(cut.reach for cut in scored)
    shown = min(scored, key=lambda cut: abs(math.log(cut.reach / max(wanted, 1.0))))
    lines = [_forecast(shown)]
    doubts = _too_narrow(shown)
    if plan and "flops" in plan.reach:
        lines.append(f"this plan reaches {plan.reach['flops']:.3g}x the compute of the dearest run fitted")
        tested = max(cut.reach for cut in scored)
        if plan.reach["flops"] > tested:
            doubts.append(f"no cut of these runs tests a reach beyond {tested:.3g}x")
    assert shown.score is not None
    lead = f"{shown.score.mean_abs_rel_error:.2%} off at {shown.reach:.3g}x"
    return Card(title, lead, [*lines, *doubts], bool(doubts))


def _forecast(cut: Cut) -> str:
    assert cut.score is not None
    inside = cut.score.observed
    held = (
        ""
        if inside is None
        else f"; {round(inside * cut.n_test)} of {cut.n_test} fell inside their {100 * cut.level:g} % interval"
    )
    return (
        f"fitted to the {cut.n_train} runs below {format_number(cut.below, 3)} FLOP, the law forecast the {cut.n_test} "
        f"dearer ones, up to {cut.reach:.3g}x, with a mean error of {cut.score.mean_abs_rel_error:.2%}{held}"
    )


def _too_narrow(cut: Cut) -> list[str]:
    """Say where fewer runs fell inside than the level and chance would let expect."""
    assert cut.score is not None
    inside = cut.score.observed
    if inside is None:
        return []
    chance = math.sqrt(cut.level * (1 - cut.level) / cut.n_test)
    if inside >= cut.level - max(_SHORT, 2 * chance):
        return []
    return [f"intervals were too narrow there: {inside:.0%} inside at a level of {cut.level:.0%}; take them as wider"]


def _watched(fit: FitResult) -> Card:
    aside = sum(part.n for part in fit.rows.set_aside)
    rows = f"{len(fit.rows.y)} rows fitted, {aside} set aside"
    doubts = [each.message for each in fit.findings if each.grade is Grade.WARN]
    count = f"{len(doubts)} warning{'s' * (len(doubts) > 1)}"
    return Card("What to watch", count if doubts else "nothing was noticed", [*doubts, rows], bool(doubts))
