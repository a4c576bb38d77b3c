"""A scatter plot for the terminal: eight dots per character, both axes logarithmic."""

from collections.abc import Sequence

import numpy as np

from scalelaw.core.errors import BadInput
from scalelaw.core.numbers import format_number
from scalelaw.core.types import AnyArray, Array

_BLANK = 0x2800
_DOTS = np.array([[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]])
"""Bit of each dot of a character, by row and column."""
_HIGH, _WIDE = _DOTS.shape


def scatter(x: Array, y: Array, *, labels: Sequence[str] = ("", ""), columns: int = 64, lines: int = 14) -> str:
    """Return a framed plot of points as braille characters, with the ends of both axes.

    Args:
        x: positive values, (n,).
        y: positive values, (n,).
        labels: names of x and y.
        columns: width in characters.
        lines: height in characters, two or more.

    Raises:
        BadInput: no points, or a value that is not positive.

    Example:
        >>> print(scatter([1, 10, 100], [4, 2, 1], columns=6, lines=2))
        4 ┤⠁  ⡀
        1 ┤     ⢀
          └──────
           1  100
    """
    across, down = np.log(_positive("x", x)), np.log(_positive("y", y))
    at = _placed(across, columns * _WIDE)
    row = lines * _HIGH - 1 - _placed(down, lines * _HIGH)
    cells = np.zeros((lines, columns), dtype=int)
    np.bitwise_or.at(cells, (row // _HIGH, at // _WIDE), _DOTS[row % _HIGH, at % _WIDE])
    drawn = ["".join(chr(_BLANK + bits) if bits else " " for bits in line).rstrip() for line in cells]
    low, high = (format_number(end) for end in (np.exp(down.min()), np.exp(down.max())))
    margin = max(len(low), len(high))
    ends = [high, *[""] * (lines - 2), low]
    framed = [f"{end:>{margin}} ┤{line}".rstrip() for end, line in zip(ends, drawn, strict=True)]
    left, right = (format_number(end) for end in (np.exp(across.min()), np.exp(across.max())))
    axis = f"{left}{labels[0]:^{max(columns - len(left) - len(right), 1)}}{right}"
    head = [f"{'':{margin}}  {labels[1]}"] if labels[1] else []
    return "\n".join([*head, *framed, f"{'':{margin}} └{'─' * columns}", f"{'':{margin}}  {axis}"])


def _positive(name: str, values: Array) -> Array:
    found = np.asarray(values, float)
    if not len(found) or not np.all(np.isfinite(found) & (found > 0)):
        raise BadInput(f"a scatter needs positive {name}, got {len(found)} values")
    return found


def _placed(values: Array, dots: int) -> AnyArray:
    """Return the dot of each value, from 0 for the smallest to dots - 1 for the largest."""
    span = float(values.max() - values.min()) or 1.0
    return np.asarray(np.rint((values - values.min()) / span * (dots - 1)), dtype=int)
