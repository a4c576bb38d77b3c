"""Shared style of figures: canvas, colours and tick labels."""

from io import BytesIO, StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from scalelaw.core.errors import BadInput
from scalelaw.core.files import write_whole
from scalelaw.core.forecaster import Prediction
from scalelaw.core.optional import require
from scalelaw.core.quantities import quantity
from scalelaw.core.types import Array

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK = "#1b1b1b"
RUNS = "#7a8ca3"
LAW = "#1f5fa8"
BAND = "#9fc1e6"
INSIDE = "#2f8f4e"
OUTSIDE = "#c8402f"
FORMATS = (".png", ".svg", ".pdf")


def canvas(
    width: float = 7.2, height: float = 4.6, panels: tuple[int, ...] = (1,), *, sharex: bool = True
) -> "tuple[Figure, list[Axes]]":
    """Return a figure with stacked axes of these relative heights; matplotlib's global state is unchanged.

    Raises:
        MissingExtra: matplotlib is not installed.
    """
    require("matplotlib", extra="plot", why="draw figures")
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), dpi=160, layout="constrained")
    stacked = figure.subplots(len(panels), sharex=sharex, squeeze=False, height_ratios=panels)[:, 0]
    return figure, _dressed(stacked, labelsize=9)


def own_axes() -> "Axes":
    """Return the axes of a new figure of pyplot, which a notebook and ``pyplot.show()`` display."""
    from matplotlib import pyplot

    return _dressed([pyplot.subplots(figsize=(7.2, 4.6), layout="constrained")[1]], labelsize=9)[0]


def mark(axes: "Axes", x: float, y: float, label: str = "recommended") -> None:
    """Mark the recommended run."""
    axes.scatter([x], [y], s=130, marker="*", color=OUTSIDE, edgecolor=INK, linewidth=0.6, zorder=5, label=label)


def band_of(found: Prediction) -> Array | None:
    """Return the ends of the intervals of predictions, (2, n); None without intervals."""
    return None if found.lo is None or found.hi is None else np.stack([found.lo, found.hi])


def shade(axes: "Axes", x: Array, band: Array, level: float) -> None:
    """Shade the interval of a new run along a quantity."""
    label = f"{level:.0%} interval of a new run"
    axes.fill_between(x, *band, color=BAND, alpha=0.6, linewidth=0, label=label)


def grid(across: int, down: int) -> "tuple[Figure, list[Axes]]":
    """Return a figure of small panels, row by row.

    Raises:
        MissingExtra: matplotlib is not installed.
    """
    require("matplotlib", extra="plot", why="draw figures")
    from matplotlib.figure import Figure

    figure = Figure(figsize=(max(4.8, 3.1 * across), 2.7 * down + 0.8), dpi=160, layout="constrained")
    panels = figure.subplots(down, across, squeeze=False).ravel()
    return figure, _dressed(panels, labelsize=8)


def _dressed(panels: Any, labelsize: int) -> "list[Axes]":
    for axes in panels:
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(alpha=0.25, linewidth=0.6)
        axes.tick_params(labelsize=labelsize, which="both")
    return list(panels)


def label_axes(axes: Any, x: str, y: str) -> None:
    """Label the axes with the meaning and unit of two quantities."""
    axes.set_xlabel(quantity(x).label)
    axes.set_ylabel(quantity(y).label)


def plain_log_ticks(axis: Any) -> None:
    """Write the ticks of a short logarithmic axis as plain numbers."""
    from matplotlib.ticker import FormatStrFormatter, LogLocator, NullFormatter

    axis.set_major_locator(LogLocator(subs=(1, 1.5, 2, 3, 4, 5, 7)))
    axis.set_major_formatter(FormatStrFormatter("%g"))
    axis.set_minor_formatter(NullFormatter())


def powers_ticks(axis: Any) -> None:
    """Write the ticks of a long logarithmic axis as 1, 2 and 5 times powers of ten."""
    from matplotlib.ticker import LogFormatterSciNotation, LogLocator, NullFormatter

    axis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axis.set_major_formatter(LogFormatterSciNotation(labelOnlyBase=False, minor_thresholds=(4, 2)))
    axis.set_minor_formatter(NullFormatter())


def svg(figure: "Figure") -> str:
    """Return a figure as SVG text; equal figures give equal text."""
    from matplotlib import rc_context

    written = StringIO()
    with rc_context({"svg.hashsalt": "scalelaw", "svg.fonttype": "none"}):
        figure.savefig(written, format="svg", metadata={"Date": None})
    return written.getvalue()


def save(figure: "Figure", path: str | Path) -> Path:
    """Write a figure as PNG, SVG or PDF, by the suffix.

    Raises:
        BadInput: another suffix, or the file cannot be written.
    """
    target = Path(path)
    if target.suffix not in FORMATS:
        raise BadInput(f"figures are written as {', '.join(FORMATS)}; got {target.name!r}")
    target.parent.mkdir(parents=True, exist_ok=True)
    content = BytesIO()
    figure.savefig(content, format=target.suffix[1:], metadata={"Date": None} if target.suffix == ".svg" else None)
    return write_whole(target, content.getvalue())
