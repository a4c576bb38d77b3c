"""Tokens per parameter of every alternative, with intervals, compared with the base."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from scalelaw.core.nouns.brief import Brief
from scalelaw.core.numbers import format_number
from scalelaw.core.types import AnyArray, Array
from scalelaw.planning.outcome import ChoiceOutcome
from scalelaw.planning.robust import Robustness
from scalelaw.viz import style

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_ROW = 0.27
_MARGIN = 1.5
_PLAIN = ("loss function", "outliers", "loss function and outliers")


@dataclass(frozen=True, eq=False)
class RobustnessInfo(Brief):
    """Data of the figure, the base first.

    Attributes:
        title: the question.
        labels: label of each alternative, (m,).
        ratio: tokens per parameter, (m,).
        ends: ends of the intervals, (2, m), NaN without an interval.
        comparable: whether each has a held-out error similar to the best, (m,).
        level: probability of the intervals.
    """

    title: str
    labels: tuple[str, ...]
    ratio: Array
    ends: Array
    comparable: AnyArray
    level: float


def robustness_info(found: Robustness) -> RobustnessInfo:
    """Compute the data of the figure; alternatives without a decision are omitted."""
    shown = [each for each in found.outcomes if each.tokens_per_param is not None]
    ends = [
        (np.nan, np.nan) if own is None or own.lo is None or own.hi is None else (own.lo, own.hi)
        for own in (each.tokens_per_param for each in shown)
    ]
    return RobustnessInfo(
        title=f"tokens per parameter at {format_number(found.flops)} FLOP",
        labels=tuple(_label(each) for each in shown),
        ratio=np.array([each.ratio for each in shown]),
        ends=np.array(ends).T,
        comparable=np.array([each.comparable for each in shown]),
        level=found.level,
    )


def _label(outcome: ChoiceOutcome) -> str:
    """Return the label of an outcome, with the choice it changes if the label does not name it."""
    return outcome.label if outcome.choice in _PLAIN else f"{outcome.choice}: {outcome.label}"


def draw(info: RobustnessInfo) -> "Figure":
    """Render the figure."""
    count = len(info.labels)
    figure, (axes,) = style.canvas(height=_MARGIN + _ROW * count, width=9.5)
    axes.set_xscale("log")
    place = -np.arange(count)
    if np.isfinite(info.ends[:, 0]).all():
        label = f"{info.level:.0%} interval of the base"
        axes.axvspan(*info.ends[:, 0], color=style.BAND, alpha=0.35, linewidth=0, label=label)
    axes.axvline(info.ratio[0], color=style.LAW, linewidth=1.2)
    for as_well, colour, name in (
        (True, style.LAW, "held-out error similar to the best"),
        (False, style.RUNS, "larger held-out error"),
    ):
        rows = info.comparable == as_well
        if rows.any():
            axes.hlines(place[rows], *info.ends[:, rows], color=colour, linewidth=1.6)
            axes.plot(info.ratio[rows], place[rows], "o", color=colour, ms=5, label=name)
    axes.set_yticks(place, info.labels, fontsize=8)
    style.plain_log_ticks(axes.xaxis)
    axes.set_xlabel(info.title)
    axes.set_ylim(-count + 0.4, 0.6)
    figure.legend(loc="outside upper center", ncols=3, frameon=False, fontsize=8)
    return figure
