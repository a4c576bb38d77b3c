"""Influence of each run on a decision against its distance from the others, with a group of outliers marked."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from scalelaw.core.nouns.brief import Brief
from scalelaw.core.numbers import counted, format_number
from scalelaw.core.types import AnyArray, Array
from scalelaw.fitting.checks.influence import Influence
from scalelaw.viz import style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_NEAREST = 0.1
_NAMED = 8


@dataclass(frozen=True, eq=False)
class InfluenceInfo(Brief):
    """Data of the figure.

    Attributes:
        decision: name of the decision.
        relative: whether the decision has a logarithmic axis.
        distance: distance of each run from the fit without the group, in robust standard deviations, (m,); with too
            few rows the rank by influence.
        ranked: whether ``distance`` is the rank.
        without: the decision without each run, (m,).
        value: the decision from all runs.
        flagged: mask of the group of outliers, (m,).
        group_value: the decision without the group; None without a group.
        names: names of the runs, (m,).
    """

    decision: str
    relative: bool
    distance: Array
    ranked: bool
    without: Array
    value: float
    flagged: AnyArray
    group_value: float | None
    names: tuple[str, ...]


def influence_info(found: Influence) -> InfluenceInfo:
    """Compute the data of the figure; runs without which no decision is possible are omitted."""
    group = found.group
    members = () if group is None else group.members
    shown = np.isfinite(found.without)
    flagged = np.isin(np.arange(len(shown)), members)
    distance = found.rank.astype(float) if group is None else np.maximum(np.abs(group.distance), _NEAREST)
    return InfluenceInfo(
        decision=str(found.decision),
        relative=found.decision.relative,
        distance=distance[shown],
        ranked=group is None,
        without=found.without[shown],
        value=found.value,
        flagged=flagged[shown],
        group_value=group.value if group is not None and members else None,
        names=tuple(str(run["run"]) for run, kept in zip(found.runs, shown, strict=True) if kept),
    )


def draw(info: InfluenceInfo) -> "Figure":
    """Render the figure."""
    figure, (axes,) = style.canvas()
    axes.set_xscale("log")
    if info.relative:
        axes.set_yscale("log")
        style.plain_log_ticks(axes.yaxis)
    axes.axhline(info.value, color=style.LAW, linewidth=1.4, label=f"all runs: {format_number(info.value)}")
    if info.group_value is not None:
        label = f"without {counted(int(info.flagged.sum()), 'outlying run')}: {format_number(info.group_value)}"
        axes.axhline(info.group_value, color=style.OUTSIDE, linewidth=1.4, linestyle="--", label=label)
    sound = ~info.flagged
    axes.plot(
        info.distance[sound],
        info.without[sound],
        "o",
        ms=4,
        color=style.RUNS,
        alpha=0.7,
        mew=0,
        label="without one run",
    )
    if info.flagged.any():
        axes.plot(
            info.distance[~sound],
            info.without[~sound],
            "o",
            ms=6,
            color=style.OUTSIDE,
            label="without one outlying run",
        )
    _name(axes, info)
    axes.set_xlim(right=1.4 * float(info.distance.max()))
    axes.set_xlabel("rank by influence" if info.ranked else "distance from the other runs (robust standard deviations)")
    axes.set_ylabel(info.decision)
    axes.legend(frameon=True, framealpha=0.9, edgecolor="none", fontsize=8.5, loc="best")
    return figure


def _name(axes: "Axes", info: InfluenceInfo) -> None:
    """Write the names of the outlying runs next to them."""
    apart = np.flatnonzero(info.flagged)
    for i, at in enumerate(apart[np.argsort(-info.distance[apart])][:_NAMED]):
        where, beside = (info.distance[at], info.without[at]), (6, -10 if i % 2 else 4)
        axes.annotate(info.names[at], where, xytext=beside, textcoords="offset points", fontsize=8)
