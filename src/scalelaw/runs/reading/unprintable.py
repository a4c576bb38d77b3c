"""Write control characters and broken characters in names and cells as escapes."""

from dataclasses import replace
from typing import Any

import numpy as np

from scalelaw.core.findings import Finding, Grade
from scalelaw.core.plain_text import escaped, holds_controls
from scalelaw.runs.raw import RawColumn, RawTable

_MOST_SHOWN = 3
_LONGEST = 40


def without_controls(raw: RawTable) -> RawTable:
    """Escape such characters in names and cells, with a warning if there are any."""
    found: list[str] = []
    columns: dict[str, RawColumn] = {}
    for name, column in raw.columns.items():
        fresh = _marked(name, found)
        while fresh in columns or (fresh != name and fresh in raw.columns):
            fresh += "_"
        columns[fresh] = column if column.numeric else _cells(column, found)
    if not found and not holds_controls(raw.source):
        return raw
    stated = frozenset(escaped(name) for name in raw.stated)
    raw = replace(raw, source=escaped(raw.source), columns=columns, stated=stated)
    return replace(raw, findings=(*raw.findings, _finding(found))) if found else raw


def _cells(column: RawColumn, found: list[str]) -> RawColumn:
    odd = {cell: None for cell in column.values if isinstance(cell, str) and holds_controls(cell)}
    if not odd:
        return column
    fresh = {cell: _marked(cell, found) for cell in odd}
    values = np.empty(len(column.values), dtype=object)
    values[:] = [_replaced(cell, fresh) for cell in column.values]
    return RawColumn(values, column.missing)


def _replaced(cell: Any, fresh: dict[str, str]) -> Any:
    return fresh.get(cell, cell) if isinstance(cell, str) else cell


def _marked(text: str, found: list[str]) -> str:
    plain = escaped(text)
    if plain != text:
        found.append(plain)
    return plain


def _finding(found: list[str]) -> Finding:
    shown = ", ".join(f"'{text[:_LONGEST]}{'...' if len(text) > _LONGEST else ''}'" for text in found[:_MOST_SHOWN])
    more = f" and {len(found) - _MOST_SHOWN} more" if len(found) > _MOST_SHOWN else ""
    message = f"control or broken characters in names or cells are read as escapes: {shown}{more}"
    return Finding("RUNS_CONTROL_CHARACTERS", Grade.WARN, message, len(found), "remove them in the source")
