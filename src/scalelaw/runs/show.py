"""Summarise a table of runs: sources, assumptions and excluded runs."""

from typing import TYPE_CHECKING, Any

import numpy as np

from scalelaw.core.findings import Grade
from scalelaw.core.numbers import counted, format_number
from scalelaw.core.quantities import METRICS, QUANTITIES
from scalelaw.core.rendering import Lines, Report, Table
from scalelaw.core.types import AnyArray

if TYPE_CHECKING:
    from scalelaw.runs.table import RunTable

_MOST_TARGETS = 12


def report(table: "RunTable") -> Report:
    """Return a readable summary of a table of runs."""
    rows, runs = f"{counted(table.read, 'row')} read", counted(len(table), "run")
    columns = Table(_quantity_lines(table) + _target_lines(table), head=False)
    lines = []
    others = [name for name in table.runs if name not in QUANTITIES]
    if others:
        more = f", ... {len(others) - 10} more" if len(others) > 10 else ""
        lines.append(("not used, kept for where()", f"{', '.join(others[:10])}{more}"))
    lines += [("note", note) for note in table.notes]
    lines += [("excluded", f"{counted(gone.n, 'run')}: {gone.reason}") for gone in table.set_aside]
    for finding in table.findings:
        lead = "excluded where needed" if finding.grade is Grade.SET_ASIDE else str(finding.grade)
        lines.append((lead, f"{finding} [{finding.code}]"))
    return Report(f"{table.source}: {rows}, {runs}", [columns, Lines(lines, width=0)])


def to_dict(table: "RunTable") -> dict[str, Any]:
    """Return the summary as plain values for JSON."""
    return {
        "schema": "scalelaw.runs/1",
        "source": table.source,
        "rows": {"read": table.read, "set_aside": [gone.to_dict() for gone in table.set_aside]},
        "runs": len(table),
        "targets": {target: int(np.sum(table.evals["target"] == target)) for target in table.targets},
        "columns": {name: _column(table, name) for name in table.runs},
        "findings": [finding.to_dict() for finding in table.findings],
        "notes": list(table.notes),
    }


def _column(table: "RunTable", name: str) -> dict[str, Any]:
    span = _span(table.runs[name]) if _counted(name) else None
    low, high = span or (None, None)
    return {"from": table.origins.get(name, name), "lo": low, "hi": high}


def _counted(name: str) -> bool:
    return name in QUANTITIES and QUANTITIES[name].kind == "number"


def _quantity_lines(table: "RunTable") -> list[list[str]]:
    lines = []
    for name in table.quantities():
        if name in METRICS:
            continue
        origin = table.origins.get(name, name)
        span = _span(table.runs[name]) if _counted(name) else None
        shown = _range(span) if span else _kinds(name, table.runs[name])
        lines.append([name, shown, "" if origin == name else f"from {origin}"])
    return lines


def _target_lines(table: "RunTable") -> list[list[str]]:
    lines = []
    for target in table.targets[:_MOST_TARGETS]:
        values = table.evals["value"][table.evals["target"] == target]
        span = _span(values)
        shown = _range(span) if span else "no number"
        origin = table.origins.get(target, target)
        lines.append([target, shown, counted(len(values), "value") + ("" if origin == target else f" from {origin}")])
    if len(table.targets) > _MOST_TARGETS:
        lines.append([f"... {len(table.targets) - _MOST_TARGETS} more targets", "", ""])
    return lines


def _span(values: AnyArray) -> tuple[float, float] | None:
    if values.dtype != np.float64:
        return None
    finite = values[np.isfinite(values)]
    return (float(finite.min()), float(finite.max())) if len(finite) else None


def _range(span: tuple[float, float]) -> str:
    low, high = map(_number, span)
    return low if low == high else f"{low} to {high}"


def _number(value: float) -> str:
    return f"{value:.0f}" if value.is_integer() and abs(value) < 1e6 else format_number(value)


def _kinds(name: str, values: AnyArray) -> str:
    """Return the values of a column, or their number where there are many."""
    there = [value for value in values.tolist() if value is not None and value == value]
    if QUANTITIES[name].kind == "flag":
        return f"{sum(value != 0 for value in there)} yes, {sum(value == 0 for value in there)} no"
    kinds = list(dict.fromkeys(_number(value) if isinstance(value, float) else str(value) for value in there))
    return ", ".join(kinds) if len(kinds) <= 3 else f"{len(kinds)} values"
