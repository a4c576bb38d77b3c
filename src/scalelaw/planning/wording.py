"""Describe the assumptions of a plan in sentences."""

from collections.abc import Mapping
from dataclasses import dataclass

from scalelaw.core.forecaster import Forecaster, Kind
from scalelaw.core.quantities import QUANTITIES
from scalelaw.fitting.held import HeldAt
from scalelaw.fitting.result import FitResult
from scalelaw.planning.lines import MedianLine
from scalelaw.planning.loss_surfaces import LossSurfaces
from scalelaw.planning.question import Question
from scalelaw.planning.surfaces.closed import ClosedForm, HasLaw
from scalelaw.planning.surfaces.path import AROUND

_MANY = 0.1
"""Share of draws without an optimum above which a caution comes first."""


@dataclass(frozen=True)
class DrawsWithoutAnswer:
    """Counts of draws without a finite plan.

    Attributes:
        size: number of draws.
        without: share without a compute-optimal split.
        never: share that does not reach the goal at any budget.
    """

    size: int
    without: float
    never: float


def assumptions(
    forecaster: Forecaster,
    surfaces: LossSurfaces,
    question: Question,
    spread: DrawsWithoutAnswer | None,
    kind: Kind,
    reached: Mapping[str, float],
) -> tuple[str, ...]:
    """Return the assumptions of a plan, the most doubtful first.

    Args:
        forecaster: the forecaster.
        surfaces: its loss surfaces.
        question: the question.
        spread: counts of draws without a finite plan, or None without draws.
        kind: whether the loss interval includes run noise.
        reached: quantity -> planned value over the largest fitted one.
    """
    counting = surfaces.counting
    lines = [
        f"{counting.words}, N = {counting.params}: {QUANTITIES[counting.params].meaning}",
        *_law(forecaster, surfaces),
        *_intervals(forecaster, surfaces, question, spread, kind),
        *_extent(forecaster, reached),
        "data, tokenizer and recipe are those of the fitted runs",
    ]
    if spread is not None and spread.never > 0:
        lines.insert(0, f"{_share(spread.never)} of draws {_never(surfaces, question)}")
    if spread is not None and spread.without > 0:
        lost = f"{_share(spread.without)} of draws have no compute-optimal split and are excluded from the intervals"
        lines.insert(*((0, f"CAUTION: {lost}") if spread.without > _MANY else (len(lines), lost)))
    return (*(f"CAUTION: {caveat}" for caveat in forecaster.caveats), *lines)


def _law(forecaster: Forecaster, surfaces: LossSurfaces) -> list[str]:
    lines = [f"forecast by {forecaster.label}"]
    if isinstance(forecaster, HasLaw):
        lines = [f"law: {forecaster.law.spelling} ({forecaster.law.cite})"]
    fit = forecaster.fit if isinstance(forecaster, HeldAt) else forecaster
    if isinstance(fit, FitResult) and fit.spec.fixed:
        lines.append(f"fixed: {', '.join(f'{name} = {value:g}' for name, value in fit.spec.fixed.items())}")
    if isinstance(surfaces.point, MedianLine):
        lines.append("N* grows as a power of compute from the largest run onward")
    elif not isinstance(surfaces.point, ClosedForm):
        lines.append("compute-optimal split found numerically, on a grid of N at each C")
    return lines


def _intervals(
    forecaster: Forecaster, surfaces: LossSurfaces, question: Question, spread: DrawsWithoutAnswer | None, kind: Kind
) -> list[str]:
    if spread is None:
        return [
            f"no intervals: {forecaster.label} has no draws (published constants have none; fits have unless draws=0)"
        ]
    loss = "a new run, including its noise" if kind == "new_run" else "the mean of runs, without their noise"
    answers = [name for name in ("params", "tokens", "flops") if name != question.given]
    drawn = "efficient lines sampled from laws and profiles" if isinstance(surfaces.point, MedianLine) else "draws"
    return [
        f"interval of {', '.join(answers)}: the optimum of each of {spread.size} {drawn}",
        f"interval of loss: {loss}, at the recommended params and tokens",
    ]


def _extent(forecaster: Forecaster, reached: Mapping[str, float]) -> list[str]:
    if not forecaster.domain:
        return ["the fitted range is unknown, and so is the reach"]
    beyond = [f"{name} {times:.3g}x" for name, times in reached.items() if times > 1]
    lowest = {name: forecaster.domain[name][0] / forecaster.domain[name][1] for name in reached}
    below = [f"{name} 1/{lowest[name] / times:.3g}" for name, times in reached.items() if times < lowest[name]]
    lines = [f"extrapolated beyond the largest fitted: {', '.join(beyond)}"] if beyond else []
    return lines + ([f"extrapolated below the smallest fitted: {', '.join(below)}"] if below else [])


def _never(surfaces: LossSurfaces, question: Question) -> str:
    """Return the goal that draws without a finite plan miss, as text."""
    exact = question.given == "loss" and question.caps.free and isinstance(surfaces.draws, ClosedForm)
    horizon = "at any budget" if exact else f"within {AROUND:.0e} times this budget"
    if question.given == "loss":
        return f"cannot reach this loss {horizon}: intervals count them as infinite, and that of D/N excludes them"
    return f"do not make these {question.given} optimal {horizon}: intervals count them as infinite"


def _share(part: float) -> str:
    return f"{100 * part:.2g} %"
