"""The planner: from one question to the N, D, C and loss that answer it, with the optimum of every draw."""

import math
from dataclasses import replace
from typing import NamedTuple, Unpack

import numpy as np

from scalelaw.core.errors import BadInput
from scalelaw.core.estimate import Estimate, estimated, given
from scalelaw.core.forecaster import Forecaster, Kind, half_width, reach
from scalelaw.core.numbers import format_number
from scalelaw.core.quantities import QUANTITIES
from scalelaw.core.types import Array
from scalelaw.planning.answer import Plan
from scalelaw.planning.growth import HasDeciders
from scalelaw.planning.loss_surfaces import loss_unit, survey
from scalelaw.planning.penalty import excess
from scalelaw.planning.published import words
from scalelaw.planning.question import Asked, Question, ask
from scalelaw.planning.surfaces.path import first_reaching, walk
from scalelaw.planning.surfaces.surface import Points, Surface
from scalelaw.planning.wording import DrawsWithoutAnswer, assumptions

_BOUNDLESS = 1e45
_HARDLY = 0.01
"""Share of published studies, or logarithm of how far they move N*, that is not worth a word."""
"""C in FLOP at which a loss is as good as irreducible."""


def plan(forecaster: Forecaster, *, kind: Kind = "new_run", **asked: Unpack[Asked]) -> Plan:
    """Return how to spend a budget, or what a model, a corpus or a loss asks for, compute-optimally.

    N* and D* minimise the loss at C = 6 N D. ``flops`` gives N*, D* and the loss; ``params`` the D for which that N is
    N*; ``tokens`` likewise; ``loss`` the smallest C that reaches it. Intervals of N, D and C come from the optimum of
    each draw of the forecaster; the interval of the loss is the forecaster's own at the recommended N and D, because
    that is what would be trained.

    Args:
        forecaster: of a loss, over one kind of params and tokens.
        kind: whether the loss interval is for a ``new_run`` (its noise included) or for the ``mean``.
        **asked: exactly one of ``flops`` (FLOP), ``params``, ``tokens``, ``loss``, each a number or text such as
            ``70B``; ``level`` of the intervals (0.9); ``max_params`` and ``max_tokens`` with ``flops`` or ``loss``;
            ``prior``: ``literature`` (the default) lets published studies share in what several laws decide at a
            budget, and ``runs_only`` of the plan is the runs' own decision; ``none`` leaves them out.

    Raises:
        BadInput: no single question, a forecaster over other inputs, no compute-optimal split, or a loss out of reach.

    Example:
        >>> from scalelaw import laws
        >>> from scalelaw.fitting.published import published
        >>> answer = plan(published(laws.get("chinchilla"), "besiroglu2024"), flops="5.76e23")
        >>> str(answer.params), str(answer.tokens), round(answer.loss.value, 4)
        ('72.25B parameters', '1.329T tokens', 1.9744)

    Source:
        Hoffmann et al. 2022, arXiv 2203.15556, eq. 4; numeric where the law has no such form.
    """
    question = ask(**asked)
    alone = _plan(forecaster, replace(question, prior="none"), kind)
    if question.prior == "none" or not isinstance(forecaster, HasDeciders):
        return replace(alone.plan, question=question)
    both = _plan(forecaster, question, kind)
    if not alone.spread or not both.spread:  # limits leave nothing to decide
        return both.plan
    share = 1 - min(1.0, both.spread / alone.spread) ** 2
    shared = f"N* and D* rest {1 - share:.0%} on these runs and {share:.0%} on published studies"
    moved = both.plan.params.value / alone.plan.params.value
    if share < _HARDLY and abs(np.log(moved)) > _HARDLY:
        shared = f"published studies move N* by a factor of {moved:.3g}, and narrow no interval"
    return replace(both.plan, assumptions=(shared, *both.plan.assumptions), runs_only=alone.plan, literature=words())


class _Solved(NamedTuple):
    """A plan, and how far ln(D*/N*) spreads in it."""

    plan: Plan
    spread: float


def _plan(forecaster: Forecaster, question: Question, kind: Kind) -> _Solved:
    """Return what the surfaces of a forecaster decide."""
    surfaces = survey(forecaster, question.prior)
    point = _answer(surfaces.point, question)
    n, d, c = (float(values[0]) for values in (point.params, point.tokens, point.flops))
    if question.given == "flops" and math.isclose(c, question.value):
        c = question.value
    _check(forecaster, surfaces.point, question, (n, d, c))
    draws = None if surfaces.draws is None else _answer(surfaces.draws, question, around=c)
    where = {surfaces.counting.params: np.full(1, n), "tokens": np.full(1, d)}
    predicted = forecaster.predict(where, question.level, kind)
    loss = Estimate(
        float(predicted.mean[0]),
        None if predicted.lo is None else float(predicted.lo[0]),
        None if predicted.hi is None else float(predicted.hi[0]),
        question.level,
        loss_unit(forecaster),
    )
    reached = reach({surfaces.counting.params: n, "tokens": d, "flops": c}, forecaster.domain)
    found = Plan(
        **_estimates(question, (n, d, c), draws),
        loss=loss,
        reach=reached,
        binding_constraints=_binding(surfaces.point, question, (n, d, c)),
        assumptions=assumptions(forecaster, surfaces, question, _spread(draws), kind, reached),
        forecaster=forecaster.label,
        digest=forecaster.digest,
        question=question,
        runs_only=None,
        literature=None,
    )
    return _Solved(found, _log_ratio(draws))


def _log_ratio(draws: Points | None) -> float:
    """Return half the width that holds 68 % of ln(D*/N*)."""
    if draws is None:
        return math.nan
    with np.errstate(all="ignore"):
        ratios = np.log(draws.tokens / draws.params)
    ratios = ratios[np.isfinite(ratios)]
    return float(half_width(ratios)) if len(ratios) else math.nan


def _answer(surface: Surface, question: Question, around: float | None = None) -> Points:
    """Return the N, D and C of each surface that answer the question, each (b,)."""
    target, caps = np.full(1, question.value), question.caps
    if question.given == "flops":
        path = walk(surface, target, caps)
        params, tokens = path.params[:, 0], path.tokens[:, 0]
        return Points(params, tokens, surface.counting.flops(params, tokens))
    if question.given == "loss" and caps.free:
        return surface.at_loss(target, around)
    return first_reaching(surface, question.given, target, caps, around)


def _check(forecaster: Forecaster, point: Surface, question: Question, found: tuple[float, float, float]) -> None:
    """Refuse where the point estimate gives no plan, and say why."""
    if all(math.isfinite(value) and value > 0 for value in found):
        return
    if question.given == "loss" and math.isinf(found[2]):
        lowest = float(walk(point, np.full(1, _BOUNDLESS), question.caps).loss[0, 0])
        why = "its irreducible loss" if question.caps.free else "the lowest within these limits"
        raise BadInput(
            f"{forecaster.label} reaches a loss of {question.value:g} at no budget: {why} is about {lowest:.5g}"
        )
    raise BadInput(
        f"{forecaster.label} has no compute-optimal split for {question}: an exponent or a scale is at zero, "
        "or the best split lies beyond any size searched"
    )


def _estimates(question: Question, point: tuple[float, float, float], draws: Points | None) -> dict[str, Estimate]:
    """Return the estimates of N, D, C and D/N; what was given carries no interval."""
    n, d, c = point
    level = question.level
    spread: dict[str, Array] = {}
    if draws is not None:
        finite = np.isfinite(draws.params) & np.isfinite(draws.tokens) & (draws.params > 0)
        with np.errstate(over="ignore"):
            ratio = np.where(finite, draws.tokens, np.nan) / np.where(finite, draws.params, 1.0)
        spread = {"params": draws.params, "tokens": draws.tokens, "flops": draws.flops, "tokens_per_param": ratio}
    return {
        name: given(value, level, QUANTITIES[name].unit)
        if name == question.given
        else estimated(value, spread.get(name), level, QUANTITIES[name].unit)
        for name, value in {"params": n, "tokens": d, "flops": c, "tokens_per_param": d / n}.items()
    }


def _spread(draws: Points | None) -> DrawsWithoutAnswer | None:
    """Return how many draws there are, and the shares that have no optimum or never reach the goal."""
    if draws is None:
        return None
    return DrawsWithoutAnswer(
        draws.flops.size, float(np.isnan(draws.flops).mean()), float(np.isposinf(draws.flops).mean())
    )


def _binding(point: Surface, question: Question, found: tuple[float, float, float]) -> tuple[str, ...]:
    """Return which limits moved the plan off the optimum, what it would have been, and the price."""
    n, d, c = found
    held = {"max_params": n, "max_tokens": d}
    bound = [name for name, limit in question.limits.items() if held[name] >= limit * (1 - 1e-9)]
    if not bound:
        return ()
    free = _answer(point, Question(question.given, question.value))
    best = {"max_params": float(free.params[0]), "max_tokens": float(free.tokens[0])}
    lines = [
        f"{name} {format_number(question.limits[name])}: unlimited, the optimum is {format_number(best[name])}"
        for name in bound
    ]
    price = float(excess(point, n, d)[0])
    lines.append(f"price: {price:.4g}x the compute that reaches this loss without limits")
    if question.given == "flops" and c < question.value * (1 - 1e-9):
        lines.append(f"budget: {format_number(question.value - c)} FLOP of it cannot be spent within the limits")
    return tuple(lines)
