"""Residuals of a fit along each input and compute; a bend means that the form does not fit."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from scalelaw.core.nouns.brief import Brief
from scalelaw.core.quantities import label_of
from scalelaw.core.types import Array
from scalelaw.fitting.result import FitResult
from scalelaw.viz import style

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_WINDOWS = 8


@dataclass(frozen=True, eq=False)
class Residuals(Brief):
    """Data of the figure.

    Attributes:
        label: name of the fit.
        along: quantity -> its value in each row, (n,).
        residual: predicted / measured - 1, (n,).
        trend: quantity -> centre and median residual of each window, (2, w).
    """

    label: str
    along: Mapping[str, Array]
    residual: Array
    trend: Mapping[str, Array]


@np.errstate(all="ignore")
def residuals_info(fit: FitResult) -> Residuals:
    """Compute the residuals, and their median in windows with equal numbers of rows."""
    x = fit.rows.x
    residual = np.asarray(fit.law.predict(fit.coef, x)) / fit.rows.y - 1
    along = {name: np.asarray(values, float) for name, values in x.items() if np.all(np.asarray(values) > 0)}
    return Residuals(fit.label, along, residual, {name: _trend(values, residual) for name, values in along.items()})


def _trend(values: Array, residual: Array) -> Array:
    parts = np.array_split(np.argsort(values, kind="stable"), min(_WINDOWS, max(len(values) // 3, 1)))
    return np.array([[np.exp(np.mean(np.log(values[part]))), np.median(residual[part])] for part in parts]).T


def draw(info: Residuals) -> "Figure":
    """Render the figure."""
    figure, panels = style.canvas(height=2.2 * len(info.along) + 0.4, panels=(1,) * len(info.along), sharex=False)
    for axes, (name, values) in zip(panels, info.along.items(), strict=True):
        axes.axhline(0, color=style.LAW, linewidth=1.2)
        axes.scatter(values, info.residual, s=13, color=style.RUNS, linewidth=0)
        axes.plot(*info.trend[name], color=style.OUTSIDE, linewidth=1.3, label="median in windows")
        axes.set_xscale("log")
        axes.set_xlabel(label_of(name))
        axes.yaxis.set_major_formatter(lambda value, _: f"{value:+.1%}")
    panels[0].legend(frameon=False, fontsize=8.5)
    figure.supylabel("predicted over measured", fontsize=10)
    return figure
