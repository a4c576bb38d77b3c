"""Iso-loss contours over compute and params, with the efficient line and its interval (after Hoffmann et al. 2022)."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from scalelaw.core.forecaster import Forecaster
from scalelaw.core.nouns.brief import Brief
from scalelaw.core.quantities import QUANTITIES
from scalelaw.core.types import Array
from scalelaw.planning.answer import Plan
from scalelaw.planning.loss_surfaces import counting_of
from scalelaw.planning.solve import plan
from scalelaw.runs.observations import Observations
from scalelaw.viz import style

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_GRID = 90
_LINE_POINTS = 24
_LEVELS = 14
_COLOURS = "cividis"


@dataclass(frozen=True, eq=False)
class IsoLoss(Brief):
    """Data of the figure.

    Attributes:
        label: name of the forecaster.
        level: probability of the efficient line's interval.
        params_name: kind of N on the axis.
        runs: compute, params and loss of the runs, (3, n).
        flops: compute of the grid, (p,).
        params: params of the grid, (p,).
        loss: predicted loss, (p params, p flops).
        line: compute and N* along the efficient line, (2, m).
        band: ends of the interval of N*, (2, m), or None.
        planned: compute and N* of the recommended run, or None.
        metric: measured metric, such as bpb.
    """

    label: str
    level: float
    params_name: str
    runs: Array
    flops: Array
    params: Array
    loss: Array
    line: Array
    band: Array | None
    planned: tuple[float, float] | None = None
    metric: str = "loss"


def iso_loss_info(
    forecaster: Forecaster, observed: Observations, *, level: float = 0.9, planned: Plan | None = None
) -> IsoLoss:
    """Compute the data of the figure from a forecaster of params and tokens, runs, and the recommended run."""
    kind = next(name for name in forecaster.inputs if name.startswith("params"))
    compute, sizes = (np.asarray(observed.columns[name], float) for name in ("flops", kind))
    recommended = (planned.flops.value, planned.params.value) if planned else None
    most, largest = (max(own, 1.3 * value) for own, value in zip(
        (compute.max() * 4, sizes.max() * 2.5), recommended or (0.0, 0.0), strict=True))  # fmt: skip
    flops = np.geomspace(compute.min() / 1.5, most, _GRID)
    params = np.geomspace(sizes.min() / 1.5, largest, _GRID)
    tokens = counting_of(forecaster).tokens(params[:, None], flops[None, :])
    loss = forecaster.predict({kind: np.broadcast_to(params[:, None], tokens.shape).ravel(), "tokens": tokens.ravel()})
    prior = planned.question.prior if planned else "literature"
    plans = [
        plan(forecaster, flops=each, level=level, prior=prior).params
        for each in np.geomspace(flops[0], flops[-1], _LINE_POINTS)
    ]
    ends = [(each.lo, each.hi) for each in plans if each.lo is not None and each.hi is not None]
    return IsoLoss(
        label=forecaster.label,
        level=level,
        params_name=kind,
        runs=np.stack([compute, sizes, observed.y]),
        flops=flops,
        params=params,
        loss=loss.mean.reshape(tokens.shape),
        line=np.stack([np.geomspace(flops[0], flops[-1], _LINE_POINTS), [each.value for each in plans]]),
        band=np.array(ends).T if len(ends) == len(plans) else None,
        planned=recommended,
        metric=observed.target.partition("@")[0],
    )


def draw(info: IsoLoss) -> "Figure":
    """Render the figure."""
    figure, (axes,) = style.canvas()
    from matplotlib.colors import LogNorm

    axes.set_xscale("log")
    axes.set_yscale("log")
    low, high = info.runs[2].min(), info.runs[2].max()
    floor = info.loss.min()
    levels = floor + (high * 1.02 - floor) * np.geomspace(0.01, 1.0, _LEVELS)
    norm = LogNorm(min(low, floor), high)
    contours = axes.contour(info.flops, info.params, info.loss, levels=levels, linewidths=0.9, cmap=_COLOURS, norm=norm)
    if info.band is not None:
        axes.fill_between(
            info.line[0], *info.band, color=style.BAND, alpha=0.6, linewidth=0, label=f"{info.level:.0%} interval of N*"
        )
    axes.plot(*info.line, color=style.LAW, linewidth=2.0, label=f"efficient line, {info.label}")
    dots = axes.scatter(
        info.runs[0],
        info.runs[1],
        c=info.runs[2],
        s=22,
        edgecolor=style.INK,
        linewidth=0.4,
        zorder=3,
        label=f"{info.runs.shape[1]} runs, measured loss",
        cmap=_COLOURS,
        norm=norm,
    )
    if info.planned is not None:
        style.mark(axes, *info.planned)
    axes.clabel(contours, levels[1::2].tolist(), fontsize=7.5, fmt="%.2f")
    bar = figure.colorbar(dots, ax=axes, label=f"{info.metric} ({QUANTITIES[info.metric].unit})", pad=0.02)
    style.plain_log_ticks(bar.ax.yaxis)
    axes.set_xlim(info.flops[0], info.flops[-1])
    axes.set_ylim(info.params[0], info.params[-1])
    style.label_axes(axes, "flops", info.params_name)
    axes.legend(frameon=True, framealpha=0.9, edgecolor="none", fontsize=8.5, loc="upper left")
    return figure
