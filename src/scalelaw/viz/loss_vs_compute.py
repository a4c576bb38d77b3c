"""Loss against compute: runs, efficient frontier and band; below, each run relative to its forecast."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from scalelaw.core.errors import BadInput
from scalelaw.core.forecaster import Forecaster
from scalelaw.core.nouns.brief import Brief
from scalelaw.core.numbers import counted
from scalelaw.core.types import AnyArray, Array
from scalelaw.planning.answer import Plan
from scalelaw.planning.efficient_line import frontier
from scalelaw.runs.observations import Observations
from scalelaw.viz import style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_POINTS = 120
_BEYOND = 3.0


@dataclass(frozen=True, eq=False)
class Runs(Brief):
    """Some runs of the figure.

    Attributes:
        flops: compute of each, (n,).
        loss: measured, (n,).
        miss: measured / forecast - 1, (n,).
        band: ends of each run's interval over its forecast, minus one, (2, n), or None.
    """

    flops: Array
    loss: Array
    miss: Array
    band: Array | None

    @property
    def inside(self) -> AnyArray:
        """Whether each run lies in its interval, (n,)."""
        if self.band is None:
            return np.zeros(len(self.loss), bool)
        return np.asarray((self.miss >= self.band[0]) & (self.miss <= self.band[1]))


@dataclass(frozen=True, eq=False)
class LossVsCompute(Brief):
    """Data of the figure.

    Attributes:
        label: name of the forecaster.
        level: probability of the intervals.
        fitted: the fitted runs.
        held_out: larger, held-out runs.
        line: compute and loss along the frontier, (2, p).
        band: ends of the interval along the frontier, (2, p), or None.
        planned: compute and loss of the recommended run, or None.
        metric: measured metric, such as bpb.
    """

    label: str
    level: float
    fitted: Runs
    held_out: Runs
    line: Array
    band: Array | None
    planned: tuple[float, float] | None = None
    metric: str = "loss"


def loss_vs_compute_info(
    forecaster: Forecaster,
    fitted: Observations,
    held_out: Observations | None = None,
    *,
    level: float = 0.9,
    planned: Plan | None = None,
) -> LossVsCompute:
    """Compute the data of the figure.

    Args:
        forecaster: a forecaster of params and tokens.
        fitted: the fitted runs, with flops.
        held_out: larger, held-out runs.
        level: probability of the band and of each run's interval.
        planned: the plan whose run is marked.

    Raises:
        BadInput: the runs have no compute, or the forecaster has no compute-optimal split.
    """
    if "flops" not in fitted.columns:
        raise BadInput("loss against compute needs runs with compute; add a flops column (--column flops=...)")
    unseen = held_out if held_out is not None else fitted.rows(np.zeros(len(fitted), bool))
    compute = np.concatenate([fitted.columns["flops"], unseen.columns["flops"]]).astype(float)
    recommended = (planned.flops.value, planned.loss.value) if planned else None
    most = max(compute.max() * _BEYOND, 1.3 * recommended[0] if recommended else 0.0)
    flops = np.geomspace(compute.min(), most, _POINTS)
    params, tokens, loss = frontier(forecaster, flops)
    kind = next(name for name in forecaster.inputs if name.startswith("params"))
    along = forecaster.predict({kind: params, "tokens": tokens}, level)
    return LossVsCompute(
        label=forecaster.label,
        level=level,
        fitted=_runs(forecaster, fitted, level),
        held_out=_runs(forecaster, unseen, level),
        line=np.stack([flops, loss]),
        band=style.band_of(along),
        planned=recommended,
        metric=fitted.target.partition("@")[0],
    )


def _runs(forecaster: Forecaster, observed: Observations, level: float) -> Runs:
    own = forecaster.predict(observed.inputs(forecaster.inputs), level)
    band = style.band_of(own)
    missed = None if band is None else band / own.mean - 1
    return Runs(np.asarray(observed.columns["flops"], float), observed.y, observed.y / own.mean - 1, missed)


def draw(info: LossVsCompute) -> "Figure":
    """Render the figure."""
    figure, (above, below) = style.canvas(height=5.6, panels=(3, 2))
    draw_on(above, info)
    _draw_runs(below, info, "miss")
    _draw_intervals(below, info.fitted)
    _draw_intervals(below, info.held_out)
    below.axhline(0, color=style.LAW, linewidth=1.2)
    style.label_axes(below, "flops", info.metric)
    above.set_xlabel("")
    below.set_ylabel("measured over\nforecast")
    below.yaxis.set_major_formatter(lambda value, _: f"{100 * value:+.3g}%")
    return figure


def draw_on(axes: "Axes", info: LossVsCompute) -> None:
    """Render the upper panel on axes: runs, compute-optimal loss and interval."""
    if info.band is not None:
        style.shade(axes, info.line[0], info.band, info.level)
    axes.plot(*info.line, color=style.LAW, linewidth=1.6, label=f"compute-optimal loss, {info.label}")
    _draw_runs(axes, info, "loss")
    if info.planned is not None:
        style.mark(axes, *info.planned)
    axes.set_xscale("log")
    axes.set_yscale("log")
    style.plain_log_ticks(axes.yaxis)
    style.label_axes(axes, "flops", info.metric)
    axes.legend(frameon=False, fontsize=8.5)


def _draw_runs(axes: "Axes", info: LossVsCompute, values: str) -> None:
    label = f"{counted(len(info.fitted.loss), 'fitted run')}"
    fitted = getattr(info.fitted, values)
    axes.scatter(info.fitted.flops, fitted, s=13, color=style.RUNS, linewidth=0, label=label)
    _draw_held_out(axes, info.held_out, getattr(info.held_out, values))


def _draw_intervals(axes: "Axes", runs: Runs) -> None:
    if runs.band is not None and runs.band.size:
        axes.vlines(runs.flops, *runs.band, color=style.BAND, linewidth=2.2, alpha=0.55, zorder=1)


def _draw_held_out(axes: "Axes", runs: Runs, values: Array) -> None:
    for inside, colour, word in ((True, style.INSIDE, "inside"), (False, style.OUTSIDE, "outside")):
        chosen = runs.inside == inside
        if chosen.any():
            axes.scatter(
                runs.flops[chosen],
                values[chosen],
                s=20,
                color=colour,
                zorder=3,
                label=f"{chosen.sum()} held out, {word} their interval",
            )
