"""Score against compute with its band, chance and each form; beside it the score against the loss of the chain."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from scalelaw.core.errors import BadInput
from scalelaw.core.nouns.brief import Brief
from scalelaw.core.numbers import counted
from scalelaw.core.quantities import label_of
from scalelaw.core.types import Array
from scalelaw.forecasting.chain import Chain
from scalelaw.forecasting.score_ensemble import ScoreEnsemble
from scalelaw.planning.score_plan import points_of
from scalelaw.viz import style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_POINTS = 80
_BEYOND = 30.0


@dataclass(frozen=True, eq=False)
class ThroughLoss(Brief):
    """The chain of most weight, as score against loss.

    Attributes:
        source: the loss, as ``metric@eval_set``.
        runs: loss and score of each run, (2, n).
        line: loss and score along the link, (2, p).
        band: ends of the interval of the link alone, (2, p), or None.
        forecast: loss, its ends, the score there and its ends by both stages, (6,), ten times beyond the largest run.
    """

    source: str
    runs: Array
    line: Array
    band: Array | None
    forecast: Array


@dataclass(frozen=True, eq=False)
class ScoreVsCompute(Brief):
    """Data of the figure.

    Attributes:
        target: the score.
        level: probability of the interval.
        chance: score of guessing.
        runs: compute and score of each run, (2, n).
        line: compute and forecast, (2, p).
        band: ends of the interval, (2, p).
        forms: form -> its own forecast along the line, (p,).
        through: the same by the loss; None without a chain.
    """

    target: str
    level: float
    chance: float
    runs: Array
    line: Array
    band: Array
    forms: Mapping[str, Array] = field(default_factory=dict)
    through: ThroughLoss | None = None


def score_vs_compute_info(forecaster: ScoreEnsemble, *, level: float = 0.9) -> ScoreVsCompute:
    """Compute the data of the figure, from the smallest to thirty times the largest run.

    Args:
        forecaster: of a score.
        level: probability of the interval.

    Raises:
        BadInput: the runs have no compute.
    """
    rows = forecaster.observed
    if "flops" not in rows.columns:
        raise BadInput("score against compute needs runs with compute; add a flops column (--column flops=...)")
    spent = np.asarray(rows.columns["flops"], float)
    flops = np.geomspace(spent.min(), spent.max() * _BEYOND, _POINTS)
    x = points_of(forecaster, flops)
    seen = forecaster.predict(x, level)
    parts = forecaster.parts(x)
    assert seen.lo is not None and seen.hi is not None
    return ScoreVsCompute(
        forecaster.target,
        level,
        forecaster.chance,
        np.stack([spent, rows.y]),
        np.stack([flops, seen.mean]),
        np.stack([seen.lo, seen.hi]),
        dict(zip(parts.names, parts.scores, strict=True)),
        _through(forecaster, level),
    )


def _through(forecaster: ScoreEnsemble, level: float) -> ThroughLoss | None:
    weighed = sorted(zip(forecaster.weights, forecaster.members, strict=True), key=lambda pair: -pair[0])
    chain = next((each.forecaster for _, each in weighed if isinstance(each.forecaster, Chain)), None)
    if chain is None:
        return None
    ahead = points_of(forecaster, [10 * forecaster.largest])
    stages = chain.stages(ahead, level)
    losses = np.asarray(chain.link.rows.x[chain.source], float)
    along = np.linspace(float(stages.loss.mean[0]), losses.max(), _POINTS)
    linked = chain.link.predict({chain.source: along}, level, "mean")
    parts = [
        stages.loss.mean,
        stages.loss.lo,
        stages.loss.hi,
        stages.compound.mean,
        stages.compound.lo,
        stages.compound.hi,
    ]
    forecast = np.array([np.nan if each is None else float(each[0]) for each in parts])
    return ThroughLoss(chain.loss.target, np.stack([losses, chain.link.rows.y]), np.stack([along, linked.mean]),
                       style.band_of(linked), forecast)  # fmt: skip


def draw(info: ScoreVsCompute) -> "Figure":
    """Render the figure."""
    if info.through is None:
        figure, (axes,) = style.canvas()
        draw_on(axes, info)
        return figure
    figure, (left, right) = style.grid(2, 1)
    figure.set_size_inches(10.4, 4.6)
    draw_on(left, info)
    _draw_through(right, info.through, info)
    return figure


def draw_on(axes: "Axes", info: ScoreVsCompute) -> None:
    """Render the score against compute on axes."""
    style.shade(axes, info.line[0], info.band, info.level)
    for i, values in enumerate(info.forms.values()):
        label = f"each of {counted(len(info.forms), 'form')}" if i == 0 else None
        axes.plot(info.line[0], values, color=style.LAW, linewidth=0.6, alpha=0.45, label=label)
    axes.plot(*info.line, color=style.LAW, linewidth=1.8, label="forecast")
    axes.scatter(info.runs[0], info.runs[1], s=15, color=style.RUNS, linewidth=0, zorder=3,
                 label=counted(info.runs.shape[1], "fitted run"))  # fmt: skip
    axes.axhline(info.chance, color=style.INK, linewidth=0.9, linestyle=":", label=f"chance, {info.chance:.3g}")
    axes.set_xscale("log")
    axes.set_xlabel(label_of("flops"))
    axes.set_ylabel(info.target)
    axes.legend(frameon=False, fontsize=8, loc="upper left")


def _draw_through(axes: "Axes", through: ThroughLoss, info: ScoreVsCompute) -> None:
    if through.band is not None:
        axes.fill_between(through.line[0], *through.band, color=style.BAND, alpha=0.6, linewidth=0,
                          label=f"{info.level:.0%} interval of the link")  # fmt: skip
    axes.plot(*through.line, color=style.LAW, linewidth=1.6, label="score of a loss")
    axes.scatter(through.runs[0], through.runs[1], s=15, color=style.RUNS, linewidth=0, zorder=3)
    loss, low, high, score, worst, best = through.forecast
    if np.isfinite(through.forecast).all():
        axes.errorbar([loss], [score], xerr=[[loss - low], [high - loss]], yerr=[[score - worst], [best - score]],
                      color=style.OUTSIDE, capsize=3, linewidth=1.4, fmt="o", markersize=4,
                      label="10 times the largest run, both errors")  # fmt: skip
    axes.axhline(info.chance, color=style.INK, linewidth=0.9, linestyle=":")
    axes.invert_xaxis()
    axes.set_xlabel(through.source)
    axes.set_ylabel(info.target)
    axes.legend(frameon=False, fontsize=8, loc="upper left")
