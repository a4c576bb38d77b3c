"""Runs of a ladder by width, and the held-out run with its frozen band and measured loss."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from scalelaw.core.direction import best_value
from scalelaw.core.nouns.brief import Brief
from scalelaw.core.types import Array
from scalelaw.runs.observations import Observations
from scalelaw.viz import style

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True, eq=False)
class HeldOut(Brief):
    """Data of the figure.

    Attributes:
        target: the forecast metric.
        sizes: N -> compute and loss of its fitted runs, (2, n), cheapest first.
        run: name of the held-out run.
        flops: its compute, FLOP.
        forecast: its frozen forecast.
        band: ends of the interval.
        level: probability of the interval.
        measured: its loss; None before training.
    """

    target: str
    sizes: dict[float, Array]
    run: str
    flops: float
    forecast: float
    band: tuple[float, float]
    level: float
    measured: float | None


def held_out_info(
    fitted: Observations,
    run: str,
    flops: float,
    band: tuple[float, float, float],
    *,
    level: float,
    measured: float | None = None,
) -> HeldOut:
    """Compute the data of the figure.

    Args:
        fitted: the fitted runs, with ``params`` and ``flops``.
        run: name of the held-out run.
        flops: its compute, by the convention of the fitted runs.
        band: lower end, forecast and upper end.
        level: probability of the interval.
        measured: its loss, if known.
    """
    params, order = fitted.columns["params"], np.argsort(fitted.columns["flops"])
    sizes = {
        float(n): np.stack([fitted.columns["flops"][order], fitted.y[order]])[:, params[order] == n]
        for n in np.unique(params)
    }
    low, value, high = band
    return HeldOut(fitted.target, sizes, run, flops, value, (low, high), level, measured)


def draw(info: HeldOut) -> "Figure":
    """Render the figure."""
    figure, (axes,) = style.canvas()
    best = best_value(info.target, np.concatenate([points[1] for points in info.sizes.values()]))
    axes.axhline(best, color=style.RUNS, linewidth=0.8, linestyle=":", label=f"best fitted run, {best:.3f}")
    for shade, (params, (flops, loss)) in zip(np.linspace(0.25, 1, len(info.sizes)), info.sizes.items(), strict=True):
        axes.plot(flops, loss, "o", color=style.RUNS, alpha=shade, markersize=4, label=f"fitted, N = {params:,.0f}")
    low, high = info.band
    axes.vlines(
        [info.flops], low, high, color=style.BAND, linewidth=8, label=f"{info.run}: {info.level:.0%} band, frozen"
    )
    axes.plot([info.flops], [info.forecast], "_", color=style.LAW, markersize=14, markeredgewidth=1.6,
              label=f"{info.run}: forecast, frozen before training")  # fmt: skip
    if info.measured is not None:
        inside = low <= info.measured <= high
        colour, where = (style.INSIDE, "inside") if inside else (style.OUTSIDE, "outside")
        axes.plot([info.flops], [info.measured], "o", color=colour, markersize=6, zorder=5,
                  label=f"{info.run}: measured {info.measured:.3f}, {where}")  # fmt: skip
    axes.set_xscale("log")
    axes.set_yscale("log")
    style.plain_log_ticks(axes.yaxis)
    style.powers_ticks(axes.xaxis)
    style.label_axes(axes, "flops", info.target)
    axes.legend(frameon=False, fontsize=8, loc="lower left")
    return figure
