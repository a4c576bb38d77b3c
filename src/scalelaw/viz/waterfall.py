"""Exponents of the compute-optimal size after each correction from Kaplan's to Chinchilla's set-up, with intervals."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from scalelaw.allocation.explanation import Explanation
from scalelaw.core.nouns.brief import Brief
from scalelaw.core.types import Array
from scalelaw.viz import style

if TYPE_CHECKING:
    from matplotlib.figure import Figure

KAPLAN = 0.88
"""Kaplan et al. 2020: N* ~ C^0.88 at a fixed batch."""
CHINCHILLA = 0.50
"""Hoffmann et al. 2022: N* ~ C^0.50 by approach 1."""


@dataclass(frozen=True, eq=False)
class Waterfall(Brief):
    """Data of the figure.

    Attributes:
        names: the applied corrections.
        exponent: exponent a after each correction, (k,).
        ends: ends of the intervals, (2, k), NaN if unknown.
        level: probability of the intervals.
    """

    names: tuple[str, ...]
    exponent: Array
    ends: Array
    level: float


def waterfall_info(found: Explanation) -> Waterfall:
    """Compute the data of the figure."""
    made = [(each.name, each.exponent) for each in found.made if each.exponent is not None]
    ends = [[np.nan if end is None else end for end in (a.lo, a.hi)] for _, a in made]
    return Waterfall(
        tuple(name for name, _ in made), np.array([a.value for _, a in made]), np.array(ends, float).T, found.level
    )


def draw(info: Waterfall) -> "Figure":
    """Render the figure."""
    figure, (axes,) = style.canvas(height=1.6 + 0.5 * len(info.names))
    rows = np.arange(len(info.names))[::-1]
    for value, name in ((KAPLAN, "Kaplan"), (CHINCHILLA, "Chinchilla")):
        axes.axvline(value, color=style.RUNS, linewidth=1.0, linestyle="--")
        axes.annotate(name, (value, 1.0), xycoords=("data", "axes fraction"), xytext=(0, 3), textcoords="offset points",
                      ha="center", fontsize=8.5, color=style.RUNS)  # fmt: skip
    for at in range(1, len(rows)):
        axes.annotate(
            "", xy=(info.exponent[at], rows[at]), xytext=(info.exponent[at - 1], rows[at]),
            arrowprops={"arrowstyle": "->", "color": style.BAND, "linewidth": 2.0},
        )  # fmt: skip
        axes.vlines(info.exponent[at - 1], rows[at], rows[at - 1], color=style.BAND, linewidth=1.0)
    axes.hlines(rows, *info.ends, color=style.LAW, linewidth=2.4, zorder=3, label=f"{info.level:.0%} intervals")
    axes.scatter(info.exponent, rows, color=style.LAW, s=34, zorder=4)
    for at, value in enumerate(info.exponent):
        axes.annotate(
            f"{value:.3f}", (value, rows[at]), xytext=(0, 7), textcoords="offset points", ha="center", fontsize=9
        )
    axes.set_yticks(rows, [name if len(name) < 60 else name[:57] + "..." for name in info.names])
    axes.set_ylim(-0.5, len(rows) - 0.3)
    axes.set_xlabel("exponent a of the compute-optimal size, N* ~ C^a")
    axes.legend(frameon=False, fontsize=8.5, loc="lower right")
    return figure
