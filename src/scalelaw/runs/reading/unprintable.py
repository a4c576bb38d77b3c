"""Names and cells with characters that no name needs: control characters and halves of characters, written as escapes.

A NUL ends a text for many programs, an escape sequence moves the cursor of a terminal, half of a character has no
UTF-8, and an override of the writing direction shows another name than is there.
"""

import re
from dataclasses import replace
from typing import Any

import numpy as np

from scalelaw.core.findings import Finding, Grade
from scalelaw.runs.raw import RawColumn, RawTable

_SIGNS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_MOST_SHOWN = 3
_LONGEST = 40


def escaped(text: str) -> str:
    r"""Return a text in which every such character is an escape; tabs and ends of lines stay.

    Example:
        >>> escaped("lo\x1bss")
        'lo\\x1bss'
    """
    return _SIGNS.sub(lambda found: _escape(found[0]), text)


def without_controls(raw: RawTable) -> RawTable:
    """Escape such characters in names and cells, with a warning if there are any."""
    found: list[str] = []
    columns: dict[str, RawColumn] = {}
    for name, column in raw.columns.items():
        fresh = _marked(name, found)
        while fresh in columns or (fresh != name and fresh in raw.columns):
            fresh += "_"
        columns[fresh] = column if column.numeric else _cells(column, found)
    if not found and not _SIGNS.search(raw.source):
        return raw
    stated = frozenset(escaped(name) for name in raw.stated)
    raw = replace(raw, source=escaped(raw.source), columns=columns, stated=stated)
    return replace(raw, findings=(*raw.findings, _finding(found))) if found else raw


def _cells(column: RawColumn, found: list[str]) -> RawColumn:
    odd = {cell: None for cell in column.values if isinstance(cell, str) and _SIGNS.search(cell)}
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
    return Finding("RUNS_CONTROL_CHARACTERS", Grade.WARN, message, len(found), "remove them where the table is written")


def _escape(sign: str) -> str:
    code = ord(sign)
    return f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}"
