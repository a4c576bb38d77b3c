"""Read every recognised column and convert it to canonical units."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from scalelaw.core.findings import Answer, Finding, Grade, enforce
from scalelaw.core.numbers import counted
from scalelaw.core.quantities import QUANTITIES, is_target
from scalelaw.core.types import AnyArray
from scalelaw.runs.cells import Numbers, read_numbers
from scalelaw.runs.checking.values import check_all_text
from scalelaw.runs.columns.mapping import NEEDED, Assignment, metric_of
from scalelaw.runs.columns.units import chance_column, convert, is_unit, slope, split_unit
from scalelaw.runs.raw import RawColumn, RawTable
from scalelaw.runs.rows import Rows

DROP = "drop"
"""Value of ``units`` that leaves out rows without a unit."""


def run_numbers(raw: RawTable, assignment: Assignment) -> AnyArray:
    """Return the run of each row, numbered by first appearance; a row without a name is a separate run."""
    if "run" not in assignment.quantities:
        return np.arange(len(raw))
    numbers: dict[Any, int] = {}
    column = raw.columns[assignment.quantities["run"]]
    if not column.numeric and not column.missing.any() and all(type(name) is str for name in column.values):
        return np.array([numbers.setdefault(name, len(numbers)) for name in column.values])
    keys = [
        ("row", row) if gone else str(name)
        for row, (name, gone) in enumerate(zip(column.values, column.missing, strict=True))
    ]
    return np.array([numbers.setdefault(key, len(numbers)) for key in keys])


def read_columns(rows: Rows, raw: RawTable, assignment: Assignment, given: Mapping[str, str]) -> dict[str, str]:
    """Read every quantity and target column into ``rows``; return column -> one unreadable cell, as an example."""
    examples: dict[str, str] = {}
    for name, column in {**assignment.quantities, **assignment.targets}.items():
        cells = raw.columns[column]
        metric = metric_of(name)
        rows.origins[name] = column
        if metric in QUANTITIES and QUANTITIES[metric].kind == "text":
            rows.columns[name] = _text(cells, name)
            continue
        if name in assignment.items:
            rows.items[name] = read_numbers(raw.columns[assignment.items[name]]).values
        if name in assignment.chances:
            rows.chances[name] = _read_chance(rows, raw, assignment.chances[name])
        numbers = read_numbers(cells, metric)
        if metric in NEEDED or name in assignment.named:
            enforce(check_all_text(name, column, numbers))
        examples[name] = numbers.example
        unit = given.get(name) or assignment.units.get(name)
        error = _read_error(raw, assignment, name)
        if metric in assignment.unit_columns and name == metric:
            labels = raw.columns[assignment.unit_columns[metric]]
            numbers, error = _by_row(rows, (numbers, error), labels, metric, given.get(name))
        elif unit:
            error = error * slope(numbers.values, unit, metric)
            bare = convert(numbers.values, unit, metric)
            numbers = replace(numbers, values=np.where(numbers.suffixed, numbers.values, bare))
            rows.notes.append(f"{name}: {column!r} read in {unit}")
        if is_target(name):
            rows.targets[name] = numbers
            rows.errors[name] = error
        else:
            rows.numbers[name] = numbers
            rows.columns[name] = numbers.values
    unstated = {name for name in rows.targets if metric_of(name) == "loss"} - set(given) - set(assignment.units)
    if unstated and "loss" not in assignment.unit_columns:
        rows.notes.append(
            "loss is read as nats per token; if not, pass units={'loss': 'bits'} or 'perplexity' "
            "(CLI: --unit loss=bits or --unit loss=perplexity)"
        )
    return examples


def _text(cells: RawColumn, name: str) -> AnyArray:
    """Return a column as text, 7 and "7" alike; all-numeric seeds stay numbers, and unnamed runs are named by row."""
    if cells.numeric and name == "seed":
        return cells.values
    found = np.empty(len(cells.values), dtype=object)
    found[:] = [None if gone else _word(value) for value, gone in zip(cells.values, cells.missing, strict=True)]
    if name == "run":
        found[cells.missing] = [f"row {row}" for row in np.flatnonzero(cells.missing) + 1]
    return found


def _word(value: Any) -> str:
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _read_error(raw: RawTable, assignment: Assignment, target: str) -> AnyArray:
    if target not in assignment.errors:
        return np.full(len(raw), np.nan)
    return read_numbers(raw.columns[assignment.errors[target]]).values


def _read_chance(rows: Rows, raw: RawTable, column: str) -> AnyArray:
    """Read a column of chance levels; one in percent is converted, with a warning."""
    unit = split_unit(column)[1]
    values = read_numbers(raw.columns[column]).values
    stated = unit is not None and is_unit(unit, "chance")
    values, percent = (convert(values, str(unit), "chance"), False) if stated else chance_column(values)
    if percent:
        message = f"{column!r} holds percent (up to {100 * float(np.nanmax(values)):g}), and is read as fractions"
        fix = "write fractions, like 0.25"
        rows.findings.append(Finding("RUNS_CHANCE_PERCENT", Grade.WARN, message, len(values), fix))
    return values


def _by_row(
    rows: Rows, written: tuple[Numbers, AnyArray], labels: RawColumn, metric: str, otherwise: str | None
) -> tuple[Numbers, AnyArray]:
    """Convert a metric and its error by its unit column; ask for the unit of the rows that have none."""
    numbers, error = written
    units = [otherwise if label is None else str(label) for label in labels.values]
    unstated = np.array([unit is None or not is_unit(unit, metric) for unit in units]) & numbers.present
    if unstated.any() and otherwise == DROP:
        units = [None if gone else unit for unit, gone in zip(units, unstated, strict=True)]
        example = ", ".join(f"{value:g} without a unit" for value in numbers.values[unstated][:3])
        numbers = replace(numbers, unreadable=numbers.unreadable | unstated, example=example)
    elif unstated.any():
        at = np.flatnonzero(unstated)
        names = rows.columns.get("run", np.arange(1, len(numbers.values) + 1))
        where = counted(len(at), "row")
        message = f"the unit of {metric} is missing in {where} ({', '.join(str(names[row]) for row in at[:5])})"
        fix = (
            f'pass units={{"{metric}": "nats"}} (CLI: --unit {metric}=nats), or bits or perplexity, or {DROP} to leave '
            "those rows out; rows with a unit keep it"
        )
        answers = (
            *(Answer(f"they are {unit}", {"units": {metric: unit}}) for unit in ("nats", "bits", "perplexity")),
            Answer("leave those rows out", {"units": {metric: DROP}}),
        )
        enforce([Finding("RUNS_LOSS_UNIT", Grade.ASK, message, len(at), fix, answers)])
    values, error = np.where(numbers.present, numbers.values, np.nan), np.array(error, float)
    for unit in dict.fromkeys(unit for unit in units if unit is not None and unit != DROP):
        mask = np.array([other == unit for other in units]) & numbers.present
        error[mask] *= slope(values[mask], unit, metric)
        values[mask] = convert(values[mask], unit, metric)
    changed = int(np.sum(numbers.present & ~np.isclose(values, numbers.values, rtol=1e-12, atol=0)))
    rows.notes.append(
        f"{metric}: {changed} of {len(values)} rows converted to {QUANTITIES[metric].unit} by their unit column"
    )
    return replace(numbers, values=values), error
