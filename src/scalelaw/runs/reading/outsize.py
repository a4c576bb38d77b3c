"""Cells that no later step could copy: lists and records that nest too deeply, text that is too long."""

from collections.abc import Iterable
from typing import Any

from scalelaw.core.errors import BadTable
from scalelaw.runs.raw import RawColumn, RawTable

DEEPEST = 32
"""Most levels of lists and records in a cell; the time that a Parquet file takes grows with the cube of the levels."""

_LONG = 1_000
_MOST_BYTES = 2**27
_BYTES_PER_SIGN = 4


def check_cells(raw: RawTable) -> RawTable:
    """Return the table if later steps can copy, print and write its cells.

    Raises:
        BadTable: a cell nests too deeply, or is so long that a column of that width would fill the memory.
    """
    for name, column in raw.columns.items():
        if not column.numeric:
            _check_depth(raw.source, name, column)
            _check_length(raw.source, name, column)
    return raw


def _check_depth(source: str, name: str, column: RawColumn) -> None:
    for row, cell in enumerate(column.values, start=1):
        if isinstance(cell, list | tuple | dict) and _is_deep(cell):
            raise BadTable(
                f"{source}: row {row} of the column {name!r} nests lists or records more than {DEEPEST} deep; "
                "flatten or remove it"
            )


def _check_length(source: str, name: str, column: RawColumn) -> None:
    """Check the memory of the column as an array of text, in which each cell takes as much as the longest."""
    lengths = [len(cell) if isinstance(cell, str) else 0 for cell in column.values]
    longest = max(lengths, default=0)
    if longest > _LONG and longest * len(lengths) * _BYTES_PER_SIGN > _MOST_BYTES:
        raise BadTable(
            f"{source}: row {lengths.index(longest) + 1} of the column {name[:_LONG]!r} has a text of {longest} "
            f"characters, too long for a table of {len(lengths)} rows; shorten or remove it"
        )


def _is_deep(cell: Any) -> bool:
    level = [cell]
    for _ in range(DEEPEST):
        level = [each for outer in level for each in _inside(outer) if isinstance(each, list | tuple | dict)]
        if not level:
            return False
    return True


def _inside(outer: Any) -> Iterable[Any]:
    return outer.values() if isinstance(outer, dict) else outer
