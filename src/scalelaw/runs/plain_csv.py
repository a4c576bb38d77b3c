"""Read small or wide plain CSV without polars, which takes longer than the table; the columns are the same.

Plain means unambiguous: no quotes, no blank cells, as many cells per row as names, and each column all plain numbers or
all words. Other text is left to polars.
"""

import re
from collections.abc import Collection

import numpy as np

from scalelaw.runs.raw import RawColumn, column

_LONGEST, _LONGEST_COLUMN = 1_000_000, 200
"""Characters of a text, and of a column of a longer one: polars needs more time for many short columns."""
_NUMBER = re.compile(r"-?\d{1,15}(?:\.\d{1,25})?(?:[eE][+-]?\d{1,2})?", re.ASCII)
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_./:=+-]*")
_VALUES = frozenset({"true", "false", "nan", "inf", "infinity", "null", "none", "na"})
"""Words that polars may read as a value."""


def read_plain(text: str, separator: str, words: Collection[str]) -> dict[str, RawColumn] | None:
    """Return name -> column, or None where the text is not plain.

    Args:
        text: the whole file, its first line the names.
        separator: one character.
        words: names of columns that hold text even if all cells are digits.
    """
    columns = text.partition("\n")[0].count(separator) + 1
    if len(text) > max(_LONGEST, columns * _LONGEST_COLUMN) or '"' in text:
        return None
    lines = text.replace("\r\n", "\n").strip("\n").split("\n")
    names = lines[0].split(separator)
    rows = [line.split(separator) for line in lines[1:]]
    if "\r" in lines[0] or not rows or not all(names) or len(set(names)) < len(names):
        return None
    if any(len(row) != len(names) for row in rows):
        return None
    found = {
        name: _column(list(cells), name in words) for name, cells in zip(names, zip(*rows, strict=True), strict=True)
    }
    kept = {name: each for name, each in found.items() if each is not None}
    return kept if len(kept) == len(found) else None


def _column(cells: list[str], text: bool) -> RawColumn | None:
    """Return the column of these cells, or None where they are ambiguous."""
    if not text and all(map(_NUMBER.fullmatch, cells)):
        return RawColumn(np.array([float(cell) for cell in cells]), np.zeros(len(cells), dtype=bool))
    if all(_WORD.fullmatch(cell) and cell.lower() not in _VALUES for cell in cells):
        return column(cells)
    return None
