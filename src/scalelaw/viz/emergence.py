"""A score against scale with onset and chance, and the continuous metric of the same items below."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from scalelaw.core.errors import BadInput
from scalelaw.core.nouns.brief import Brief
from scalelaw.core.types import Array
from scalelaw.viz import style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from scalelaw.diagnosing.onsets.result import Emergence

_POINTS = 200


@dataclass(frozen=True, eq=False)
class EmergenceFigure(Brief):
    """Data of the figure.

    Attributes:
        target: the score.
        axis: the scale.
        verdict: in words.
        x: scale of each row, (n,).
        score: measured, (n,).
        error: standard error of each by its items, (n,).
        line: scale and fitted score, (2, p).
        chance: score of guessing.
        onset: value, lower and upper end, or None; the ends may be None.
        level: probability of the onset's interval.
        continuous: name and values, (n,), positive and better if lower; None without one.
    """

    target: str
    axis: str
    verdict: str
    x: Array
    score: Array
    error: Array
    line: Array
    chance: float
    onset: tuple[float, float | None, float | None] | None
    level: float
    continuous: tuple[str, Array] | None


def emergence_info(found: "Emergence") -> EmergenceFigure:
    """Compute the data of the figure."""
    scores = found.scores
    grid = np.linspace(-1, 1, _POINTS)
    fitted = found.chance + (1 - found.chance) * found.curve.share(grid)
    spread = np.sqrt(np.maximum(scores.y * (1 - scores.y), 0) / scores.n)
    beside = None if scores.nll is None or scores.continuous is None else (scores.continuous, scores.nll)
    at = found.onset
    return EmergenceFigure(
        target=found.target,
        axis=found.axis,
        verdict=found.verdict.replace("_", " "),
        x=scores.scale.value(scores.scale.u),
        score=scores.y,
        error=spread,
        line=np.stack([scores.scale.value(grid), fitted]),
        chance=found.chance,
        onset=None if at is None else (at.value, at.lo, at.hi),
        level=found.level,
        continuous=beside,
    )


def draw(info: EmergenceFigure, axes: "Axes | None" = None) -> "Figure":
    """Render the figure, or its score alone on given axes."""
    if axes is not None:
        _draw_score(axes, info)
        return axes.get_figure(root=True) or _orphan()
    if info.continuous is None:
        figure, (above,) = style.canvas()
        _draw_score(above, info)
        return figure
    figure, (above, below) = style.canvas(height=5.6, panels=(3, 2))
    _draw_score(above, info)
    name, values = info.continuous
    below.plot(info.x, values, "o", color=style.RUNS, markersize=4)
    _scaled(below, info)
    below.set_yscale("log")
    style.plain_log_ticks(below.yaxis)
    style.label_axes(below, info.axis, name.partition("@")[0])
    below.set_ylabel(name if values.min() < 0 else f"{name}, sign turned" if name.startswith("logprob") else name)
    above.set_xlabel("")
    return figure


def _orphan() -> "Figure":
    raise BadInput("the axes belong to no figure; make them with matplotlib.pyplot.subplots()")


def _draw_score(axes: "Axes", info: EmergenceFigure) -> None:
    axes.errorbar(info.x, info.score, yerr=info.error, fmt="o", color=style.RUNS, markersize=4, linewidth=1,
                  label="measured, with item noise")  # fmt: skip
    axes.plot(*info.line, color=style.LAW, linewidth=1.6, label=f"fitted; verdict: {info.verdict}")
    axes.axhline(info.chance, color=style.RUNS, linewidth=0.8, linestyle=":", label=f"chance, {info.chance:.3g}")
    if info.onset is not None:
        value, low, high = info.onset
        if low is not None and high is not None and np.isfinite([low, high]).all():
            axes.axvspan(
                low, high, color=style.BAND, alpha=0.35, linewidth=0, label=f"onset, {info.level:.0%} interval"
            )
        axes.axvline(value, color=style.LAW, linewidth=1, linestyle="--", label=f"onset, {value:.3g}")
    _scaled(axes, info)
    style.label_axes(axes, info.axis, info.target.partition("@")[0])
    axes.set_ylabel(info.target)
    axes.legend(frameon=True, framealpha=0.9, edgecolor="none", fontsize=8, loc="upper left")


def _scaled(axes: "Axes", info: EmergenceFigure) -> None:
    if info.axis == "loss":
        axes.invert_xaxis()
    else:
        axes.set_xscale("log")
