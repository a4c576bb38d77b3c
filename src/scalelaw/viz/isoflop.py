"""IsoFLOP profiles with their minima; below, the best size against compute with its interval."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from scalelaw.allocation.isoflop_result import IsoFlop
from scalelaw.core.nouns.brief import Brief
from scalelaw.core.types import Array
from scalelaw.viz import style

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_POINTS = 80
_BEYOND = 10.0
_COLOURS = "cividis"


@dataclass(frozen=True, eq=False)
class ProfileLine(Brief):
    """One budget of the figure.

    Attributes:
        flops: C in FLOP.
        params: N of its runs, ascending, (w,).
        loss: measured, (w,).
        curve: sizes and fitted profile, (2, p), or None if the budget is excluded.
        best: N* and its loss, or None if the budget is excluded.
    """

    flops: float
    params: Array
    loss: Array
    curve: Array | None
    best: tuple[float, float] | None


@dataclass(frozen=True, eq=False)
class IsoFlopFigure(Brief):
    """Data of the figure.

    Attributes:
        title: the fitted power law, as text.
        params_name: kind of N on the axes.
        profiles: every budget, ascending.
        level: probability of the interval.
        line: compute and N* of the power law, (2, p).
        band: ends of its interval, (2, p), or None.
    """

    title: str
    params_name: str
    profiles: tuple[ProfileLine, ...]
    level: float
    line: Array
    band: Array | None


def isoflop_info(found: IsoFlop) -> IsoFlopFigure:
    """Compute the data of the figure."""
    curves = dict(zip((budget.flops for budget in found.used), np.swapaxes(found.curve, 0, 1), strict=True))
    sizes = np.asarray(found.rows.columns[found.spec.n], float)
    profiles = []
    for at, budget in enumerate(found.budgets):
        mine = np.flatnonzero(found.group == at)
        mine = mine[np.argsort(sizes[mine], kind="stable")]
        best = None if budget.params is None or budget.loss is None else (budget.params, budget.loss)
        profiles.append(ProfileLine(budget.flops, sizes[mine], found.rows.y[mine], curves.get(budget.flops), best))
    ends = [budget.flops for budget in found.budgets]
    flops = np.geomspace(min(ends) / 1.5, max(ends) * _BEYOND, _POINTS)
    interval = found.params.interval_at(flops, found.spec.level)
    exponent = found.params.exponent_interval(found.spec.level)
    sure = "" if exponent is None else f" ({exponent[0]:.3f} to {exponent[1]:.3f})"
    title = f"N* = {found.params.coefficient:.3g} C^{found.params.exponent:.3f}{sure}, {found.spec.profile} profiles"
    band = None if interval is None else np.stack(interval)
    return IsoFlopFigure(
        title, found.spec.n, tuple(profiles), found.spec.level, np.stack([flops, found.params.at(flops)]), band
    )


def draw(info: IsoFlopFigure) -> "Figure":
    """Render the figure."""
    figure, (above, below) = style.canvas(height=7.2, panels=(3, 2), sharex=False)
    from matplotlib import colormaps

    shades = colormaps[_COLOURS](np.linspace(0.0, 0.88, len(info.profiles)))
    for shade, profile in zip(shades, info.profiles, strict=True):
        kept = profile.curve is not None
        above.scatter(
            profile.params, profile.loss, s=16, linewidth=0.8, color=shade if kept else "none",
            edgecolor="none" if kept else style.RUNS,
            label=f"{profile.flops:.2g} FLOP" + ("" if kept else ", excluded"),
        )  # fmt: skip
        if profile.curve is not None:
            above.plot(*profile.curve, color=shade, linewidth=1.3)
        if profile.best is not None:
            above.scatter(
                *profile.best, marker="*", s=110, color=style.OUTSIDE, edgecolor="white", linewidth=0.5, zorder=4
            )
            below.scatter(
                profile.flops, profile.best[0], marker="*", s=110, color=style.OUTSIDE, edgecolor="white", zorder=4
            )
    if info.band is not None:
        below.fill_between(
            info.line[0], *info.band, color=style.BAND, alpha=0.6, linewidth=0, label=f"{info.level:.0%} interval"
        )
    below.plot(*info.line, color=style.LAW, linewidth=1.8, label=info.title)
    for axes in (above, below):
        axes.set_xscale("log")
        axes.set_yscale("log")
    style.plain_log_ticks(above.yaxis)
    style.label_axes(above, info.params_name, "loss")
    style.label_axes(below, "flops", info.params_name)
    below.set_ylabel("N* (parameters)")
    above.legend(frameon=False, fontsize=7.5, loc="upper left", bbox_to_anchor=(1.0, 1.0))
    below.legend(frameon=False, fontsize=8.5, loc="upper left")
    return figure
