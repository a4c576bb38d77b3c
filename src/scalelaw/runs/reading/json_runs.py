"""Read one run of a JSON document as rows: settings on each, evaluations in order, a final value on the last.

A run is a record, a list of records, an object of columns or ``{step: loss}``. A record may hold evaluations in a list
of records (``log``, ``history``), in lists of numbers or in ``{step: value}``, and settings in an object (``config``).
"""

import math
import re
from collections import Counter
from collections.abc import Mapping
from typing import Any

from scalelaw.core.names import read_name
from scalelaw.core.quantities import METRICS, recognise

Record = dict[str, Any]

_PLANNED = {"tokens": "planned_tokens", "flops": "planned_flops", "steps": "planned_steps"}
_STEP = re.compile(r"(?:step|iter)?[ _-]?0*(\d+)")
_SAME = 1e-6
_DEEPEST = 3


def rows_of_run(content: Any, source: str) -> list[Record]:
    """Return the rows of one run."""
    if isinstance(content, list):
        return [_flat(row) for row in content if isinstance(row, dict)]
    if (found := series(content)) is not None:
        return [{"step": step, "loss": value} for step, value in found.items()]
    if (records := by_step(content)) is not None:
        return records
    logged = readings(content)
    of_run = _flat({key: value for key, value in content.items() if key not in logged})
    columns = {key: value for key, value in logged.items() if isinstance(value, list) and not all_are(value, dict)}
    rows = [
        row
        for key, value in logged.items()
        if key not in columns
        for row in _read(key, value, several=len(logged) - len(columns) > 1)
    ]
    if columns:
        rows += [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]
    return _joined(of_run, rows) if rows else [of_run]


def _read(key: str, value: Any, *, several: bool) -> list[Record]:
    """Return the rows of one block of evaluations; of several blocks, metrics carry the block's name."""
    if (found := series(value)) is not None:
        return [{"step": step, key: reading} for step, reading in found.items()]
    if (records := by_step(value)) is not None:
        value = records
    elif isinstance(value, dict):
        value = [dict(zip(value, row, strict=True)) for row in zip(*value.values(), strict=True)]
    rows = [_flat(row) for row in value]
    if several:
        return [
            {f"{key}/{name}" if recognise(name) in METRICS else name: cell for name, cell in row.items()}
            for row in rows
        ]
    return rows


def readings(content: Any) -> Record:
    """Return the entries of a run that hold a series of values."""
    if not isinstance(content, dict):
        return {}
    found: Record = {}
    lists = {key: value for key, value in content.items() if _is_numbers(value)}
    even = len({len(value) for value in lists.values()}) == 1 and any(quantity_of(name) in METRICS for name in lists)
    for key, value in content.items():
        records = isinstance(value, list) and all_are(value, dict)
        columns = isinstance(value, dict) and all_are(value, list) and len({len(each) for each in value.values()}) == 1
        stepped = series(value) is not None or by_step(value) is not None
        measured = even and key in lists
        if records or columns or stepped or measured:
            found[key] = value
    return found


def _is_numbers(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(x, int | float | None) for x in value)


def series(content: Any) -> dict[float, Any] | None:
    """Return an object of the form ``{step: value}`` in order of steps, None for other objects."""
    if not isinstance(content, dict) or not content:
        return None
    steps = {key: _STEP.fullmatch(str(key).strip().lower()) for key in content}
    if not all(steps.values()) or not all(isinstance(value, int | float | None) for value in content.values()):
        return None
    found = {float(match[1]): content[key] for key, match in steps.items() if match}
    return dict(sorted(found.items()))


def by_step(content: Any) -> list[Record] | None:
    """Return the records of ``{step: record}`` in order of steps; None for other objects or if sizes differ."""
    if not isinstance(content, dict) or not all_are(content, dict):
        return None
    steps = {key: _STEP.fullmatch(str(key).strip().lower()) for key in content}
    sizes = {value for record in content.values() for key, value in record.items() if states_size(key)}
    measured = all(any(quantity_of(key) in METRICS for key in record) for record in content.values())
    if not all(steps.values()) or len(sizes) > 1 or not measured:
        return None
    found = {float(match[1]): content[key] for key, match in steps.items() if match}
    return [{"step": step, **_flat(record)} for step, record in sorted(found.items())]


def states_size(key: str) -> bool:
    """Return whether a key names N of some kind."""
    return (quantity_of(key) or "").startswith("params")


def _joined(of_run: Record, rows: list[Record]) -> list[Record]:
    """Add the entries of the run to its rows: settings to each, a final value to the last."""
    along = {kind: name for row in rows for name in row if (kind := quantity_of(name))}
    last = {name: value for row in rows for name, value in row.items() if value is not None}
    constant, final = Record(), Record()
    for key, value in of_run.items():
        kind = quantity_of(key)
        if kind in METRICS:
            there = rows[-1].get(key, rows[-1].get(along.get(kind or "", "")) if key not in last else None)
            final |= {} if rows[-1].get(key) is not None or _equal(value, there) else {key: value}
        elif key in last:
            continue
        elif kind in _PLANNED and kind in along:
            constant |= {} if _equal(value, last.get(along[kind])) else {_PLANNED[kind]: value}
        elif kind in ("tokens", "flops"):
            final[key] = value
        else:
            constant[key] = value
    joined = [{**constant, **row} for row in rows]
    joined[-1] = {**joined[-1], **final}
    return joined


def _equal(one: Any, other: Any) -> bool:
    numbers = isinstance(one, int | float) and isinstance(other, int | float)
    return one == other or (numbers and math.isclose(one, other, rel_tol=_SAME))


def _flat(record: Mapping[str, Any], prefix: str = "") -> Record:
    """Return a record with its settings flat, each under its last name where that is unique."""
    found: Record = {}
    for key, value in record.items():
        name = f"{prefix}{key}"
        if isinstance(value, dict) and value and name.count(".") < _DEEPEST:
            found |= _flat(value, f"{name}.")
        else:
            found[name] = value
    if prefix:
        return found
    short = [name.rpartition(".")[2] for name in found]
    times = Counter(short)
    return {
        (last if times[last] == 1 else name): value for (name, value), last in zip(found.items(), short, strict=True)
    }


def quantity_of(key: str) -> str | None:
    """Return the quantity that a key names, or None."""
    named = read_name(key)
    return recognise(key) or (named.quantity if named else None)


def all_are(value: Any, kind: type) -> bool:
    """Return whether a list or object has entries, all of this type."""
    entries = list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else []
    return bool(entries) and all(isinstance(entry, kind) for entry in entries)
