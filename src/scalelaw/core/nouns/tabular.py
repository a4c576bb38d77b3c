"""Results as dataframes: one method gives columns, and pandas, polars and readers of Arrow take them from there."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from scalelaw.core.optional import require
from scalelaw.core.types import AnyArray

Columns = Mapping[str, Sequence[Any] | AnyArray]
"""Name -> one value per row; None is missing."""


class Tabular(ABC):
    """A result with rows, which any dataframe library can take."""

    @abstractmethod
    def to_columns(self) -> Columns:
        """Return the rows as columns of plain values, all of one length; None is missing."""

    def to_pandas(self) -> Any:
        """Return the rows as a ``pandas.DataFrame``.

        Raises:
            MissingExtra: pandas is not installed.
        """
        pandas = require("pandas", extra="pandas", why="return a pandas.DataFrame")
        return pandas.DataFrame({name: _floats(cells, np.nan) for name, cells in self.to_columns().items()})

    def to_polars(self) -> Any:
        """Return the rows as a ``polars.DataFrame``.

        Raises:
            MissingExtra: polars is not installed.
        """
        return polars_frame(self.to_columns())

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        """Return the rows as an Arrow stream, which pyarrow, DuckDB, polars and pandas read without a copy."""
        return self.to_polars().__arrow_c_stream__(requested_schema)


def columns_of(records: Iterable[Mapping[str, Any]]) -> dict[str, list[Any]]:
    """Return records as columns; a number with its interval takes three; None marks what a record lacks.

    Example:
        >>> columns_of([{"run": "a", "loss": {"value": 2.0, "lo": 1.9, "hi": 2.1}}, {"run": "b"}])
        {'run': ['a', 'b'], 'loss': [2.0, None], 'loss_lo': [1.9, None], 'loss_hi': [2.1, None]}
    """
    listed = list(records)
    rows = [_flat(record) for record in listed]
    cells = (cell for record in listed for cell in record.items())
    nested = {name for name, cell in cells if isinstance(cell, Mapping) and "value" not in cell}
    names = [name for name in dict.fromkeys(name for row in rows for name in row) if name not in nested]
    return {name: [row.get(name) for row in rows] for name in names}


def one_row(document: Mapping[str, Any], *without: str) -> dict[str, list[Any]]:
    """Return a document of plain values as one row, without its schema, its findings and the entries named."""
    left_out = {"schema", "findings", *without}
    return columns_of([{name: value for name, value in document.items() if name not in left_out}])


def polars_frame(columns: Columns) -> Any:
    """Return columns as a ``polars.DataFrame``; numbers and text in one column are all text.

    Raises:
        MissingExtra: polars is not installed.
    """
    polars = require("polars", extra="polars", why="return a polars.DataFrame")
    return polars.DataFrame([_series(polars, name, cells) for name, cells in columns.items()])


def _flat(record: Mapping[str, Any], before: str = "") -> dict[str, Any]:
    """Return a record without nesting; ``value`` takes the name of what it is the value of."""
    flat: dict[str, Any] = {}
    for key, value in record.items():
        name = before if before and key == "value" else f"{before}_{key}" if before else str(key)
        if isinstance(value, Mapping):
            flat |= _flat(value, name)
        elif isinstance(value, tuple | list) and all(isinstance(each, str) for each in value):
            flat[name] = "; ".join(value)
        else:
            flat[name] = value.item() if isinstance(value, np.generic) else value
    return flat


def _floats(cells: Sequence[Any] | AnyArray, missing: float | None) -> Sequence[Any] | AnyArray:
    """Return numbers of which some are whole, or missing, as floats; other cells as they are."""
    kinds = set() if isinstance(cells, np.ndarray) else {type(cell) for cell in cells}
    if kinds <= {int, float, type(None)} and len(kinds) > 1:
        return [missing if cell is None else float(cell) for cell in cells]
    return cells


def _series(polars: Any, name: str, cells: Sequence[Any] | AnyArray) -> Any:
    listed = cells.tolist() if isinstance(cells, np.ndarray) and cells.dtype == object else _floats(cells, None)
    try:
        return polars.Series(name, listed, strict=True)
    except (TypeError, polars.exceptions.PolarsError):
        texts = [None if cell is None else str(cell) for cell in listed]
        return polars.Series(name, texts, dtype=polars.String)
