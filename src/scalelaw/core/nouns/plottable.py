"""``plot`` of results; the module that draws is in a higher layer, so it is imported by name when a figure is drawn."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_FIGURES = "scalelaw.viz.plot_result"


class Plottable:
    """A result that draws itself."""

    def plot(self, ax: "Axes | None" = None) -> "Axes":
        """Draw the result and return the axes.

        Args:
            ax: axes of matplotlib to draw on, such as those of another result; None makes a figure with pyplot.

        Raises:
            MissingExtra: matplotlib is not installed.
            BadInput: ``ax`` is not a pair of axes.
        """
        axes: Axes = import_module(_FIGURES).plot_result(self, ax)
        return axes
