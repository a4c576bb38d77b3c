"""Coordinate check: with a recipe that transfers, activations do not grow or shrink with the width.

For each width a trainer gives root mean squares (of activations, logits, and their change since the start) after a few
steps; their slope on log-log axes should be about zero (Yang et al. 2022, arXiv 2203.03466, appendix D.1). The
narrowest widths do not show the asymptotic slope.

code                 grade   when
COORDINATES_DRIFT    warn    a root mean square grows or shrinks with the width
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from scalelaw.core.errors import BadInput
from scalelaw.core.findings import Finding, Grade
from scalelaw.core.nouns.tabular import Columns, Tabular, columns_of
from scalelaw.core.rendering import Lines, Renderable, Report, Table
from scalelaw.core.types import Array, frozen

Measure = Callable[[int, int], Mapping[str, float]]
"""(width, seed) -> name -> root mean square after a few steps."""

TOLERANCE = 0.25
"""Largest slope that passes; standard scaling of Adam gives +1 in the hidden layers, and muP 0."""


@dataclass(frozen=True, eq=False)
class CoordinateCheck(Renderable, Tabular):
    """Root mean squares by width, and their slopes.

    Attributes:
        widths: measured widths, (n,).
        sizes: name -> root mean squares, geometric mean over seeds, (n,).
        slopes: name -> slope of log size over log width.
        tolerance: largest slope that passes.
    """

    widths: Array
    sizes: Mapping[str, Array]
    slopes: Mapping[str, float]
    tolerance: float

    @property
    def findings(self) -> tuple[Finding, ...]:
        """A warning that names the drifting quantities, if any."""
        drifting = {name: slope for name, slope in self.slopes.items() if abs(slope) > self.tolerance}
        if not drifting:
            return ()
        names = ", ".join(f"{name} as width^{slope:+.2f}" for name, slope in drifting.items())
        fix = "change the recipe's width exponents or its initialisation"
        return (Finding("COORDINATES_DRIFT", Grade.WARN, f"these vary with width: {names}", len(drifting), fix),)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {
            "schema": "scalelaw.coordinates/1",
            "widths": self.widths.tolist(),
            "sizes": {name: sizes.tolist() for name, sizes in self.sizes.items()},
            "slopes": dict(self.slopes),
            "findings": [each.to_dict() for each in self.findings],
        }

    def to_columns(self) -> Columns:
        """Return one row per quantity, one column per width."""
        return columns_of(
            {
                "name": name,
                **{f"width {width:g}": float(size) for width, size in zip(self.widths, sizes, strict=True)},
                "slope": self.slopes[name],
            }
            for name, sizes in self.sizes.items()
        )

    def report(self) -> Report:
        """Return sizes by width and slopes."""
        head = ["", *(f"{width:g}" for width in self.widths), "slope"]
        rows = [
            [name, *(f"{size:.3g}" for size in sizes), f"{self.slopes[name]:+.2f}"]
            for name, sizes in self.sizes.items()
        ]
        warned = [("warn", f"{each} [{each.code}]") for each in self.findings]
        return Report("root mean squares by width", [Table([head, *rows], right=range(1, len(head))), Lines(warned)])


def coordinate_check(
    measure: Measure, widths: Sequence[int], *, seeds: int = 1, tolerance: float = TOLERANCE
) -> CoordinateCheck:
    """Measure how activations of a model change with its width.

    Args:
        measure: trains a model of this width and seed for a few steps, and returns root mean squares.
        widths: two or more widths.
        seeds: seeds per width; the geometric mean is used.
        tolerance: largest slope that passes.

    Raises:
        BadInput: fewer than two widths, or a size that is not positive and finite.

    Example:
        >>> check = coordinate_check(lambda width, seed: {"logits": width**0.5, "hidden": 1.0}, [64, 128, 256])
        >>> round(check.slopes["logits"], 3), check.findings[0].code
        (0.5, 'COORDINATES_DRIFT')
    """
    if len(set(widths)) < 2:
        raise BadInput(f"widths={list(widths)}: give two or more widths")
    measured = [[measure(width, seed) for seed in range(seeds)] for width in widths]
    sizes = {}
    for name in measured[0][0]:
        values = np.array([[each[name] for each in of_width] for of_width in measured])
        if not np.all(np.isfinite(values) & (values > 0)):
            raise BadInput(f"{name}: its root mean square is zero or not finite at a width; check the measure")
        sizes[name] = np.exp(np.mean(np.log(values), axis=1))
    along = np.log(np.array(widths, float))
    slopes = {name: float(np.polyfit(along, np.log(each), 1)[0]) for name, each in sizes.items()}
    return CoordinateCheck(
        frozen(np.array(widths, float)), {name: frozen(each) for name, each in sizes.items()}, slopes, tolerance
    )
