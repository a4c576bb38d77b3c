"""A raw table: columns under their own names, not yet interpreted."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

import numpy as np

from scalelaw.core.errors import BadTable
from scalelaw.core.findings import Finding
from scalelaw.core.numbers import counted
from scalelaw.core.types import AnyArray

_MOST_COLUMNS = 200_000
_MOST_CELLS, _SPARSE = 5_000_000, 50
_ABSENT: frozenset[str] = frozenset({"", "na", "n/a", "null", "none", "-", "--"})
_NUMBERS = (int, float, np.integer, np.floating, Decimal)
_FLAGS = (bool, np.bool_)
_NEVER = (*_FLAGS, np.timedelta64)
"""Cells of these types are not numbers, although Python or NumPy derives them from numbers."""


@dataclass(frozen=True, eq=False)
class RawColumn:
    """One column: float64 where every cell is a number, objects otherwise.

    Attributes:
        values: the cells, (n,); NaN or None where missing.
        missing: True where a cell is empty, (n,); a written NaN is a value.
    """

    values: AnyArray
    missing: AnyArray

    @property
    def numeric(self) -> bool:
        """Whether the column holds numbers."""
        return self.values.dtype == np.float64

    @property
    def scalar(self) -> bool:
        """Whether every cell is a number or text, not a list or a record."""
        return self.numeric or all(
            issubclass(kind, (*_NUMBERS, *_FLAGS, str, type(None))) for kind in set(map(type, self.values))
        )


@dataclass(frozen=True, eq=False)
class RawTable:
    """Columns of equal length under their source names.

    Attributes:
        source: file or object they come from, for messages.
        columns: name -> cells.
        notes: the reader's assumptions, in words.
        stated: columns whose format implies plain counts, so no unit is asked for.
        read: rows or files of the source, where that is not the number of rows of this table.
        by_hand: it came as a table, not through an importer, so a person may have laid out its cells.
        findings: warnings of the reader.
    """

    source: str
    columns: Mapping[str, RawColumn]
    notes: tuple[str, ...] = ()
    stated: frozenset[str] = frozenset()
    read: int | None = None
    by_hand: bool = False
    findings: tuple[Finding, ...] = ()

    def __len__(self) -> int:
        return next((len(column.values) for column in self.columns.values()), 0)

    def without_blank_rows(self) -> "RawTable":
        """Return the table without empty rows, with a note of their number."""
        if not len(self):
            return self
        blank = np.logical_and.reduce([column.missing for column in self.columns.values()])
        if not blank.any():
            return self
        kept = {name: RawColumn(column.values[~blank], column.missing[~blank]) for name, column in self.columns.items()}
        count = int(blank.sum())
        note = f"{counted(count, 'blank row')} ignored"
        return replace(self, columns=kept, notes=(*self.notes, note))


def column(cells: Iterable[Any]) -> RawColumn:
    """Return the column of these cells; integers become float64, so that products do not overflow.

    A column that holds True or False keeps its cells as objects, since they are not numbers.
    """
    if isinstance(cells, np.ndarray) and cells.dtype.kind in "iuf" and cells.ndim == 1:
        exact = cells.astype(str) if cells.dtype == np.float32 else cells  # the decimals a float32 stands for
        return RawColumn(exact.astype(float), np.zeros(len(cells), dtype=bool))
    listed = list(cells)
    missing = _missing(listed)
    kinds = set(map(type, listed)) - {type(None)}
    if not missing.all() and all(issubclass(kind, _NUMBERS) and not issubclass(kind, _NEVER) for kind in kinds):
        return RawColumn(np.array([np.nan if cell is None else _float(cell) for cell in listed]), missing)
    values = np.empty(len(listed), dtype=object)
    values[:] = [None if gone else cell for cell, gone in zip(listed, missing, strict=True)]
    return RawColumn(values, missing)


def _float(cell: Any) -> float:
    """Return a cell as float; an integer too large for it becomes infinite, as 1e400 does."""
    try:
        return float(cell)
    except OverflowError:
        return math.inf if cell > 0 else -math.inf


def check_size(source: str, columns: int, rows: int, filled: int) -> None:
    """Refuse a table of too many columns, or of records that share hardly a name.

    Args:
        source: the name for messages.
        columns: number of names.
        rows: number of records.
        filled: number of cells that the records fill.

    Raises:
        BadTable: it would need far more memory than the text.
    """
    if columns > _MOST_COLUMNS:
        raise BadTable(f"{source}: {columns} columns, more than {_MOST_COLUMNS}; leave out those that are not needed")
    if columns * rows > _MOST_CELLS and columns * rows > _SPARSE * filled:
        raise BadTable(f"{source}: {rows} records have {columns} names but share few; give every record the same names")


def from_columns(columns: Mapping[Any, Any], source: str) -> RawTable:
    """Build a table from a dict of columns.

    Raises:
        BadTable: a value is not a column, or the columns differ in length.
    """
    check_size(source, len(columns), 0, 0)
    table: dict[str, RawColumn] = {}
    for name, cells in columns.items():
        if isinstance(cells, str | bytes | Mapping) or not isinstance(cells, Iterable):
            raise BadTable(f"{source}: {str(name)!r} is {cells!r}, not a column; give a list of values for each name")
        table[str(name)] = column(cells)
    lengths = {name: len(found.values) for name, found in table.items()}
    if len(set(lengths.values())) > 1:
        found = ", ".join(f"{name} {n}" for name, n in lengths.items())
        raise BadTable(f"{source}: the columns differ in length ({found}); every column needs one value per row")
    return RawTable(source, table)


def from_rows(rows: Sequence[Any], source: str) -> RawTable:
    """Build a table from a list of records; names that a record lacks become missing cells.

    Raises:
        BadTable: an entry is not a record.
    """
    names: dict[str, None] = {}
    filled = 0
    for index, row in enumerate(rows, start=1):
        if not isinstance(row, Mapping):
            raise BadTable(f"{source}: entry {index} is {str(row)[:40]!r}, not a record like {{'params': 7e9, ...}}")
        names.update(dict.fromkeys(row))
        filled += len(row)
    check_size(source, len(names), len(rows), filled)
    return RawTable(source, {str(name): column([row.get(name) for row in rows]) for name in names})


def _missing(cells: list[Any]) -> AnyArray:
    """Return a mask (n,) of cells that hold None or a word for missing."""
    words = {cell for cell in {cell for cell in cells if isinstance(cell, str)} if cell.strip().lower() in _ABSENT}
    return np.array([cell is None or (isinstance(cell, str) and cell in words) for cell in cells], dtype=bool)
