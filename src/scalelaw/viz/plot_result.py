"""``plot`` of a fit, an ensemble and a plan: each draws on one pair of axes, which several results can share."""

from functools import singledispatch
from typing import TYPE_CHECKING

import numpy as np

from scalelaw.core.components import kind_of
from scalelaw.core.errors import BadInput, ScalelawError
from scalelaw.core.nouns.plottable import Plottable
from scalelaw.core.optional import require
from scalelaw.core.quantities import label_of
from scalelaw.fitting.result import FitResult
from scalelaw.forecasting.ensemble import Ensemble
from scalelaw.forecasting.score_ensemble import ScoreEnsemble
from scalelaw.planning.answer import Plan
from scalelaw.runs.observations import Observations
from scalelaw.viz import loss_vs_compute, measured, one_input, score_vs_compute, style

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def plot_result(result: Plottable, ax: "Axes | None" = None) -> "Axes":
    """Draw a result and return the axes.

    Args:
        result: a fit, an ensemble or a plan.
        ax: axes to draw on; None makes a figure with pyplot.

    Raises:
        MissingExtra: matplotlib is not installed.
        BadInput: ``ax`` is not matplotlib axes.
    """
    if ax is not None and not hasattr(ax, "errorbar"):
        raise BadInput(f"ax is a {type(ax).__name__}, not axes of matplotlib; e.g. figure, ax = pyplot.subplots()")
    require("matplotlib", extra="plot", why="draw figures")
    axes = style.own_axes() if ax is None else ax
    _draw(result, axes)
    return axes


@singledispatch
def _draw(result: object, axes: "Axes") -> None:
    raise BadInput(f"a {type(result).__name__} has no figure; help('scalelaw.viz') lists the figures")


@_draw.register(FitResult)
def _draw_fit(result: FitResult, axes: "Axes") -> None:
    numbers = [name for name in result.inputs if kind_of(name) == "number"]
    along_compute = _along_compute(result)
    if along_compute is not None:
        loss_vs_compute.draw_on(axes, along_compute)
    elif len(result.inputs) == len(numbers) == 1:
        one_input.draw_on(axes, one_input.one_input_info(result))
    else:
        measured.draw_on(axes, measured.measured_info(result))


def _along_compute(fit: FitResult) -> loss_vs_compute.LossVsCompute | None:
    """Return loss against compute; None where the law takes anything but N and D, or has no best split of a budget."""
    if fit.counting is None or set(fit.inputs) != {fit.counting.params, "tokens"}:
        return None
    try:
        info = loss_vs_compute.loss_vs_compute_info(fit, _rows(fit), level=fit.spec.level)
    except ScalelawError:
        return None
    return info if np.isfinite(info.line).all() else None


@_draw.register(Ensemble)
def _draw_ensemble(result: Ensemble, axes: "Axes") -> None:
    first = result.members[0]
    if result.counting is None or "tokens" not in result.inputs:
        _draw(first, axes)
        return
    rows = result.observed if result.observed is not None else _rows(first)
    loss_vs_compute.draw_on(axes, loss_vs_compute.loss_vs_compute_info(result, rows))


@_draw.register(ScoreEnsemble)
def _draw_score(result: ScoreEnsemble, axes: "Axes") -> None:
    score_vs_compute.draw_on(axes, score_vs_compute.score_vs_compute_info(result))


@_draw.register(Plan)
def _draw_plan(result: Plan, axes: "Axes") -> None:
    """Mark the planned run by its compute and loss."""
    loss, flops = result.loss, result.flops.value
    if loss.lo is not None and loss.hi is not None and np.isfinite([loss.lo, loss.hi]).all():
        ends = [[loss.value - loss.lo], [loss.hi - loss.value]]
        axes.errorbar([flops], [loss.value], yerr=ends, color=style.OUTSIDE, capsize=4, linewidth=1.4, zorder=4)
    (params, _), (tokens, _) = result.params.texts(3), result.tokens.texts(3)
    style.mark(axes, flops, loss.value, f"plan: {params} parameters, {tokens} tokens")
    axes.set_xscale("log")
    if not axes.get_xlabel():
        axes.set_xlabel(label_of("flops"))
        axes.set_ylabel(f"predicted loss ({loss.unit})")
        axes.set_xlim(flops / 10, flops * 10)
    axes.legend(frameon=False, fontsize=8.5)


def _rows(fit: FitResult) -> Observations:
    """Return the fitted rows with their compute."""
    assert fit.counting is not None
    rows = fit.rows
    flops = fit.counting.flops(rows.x[fit.counting.params], rows.x["tokens"])
    return Observations(fit.target, {**rows.x, "flops": flops}, rows.y, rows.cluster, rows.weight, rows.read)
