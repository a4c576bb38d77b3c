"""The planner: find the compute-optimal N, D, C and loss for a question, with intervals from the draws."""

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
from scalelaw.planning.question import Question, QuestionOptions, ask
from scalelaw.planning.surfaces.path import first_reaching, optimal_path
from scalelaw.planning.surfaces.surface import Points, Surface
from scalelaw.planning.wording import DrawsWithoutAnswer, assumptions

_BOUNDLESS = 1e45
"""C in FLOP at which a loss is practically irreducible."""
_HARDLY = 0.01
"""Share of published studies, or |log| of the factor they move N* by, too small to report."""


def plan(forecaster: Forecaster, *, kind: Kind = "new_run", **options: Unpack[QuestionOptions]) -> Plan:
    """Plan compute-optimally from a budget, a model size, a corpus size or a target loss.

    N* and D* minimise the loss at a given C. ``flops`` gives N*, D* and the loss; ``params`` gives the D for which
    this N is optimal; ``tokens`` gives the N for which this D is optimal; ``loss`` gives the smallest C that reaches
    it. Intervals of N, D and C come from the optimum of each draw; the interval of the loss is the forecaster's at the
    recommended N, D.

    Args:
        forecaster: forecasts a loss from one kind of params and from tokens.
        kind: ``new_run`` for a loss interval that includes run noise, ``mean`` for one that does not.
        **options: exactly one of ``flops`` (FLOP), ``params``, ``tokens``, ``loss``, each a number or text such as
            ``70B``; ``level`` of the intervals (0.9); ``max_params`` and ``max_tokens`` with ``flops`` or ``loss``;
            ``prior``: ``literature`` (the default) combines an ensemble's decision with published studies, and
            ``runs_only`` of the plan holds the decision without published studies; ``none`` uses only the runs.

    Raises:
        BadInput: not exactly one question, a forecaster with other inputs, no compute-optimal split, or a loss that
            no budget reaches.

    Example:
        >>> from scalelaw import laws
        >>> from scalelaw.fitting.published import published
        >>> answer = plan(published(laws.get("chinchilla"), "besiroglu2024"), flops="5.76e23")
        >>> str(answer.params), str(answer.tokens), round(answer.loss.value, 4)
        ('72.25B parameters', '1.329T tokens', 1.9744)

    Source:
        Hoffmann et al. 2022, arXiv 2203.15556, eq. 4; numeric if the law has no closed form.
    """
    question = ask(**options)
    alone = _plan(forecaster, replace(question, prior="none"), kind)
    if question.prior == "none" or not isinstance(forecaster, HasDeciders):
        return replace(alone.plan, question=question)
    both = _plan(forecaster, question, kind)
    if not alone.spread or not both.spread:  # limits leave nothing to decide
        return both.plan
    share = 1 - min(1.0, both.spread / alone.spread) ** 2
    shared = f"N* and D* combine {1 - share:.0%} these runs and {share:.0%} published studies"
    moved = both.plan.params.value / alone.plan.params.value
    if share < _HARDLY and abs(np.log(moved)) > _HARDLY:
        shared = f"published studies change N* by a factor of {moved:.3g} and do not narrow its interval"
    return replace(both.plan, assumptions=(shared, *both.plan.assumptions), runs_only=alone.plan, literature=words())


class _Solved(NamedTuple):
    """A plan, and the spread of its ln(D*/N*)."""

    plan: Plan
    spread: float


def _plan(forecaster: Forecaster, question: Question, kind: Kind) -> _Solved:
    """Return the plan from a forecaster's loss surfaces."""
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
    """Return half the width of the central 68 % of draws of ln(D*/N*)."""
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
        path = optimal_path(surface, target, caps)
        params, tokens = path.params[:, 0], path.tokens[:, 0]
        return Points(params, tokens, surface.counting.flops(params, tokens))
    if question.given == "loss" and caps.free:
        return surface.at_loss(target, around)
    return first_reaching(surface, question.given, target, caps, around)


def _check(forecaster: Forecaster, point: Surface, question: Question, found: tuple[float, float, float]) -> None:
    """Raise, with the reason, if the point estimate has no finite plan."""
    if all(math.isfinite(value) and value > 0 for value in found):
        return
    if question.given == "loss" and math.isinf(found[2]):
        lowest = float(optimal_path(point, np.full(1, _BOUNDLESS), question.caps).loss[0, 0])
        why = "its irreducible loss" if question.caps.free else "the lowest loss within these limits"
        raise BadInput(
            f"{forecaster.label} cannot reach a loss of {question.value:g} at any budget: {why} is about "
            f"{lowest:.5g}; plan for a higher loss"
        )
    raise BadInput(
        f"{forecaster.label} has no compute-optimal split for {question}: an exponent or a scale is zero, or the best "
        "split lies beyond every size searched; fit runs that differ in tokens at one size, or another --law"
    )


def _estimates(question: Question, point: tuple[float, float, float], draws: Points | None) -> dict[str, Estimate]:
    """Return the estimates of N, D, C and D/N; the given quantity has no interval."""
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
    """Return the number of draws, and the shares without an optimum or that never reach the goal."""
    if draws is None:
        return None
    return DrawsWithoutAnswer(
        draws.flops.size, float(np.isnan(draws.flops).mean()), float(np.isposinf(draws.flops).mean())
    )


def _binding(point: Surface, question: Question, found: tuple[float, float, float]) -> tuple[str, ...]:
    """Return the limits that moved the plan off the optimum, the optimum itself, and the cost."""
    n, d, c = found
    held = {"max_params": n, "max_tokens": d}
    bound = [name for name, limit in question.limits.items() if held[name] >= limit * (1 - 1e-9)]
    if not bound:
        return ()
    free = _answer(point, Question(question.given, question.value))
    best = {"max_params": float(free.params[0]), "max_tokens": float(free.tokens[0])}
    lines = [
        f"{name} {format_number(question.limits[name])}: without this limit the optimum is {format_number(best[name])}"
        for name in bound
    ]
    price = float(excess(point, n, d)[0])
    lines.append(f"cost: {price:.4g}x the compute that reaches this loss without limits")
    if question.given == "flops" and c < question.value * (1 - 1e-9):
        lines.append(f"budget: {format_number(question.value - c)} FLOP remain unspent within the limits")
    return tuple(lines)
