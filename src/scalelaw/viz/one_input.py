"""A law of one quantity: the runs, the law and its interval along that quantity."""

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

_POINTS = 120
_BEYOND = 3.0


@dataclass(frozen=True, eq=False)
class OneInput(Brief):
    """The contents of the figure.

    Attributes:
        label: name of the law.
        level: level of the interval.
        quantity: the input.
        metric: the measured quantity.
        runs: input and measured value of each row, (2, n).
        line: input and prediction along the law, (2, p).
        band: ends of the interval of a new run, (2, p), or None.
    """

    label: str
    level: float
    quantity: str
    metric: str
    runs: Array
    line: Array
    band: Array | None


def one_input_info(fit: FitResult) -> OneInput:
    """Compute the figure of a fit with one input, from the smallest to three times the largest row."""
    (name,) = fit.inputs
    given = np.asarray(fit.rows.x[name], float)
    low, high = given.min(), given.max()
    along = np.geomspace(low, high * _BEYOND, _POINTS) if low > 0 else np.linspace(low, high, _POINTS)
    found = fit.predict({name: along}, fit.spec.level)
    return OneInput(
        label=fit.label,
        level=fit.spec.level,
        quantity=name,
        metric=fit.target.partition("@")[0],
        runs=np.stack([given, fit.rows.y]),
        line=np.stack([along, found.mean]),
        band=style.band_of(found),
    )


def draw(info: OneInput) -> "Figure":
    """Render the figure."""
    figure, (axes,) = style.canvas()
    draw_on(axes, info)
    return figure


def draw_on(axes: "Axes", info: OneInput) -> None:
    """Render on axes."""
    if info.band is not None:
        style.shade(axes, info.line[0], info.band, info.level)
    axes.plot(*info.line, color=style.LAW, linewidth=1.6, label=info.label)
    label = f"{counted(info.runs.shape[1], 'fitted run')}"
    axes.scatter(info.runs[0], info.runs[1], s=13, color=style.RUNS, linewidth=0, zorder=3, label=label)
    if info.line[0, 0] > 0:
        axes.set_xscale("log")
    axes.set_xlabel(label_of(info.quantity))
    axes.set_ylabel(label_of(info.metric))
    axes.legend(frameon=False, fontsize=8.5)
