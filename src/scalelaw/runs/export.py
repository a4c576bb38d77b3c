"""Export a table of runs to a file that loads as the same table: one row per evaluation, canonical names and units."""

import io
import json
import math
from collections.abc import Callable, Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from scalelaw.accounting.flops import BY_CONVENTION
from scalelaw.core.errors import BadInput
from scalelaw.core.files import write_whole
from scalelaw.core.nouns.spreadsheet import as_csv
from scalelaw.core.nouns.tabular import polars_frame
from scalelaw.core.types import AnyArray

if TYPE_CHECKING:
    from scalelaw.runs.table import RunTable

_OF_TARGETS = ("n_items", "chance")
"""Columns of the evaluations that belong to one target each."""


def export_runs(table: "RunTable", path: str | PathLike[str]) -> int:
    """Write a table of runs to CSV, JSON lines or Parquet, by suffix; return the number of rows.

    Excluded runs are not written. Quantities of a counting convention are not written either: loading derives them
    again. Unreadable cells become empty. In CSV an apostrophe precedes text that a spreadsheet would compute; loading
    removes it.

    Args:
        table: the runs.
        path: ends in ``.csv``, ``.jsonl`` or ``.parquet``.

    Raises:
        BadInput: unknown suffix, a column that the format cannot hold, or a path that cannot be written.

    Example:
        >>> import tempfile
        >>> from scalelaw.runs.reading.load import load_runs
        >>> path = Path(tempfile.mkdtemp()) / "runs.csv"
        >>> export_runs(load_runs({"N": ["70M"], "D": ["1.4B"], "val_loss": [3.6]}), path)
        1
        >>> print(path.read_text(encoding="utf-8").strip())
        "params","tokens","loss"
        70000000.0,1400000000.0,3.6
    """
    target = Path(path).expanduser()
    as_file = _WRITERS.get(target.suffix.lower())
    if as_file is None:
        raise BadInput(f"{target.name!r}: the suffix selects the format; use {', '.join(SUFFIXES)}")
    columns = export_columns(table)
    write_whole(target, as_file(columns))
    return len(next(iter(columns.values())))


def export_columns(table: "RunTable") -> dict[str, list[Any]]:
    """Return the columns of the file: settings, columns that vary within runs, targets and standard errors.

    None marks a missing cell; NaN is a measured value.
    """
    evals = table.evals
    varying = [name for name in evals if name not in ("run", "target", "value", "se", *_OF_TARGETS)]
    entry_row, run, first = _rows(table, varying)
    columns: dict[str, list[Any]] = {}
    for name, values in table.runs.items():
        if BY_CONVENTION in table.origins.get(name, ""):
            continue
        cells = _cells(values[run])
        if name in varying:
            there = first >= 0
            cells = [_cell(evals[name][at]) if has else cell for cell, at, has in zip(cells, first, there, strict=True)]
        columns[name] = cells
    for target in table.targets:
        at = np.flatnonzero(evals["target"] == target)
        columns[target] = _placed(evals["value"][at], entry_row[at], len(run), missing_nan=False)
        if not np.isnan(evals["se"][at]).all():
            columns[f"{target}_se"] = _placed(evals["se"][at], entry_row[at], len(run), missing_nan=True)
        for name in _OF_TARGETS:
            if name in evals and not np.isnan(evals[name][at]).all():
                written = "_".join(part for part in (name, target.partition("@")[2]) if part)
                columns[written] = _placed(evals[name][at], entry_row[at], len(run), missing_nan=True)
    return columns


def _rows(table: "RunTable", varying: Sequence[str]) -> tuple[AnyArray, AnyArray, AnyArray]:
    """Return the row of each entry, then the run and the first entry of each row (-1 without a measurement).

    Entries of several targets share a row if run and varying columns agree; a second entry of the same target there
    gets its own row.
    """
    evals = table.evals
    n = len(evals["run"])
    order = np.arange(n)
    places: dict[Any, int] = {}
    seen: dict[Any, int] = {}
    entry_row = np.zeros(n, dtype=int)
    runs: list[int] = []
    first: list[int] = []
    for at in order:
        place = (int(evals["run"][at]), *(_key(evals[name][at]) for name in varying))
        count = seen[place, evals["target"][at]] = seen.get((place, evals["target"][at]), -1) + 1
        if (place, count) not in places:
            places[place, count] = len(runs)
            runs.append(place[0])
            first.append(int(at))
        entry_row[at] = places[place, count]
    silent = _silent(table, varying, order)
    run = np.array([*runs, *silent], dtype=int)
    by_run = np.argsort(run, kind="stable")
    entry = np.array([*first, *[-1] * len(silent)], dtype=int)
    return np.argsort(by_run)[entry_row], run[by_run], entry[by_run]


def _silent(table: "RunTable", varying: Sequence[str], order: AnyArray) -> AnyArray:
    """Return the runs that need a row without a measurement, since no evaluation holds their last values."""
    evals = table.evals
    spoken = np.zeros(len(table), dtype=bool)
    spoken[evals["run"]] = True
    for name in varying:
        at = order[~np.isnan(evals[name][order])]
        last = np.full(len(table), np.nan)
        last[evals["run"][at]] = evals[name][at]
        spoken &= np.isclose(last, table.runs[name], rtol=0, atol=0, equal_nan=True)
    return np.flatnonzero(~spoken)


def _key(value: Any) -> Any:
    """Return a value as a dictionary key; NaN becomes None."""
    return None if isinstance(value, float) and math.isnan(value) else value


def _placed(values: AnyArray, rows: AnyArray, n: int, *, missing_nan: bool) -> list[Any]:
    cells: list[Any] = [None] * n
    for value, row in zip(values.tolist(), rows.tolist(), strict=True):
        cells[row] = None if missing_nan and math.isnan(value) else value
    return cells


def _cells(values: AnyArray) -> list[Any]:
    return [_cell(value) for value in values.tolist()]


def _cell(value: Any) -> Any:
    found = value.item() if isinstance(value, np.generic) else value
    return None if isinstance(found, float) and math.isnan(found) else found


def _as_jsonl(columns: Mapping[str, list[Any]]) -> str:
    lines = []
    for row in zip(*columns.values(), strict=True):
        filled = {name: _strict(value) for name, value in zip(columns, row, strict=True) if value is not None}
        lines.append(json.dumps(filled, ensure_ascii=False, default=str) + "\n")
    return "".join(lines)


def _strict(value: Any) -> Any:
    """Return values that are not finite as text, since JSON has no such numbers."""
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value


def _as_parquet(columns: Mapping[str, list[Any]]) -> bytes:
    content = io.BytesIO()
    polars_frame(columns).write_parquet(content)
    return content.getvalue()


_WRITERS: Mapping[str, Callable[[Mapping[str, list[Any]]], str | bytes]] = {
    ".csv": as_csv,
    ".jsonl": _as_jsonl,
    ".parquet": _as_parquet,
}
SUFFIXES = tuple(_WRITERS)
"""File suffixes of the export formats."""
