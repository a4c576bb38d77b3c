"""Join a table of runs with the results of evaluations, by the name of the run."""

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from scalelaw.core.errors import BadInput
from scalelaw.core.numbers import counted
from scalelaw.core.quantities import recognise
from scalelaw.runs.cells import read_numbers
from scalelaw.runs.columns.units import split_unit
from scalelaw.runs.raw import RawTable, column

_SIZES = frozenset({"params", "params_non_embedding", "params_active", "tokens", "flops", "steps"})
_OWN = frozenset({"params", "created_at", "label"})
"""Columns of evaluations that the table of runs states better."""
_NAMES = ("model", "model_name", "name")
_TIMES = ("tokens", "steps")
_SHOWN = 3


def join_tables(tables: Sequence[RawTable]) -> RawTable:
    """Return the table of runs with the columns of the others, on the last row of the run of the same name.

    Names agree if they are equal, or equal after the last slash in lower case.

    Args:
        tables: one with sizes, tokens or steps, and results of evaluations of its runs.

    Raises:
        BadInput: a table names no runs, no table or several have sizes, or no name agrees.
    """
    sized = [each for each in tables if not _is_results(each)]
    if len(sized) != 1:
        raise BadInput(
            f"{len(sized)} of the {len(tables)} sources have params, tokens or steps by run; join one such table with "
            "results of evaluations"
        )
    base = sized[0]
    rows = _last_rows(base)
    cells = {name: _cells(base, name) for name in base.columns}
    notes = list(base.notes)
    for other in tables:
        if other is base:
            continue
        matched = _join(cells, rows, other, len(base))
        if not matched:
            some, have = (", ".join(map(repr, list(names)[:_SHOWN])) for names in (_names(other), _names(base)))
            raise BadInput(
                f"no run of {other.source} ({some}) is one of {base.source} ({have}); give them the same names"
            )
        left = len(set(_names(other))) - matched
        lost = f"; {counted(left, 'other run')} of it {'is' if left == 1 else 'are'} left out" if left else ""
        notes += [*other.notes, f"{counted(matched, 'run')} joined with {other.source} by name{lost}"]
    return replace(base, columns={name: column(values) for name, values in cells.items()}, notes=tuple(notes))


def _join(cells: dict[str, list[Any]], rows: dict[str, int], other: RawTable, length: int) -> int:
    """Fill the cells of each matching run; return their number."""
    by_key = {_key(name): row for name, row in rows.items()}
    run = _run_column(other)
    matched = set[str]()
    for at, name in enumerate(_names(other)):
        row = rows.get(name, by_key.get(_key(name)))
        if row is None:
            continue
        matched.add(name)
        for title in other.columns:
            if title == run or recognise(title) in _OWN or title in _OWN:
                continue
            values = cells.setdefault(title, [None] * length)
            value = _cells(other, title)[at]
            if values[row] is None and value is not None:
                values[row] = value
    return len(matched)


def _is_results(table: RawTable) -> bool:
    """Return whether a table holds evaluations: scores, and at most the size of each model."""
    known = {recognise(split_unit(name)[0]) for name in table.columns}
    return not known & (_SIZES - {"params"}) and any("@" in name for name in table.columns)


def _run_column(table: RawTable) -> str:
    found = next((name for name in table.columns if recognise(name) == "run"), None)
    found = found or next((name for name in _NAMES if name in table.columns), None)
    if found is None:
        raise BadInput(f"{table.source} names no runs; add a column 'run', so that sources can be joined by run")
    return found


def _names(table: RawTable) -> list[str]:
    return [str(cell) for cell in _cells(table, _run_column(table))]


def _key(name: str) -> str:
    return re.split(r"[/\\]", name.strip().rstrip("/\\"))[-1].lower()


def _last_rows(table: RawTable) -> dict[str, int]:
    """Return run -> its row with the most tokens or steps, the last one where they are equal."""
    times = [name for name in table.columns if recognise(split_unit(name)[0]) in _TIMES]
    moment = read_numbers(table.columns[times[0]]).values if times else np.zeros(len(table))
    found: dict[str, int] = {}
    for row, name in enumerate(_names(table)):
        if name not in found or not moment[row] < moment[found[name]]:
            found[name] = row
    return found


def _cells(table: RawTable, name: str) -> list[Any]:
    cells = table.columns[name]
    return [None if gone else value for value, gone in zip(cells.values.tolist(), cells.missing.tolist(), strict=True)]
