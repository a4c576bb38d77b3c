"""The compute-optimal size against compute by envelope, IsoFLOP and law, with intervals."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from scalelaw.allocation.isoflop_result import IsoFlop
from scalelaw.allocation.lower_envelope import Envelope
from scalelaw.allocation.three_approaches import Agreement
from scalelaw.core.nouns.brief import Brief
from scalelaw.core.types import Array
from scalelaw.fitting.result import FitResult
from scalelaw.laws import HasOptimum
from scalelaw.planning.loss_surfaces import survey
from scalelaw.viz import style

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_POINTS = 60
_COLOURS = {"envelope": style.INSIDE, "isoflop": style.OUTSIDE, "law": style.LAW}


@dataclass(frozen=True, eq=False)
class Line(Brief):
    """One approach.

    Attributes:
        name: name of the approach.
        label: legend with its exponent.
        line: compute and N*, (2, p).
        band: ends of the interval, (2, p), or None.
        optima: compute and N* of single optima, (2, k); empty for the law.
    """

    name: str
    label: str
    line: Array
    band: Array | None
    optima: Array


@dataclass(frozen=True, eq=False)
class ApproachesFigure:
    """Data of the figure.

    Attributes:
        params_name: kind of N on the axis.
        flops: compute at which the approaches are compared, FLOP.
        level: probability of the intervals.
        lines: the approaches.
    """

    params_name: str
    flops: float
    level: float
    lines: tuple[Line, ...]


def approaches_info(found: Agreement) -> ApproachesFigure:
    """Compute the data of the figure."""
    low = found.flops / found.reach / 1e3
    kinds = [each.found.params.quantity for each in found.used if isinstance(each.found, IsoFlop | Envelope)]
    kinds += [each.found.inputs[0] for each in found.used if isinstance(each.found, FitResult)]
    optima = {each.name: _optima(each.found) for each in found.used}
    starts = [points[0].min() for points in optima.values() if points.size]
    flops = np.geomspace(min([low, *starts]), found.flops * 2, _POINTS)
    lines = []
    for each in found.used:
        centre, draws = _sizes(each.found, flops)
        band = None if draws is None else np.quantile(draws, [(1 - found.level) / 2, (1 + found.level) / 2], axis=0)
        a = each.exponent
        sure = "" if a is None or a.lo is None or a.hi is None else f" ({a.lo:.3f} to {a.hi:.3f})"
        label = f"{each.name}: a = {a.value:.3f}{sure}" if a is not None else each.name
        lines.append(Line(each.name, label, np.stack([flops, centre]), band, optima[each.name]))
    return ApproachesFigure(kinds[0], found.flops, found.level, tuple(lines))


def _optima(found: Envelope | IsoFlop | FitResult | None) -> Array:
    if isinstance(found, IsoFlop):
        return np.array([[budget.flops, budget.params] for budget in found.used if budget.params is not None]).T
    if isinstance(found, Envelope):
        return np.stack([found.flops, found.size])
    return np.empty((2, 0))


def _sizes(found: Envelope | IsoFlop | FitResult | None, flops: Array) -> tuple[Array, Array | None]:
    """Return N* at each compute, for the point estimate and for each draw."""
    if isinstance(found, IsoFlop | Envelope):
        return found.params.at(flops), found.params.draws_at(flops)
    if not isinstance(found, FitResult) or not isinstance(found.law, HasOptimum):
        raise TypeError(f"no compute-optimal size in {found!r}")
    if found.cost is not None:
        surfaces = survey(found)
        return surfaces.point.optimum(flops)[0][0], None if surfaces.draws is None else surfaces.draws.optimum(flops)[0]
    centre = found.law.optimum(found.coef, flops)[0]
    return centre, None if found.draws is None else found.law.optimum(found.draws[:, None, :], flops)[0]


def draw(info: ApproachesFigure) -> "Figure":
    """Render the figure."""
    figure, (axes,) = style.canvas()
    for each in info.lines:
        colour = _COLOURS[each.name]
        if each.band is not None:
            axes.fill_between(each.line[0], *each.band, color=colour, alpha=0.16, linewidth=0)
        axes.plot(*each.line, color=colour, linewidth=1.8, label=each.label)
        if each.optima.size:
            axes.scatter(each.optima[0], each.optima[1], s=12, color=colour, alpha=0.7, linewidth=0, zorder=3)
    axes.axvline(info.flops, color=style.INK, linewidth=0.8, linestyle=":")
    axes.set_xscale("log")
    axes.set_yscale("log")
    style.label_axes(axes, "flops", info.params_name)
    axes.set_ylabel(f"N* (compute-optimal {info.params_name})")
    axes.legend(frameon=False, fontsize=8.5, loc="upper left", title=f"{info.level:.0%} intervals", title_fontsize=8.5)
    return figure
