"""Aligned plain-text tables, the same on a terminal, in a log and in a test."""

from collections.abc import Sequence


def table(rows: Sequence[Sequence[str]], *, indent: str = "  ", right: Sequence[int] = ()) -> str:
    """Return rows as aligned columns; the columns numbered in ``right`` are flush right.

    Example:
        >>> print(table([["N", "70B"], ["D", "1.4T"]], right=[1]))
          N   70B
          D  1.4T
    """
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = []
    for row in rows:
        cells = [
            cell.rjust(width) if i in right else cell.ljust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append((indent + "  ".join(cells)).rstrip())
    return "\n".join(lines)
