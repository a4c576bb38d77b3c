"""Loss curves up to the cut, their forecasts with intervals, and later readings."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from scalelaw.core.errors import BadInput
from scalelaw.core.quantities import label_of
from scalelaw.curves.extrapolation import Extrapolation, RunForecast, time_text
from scalelaw.viz import style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_MOST = 9
_BACK = 30.0


@dataclass(frozen=True, eq=False)
class Curves:
    """Data of the figure.

    Attributes:
        target: the forecast metric.
        axis: unit of time, such as tokens.
        level: probability of the intervals.
        runs: the runs shown.
        hidden: number of further runs.
    """

    target: str
    axis: str
    level: float
    runs: tuple[RunForecast, ...]
    hidden: int


def curves_info(extrapolation: Extrapolation, *, most: int = _MOST) -> Curves:
    """Compute the data of the figure: the first ``most`` runs of the table.

    Raises:
        BadInput: ``most`` is not positive.
    """
    if most < 1:
        raise BadInput(f"most={most!r}: give one run or more")
    shown = extrapolation.runs[:most]
    return Curves(
        extrapolation.target, extrapolation.axis, extrapolation.level, shown, len(extrapolation.runs) - len(shown)
    )


def draw(info: Curves) -> "Figure":
    """Render one panel per run."""
    across = min(3, len(info.runs))
    down = -(-len(info.runs) // across)
    figure, panels = style.grid(across, down)
    for panel, run in zip(panels, info.runs, strict=False):
        _panel(panel, run, info)
    for panel in panels[len(info.runs) :]:
        panel.set_axis_off()
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=across, frameon=False, fontsize=8.5)
    more = f"; {info.hidden} more runs not shown" if info.hidden else ""
    figure.suptitle(f"{info.target} to the end of each run, forecast from its readings so far{more}", fontsize=10)
    return figure


def _panel(panel: "Axes", run: RunForecast, info: Curves) -> None:
    own = run.forecast
    recent = run.time >= own.cut / _BACK
    panel.plot(run.time[recent], run.loss[recent], ".", color=style.RUNS, markersize=3, label="readings used")
    if np.size(run.after):
        panel.plot(*run.after, ".", color=style.RUNS, markersize=2, alpha=0.35, label="readings after the cut")
    band = f"forecast, {info.level:.0%} interval of a reading"
    panel.fill_between(own.time, own.lo, own.hi, color=style.BAND, alpha=0.5, linewidth=0)
    panel.plot(own.time, own.mean, color=style.LAW, linewidth=1.6, label=band)
    panel.axvline(own.cut, color=style.INK, linewidth=0.7, linestyle=":")
    if run.actual is not None:
        inside = own.lo[-1] <= run.actual <= own.hi[-1]
        colour = style.INSIDE if inside else style.OUTSIDE
        panel.plot([run.course.end], [run.actual], "o", color=colour, markersize=5, zorder=4)
    panel.set_xscale("log")
    panel.set_yscale("log")
    style.plain_log_ticks(panel.yaxis)
    error = "" if run.error is None else f", error {run.error:+.1%}"
    panel.set_title(f"{run.run}: {own.mean[-1]:.4g}{error}", fontsize=8.5)
    start = float(run.time[recent][0])
    panel.set_xticks(
        [start, own.cut, run.course.end], [time_text(at) for at in (start, own.cut, run.course.end)], fontsize=8
    )
    panel.set_xticks([], minor=True)
    panel.set_xlabel(info.axis, fontsize=8)
    panel.set_ylabel(label_of(info.target.partition("@")[0]), fontsize=8)
