"""Measured values against predicted ones, with the interval of each: a fit of any inputs."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from scalelaw.core.nouns.brief import Brief
from scalelaw.core.numbers import counted
from scalelaw.core.quantities import label_of
from scalelaw.core.types import Array
from scalelaw.fitting.result import FitResult
from scalelaw.viz import style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


@dataclass(frozen=True, eq=False)
class Measured(Brief):
    """The contents of the figure.

    Attributes:
        label: name of the law.
        level: level of the intervals.
        metric: the measured quantity.
        points: predicted and measured value of each row, (2, n).
        band: ends of the interval of each, (2, n), or None.
    """

    label: str
    level: float
    metric: str
    points: Array
    band: Array | None


def measured_info(fit: FitResult) -> Measured:
    """Compute the figure from the rows of a fit."""
    found = fit.predict(fit.rows.x, fit.spec.level)
    points = np.stack([found.mean, fit.rows.y])
    return Measured(fit.label, fit.spec.level, fit.target.partition("@")[0], points, style.band_of(found))


def draw(info: Measured) -> "Figure":
    """Render the figure."""
    figure, (axes,) = style.canvas()
    draw_on(axes, info)
    return figure


def draw_on(axes: "Axes", info: Measured) -> None:
    """Render on axes."""
    predicted = info.points[0]
    if info.band is not None:
        label = f"{info.level:.0%} interval of a new run"
        axes.vlines(predicted, *info.band, color=style.BAND, linewidth=2.2, alpha=0.55, label=label)
    ends = [float(info.points.min()), float(info.points.max())]
    axes.plot(ends, ends, color=style.LAW, linewidth=1.2, label="measured as predicted")
    label = f"{counted(len(predicted), 'fitted run')}"
    axes.scatter(info.points[0], info.points[1], s=13, color=style.RUNS, linewidth=0, zorder=3, label=label)
    name = label_of(info.metric)
    axes.set_xlabel(f"{name}, predicted by {info.label}")
    axes.set_ylabel(f"{name}, measured")
    axes.legend(frameon=False, fontsize=8.5)
