"""Read the cells of one column as numbers, typed or as text such as 7B."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, time, timedelta
from typing import Any

import numpy as np

from scalelaw.core.errors import BadNumber
from scalelaw.core.numbers import parse_number
from scalelaw.core.quantities import QUANTITIES
from scalelaw.core.types import AnyArray, Array
from scalelaw.runs.raw import RawColumn

_BARE = re.compile(r"[+-]?[\d_,]*\.?\d*(e[+-]?\d+)?", re.IGNORECASE)
_MOST_SHOWN = 5
_WORDS: Mapping[type, str] = {
    bool: "true and false", np.bool_: "true and false",
    timedelta: "durations", np.timedelta64: "durations",
    date: "dates", np.datetime64: "dates", time: "times of day",
    list: "lists", tuple: "lists", np.ndarray: "lists", dict: "records",
}  # fmt: skip
_NEVER = tuple(_WORDS)
_NOT_FINITE = frozenset({"nan", "inf", "+inf", "-inf", "infinity", "-infinity"})


@dataclass(frozen=True, eq=False)
class Numbers:
    """One column as numbers.

    Attributes:
        values: float64, NaN without a number, (n,).
        missing: True where the cell is empty, (n,).
        unreadable: True where the cell holds something that is not a number, (n,).
        suffixed: True where the cell itself holds a suffix or unit, (n,).
        example: the first few unreadable texts, quoted; empty if all are readable.
        instead: what the unreadable cells hold, such as text or lists.
    """

    values: Array
    missing: AnyArray
    unreadable: AnyArray
    suffixed: AnyArray
    example: str = ""
    instead: str = "text"

    @property
    def present(self) -> AnyArray:
        """True where the cell holds a number or a written NaN, (n,)."""
        return np.asarray(~(self.missing | self.unreadable))


def read_numbers(column: RawColumn, quantity: str | None = None) -> Numbers:
    """Return the cells as numbers; a unit that does not belong to ``quantity`` is unreadable.

    True and False are 1 and 0 for flags such as ``decayed`` and for unknown columns, otherwise unreadable.
    """
    none = np.zeros(len(column.values), dtype=bool)
    if column.numeric:
        return Numbers(column.values, column.missing, none, none)
    known: dict[Any, tuple[float, bool] | None] = {}
    cells = [_cached(cell, quantity, known) for cell in column.values]
    read = np.array([cell is not None for cell in cells], dtype=bool)
    values = np.array([math.nan if cell is None else cell[0] for cell in cells], dtype=float)
    suffixed = np.array([cell is not None and cell[1] for cell in cells], dtype=bool)
    unreadable = ~read & ~column.missing
    texts = list(dict.fromkeys(str(cell)[:40] for cell in column.values[unreadable])) if unreadable.any() else []
    more = f", ... {len(texts) - _MOST_SHOWN} more" if len(texts) > _MOST_SHOWN else ""
    example = ", ".join(map(repr, texts[:_MOST_SHOWN])) + more
    return Numbers(values, column.missing, unreadable, suffixed, example, _instead(column.values[unreadable]))


def _instead(cells: AnyArray) -> str:
    """Return in words what cells without a number hold."""
    return " and ".join(dict.fromkeys(map(_word, cells))) or "text"


def _word(cell: Any) -> str:
    return next((word for kind, word in _WORDS.items() if isinstance(cell, kind)), "text")


def _cached(cell: Any, quantity: str | None, known: dict[Any, tuple[float, bool] | None]) -> tuple[float, bool] | None:
    key = cell if isinstance(cell, str) else (type(cell), repr(cell))
    if key not in known:
        known[key] = _read(cell, quantity)
    return known[key]


def _read(cell: Any, quantity: str | None) -> tuple[float, bool] | None:
    """Return the number in a cell and whether it had a suffix, or None."""
    if isinstance(cell, str):
        text = cell.strip()
        if text.lower() in _NOT_FINITE:
            return float(text), False
        try:
            return parse_number(text, quantity), _BARE.fullmatch(text) is None
        except BadNumber:
            return None
    if isinstance(cell, bool | np.bool_):
        flag = quantity is None or quantity not in QUANTITIES or QUANTITIES[quantity].kind == "flag"
        return (float(cell), False) if flag else None
    if cell is None or isinstance(cell, _NEVER):
        return None
    try:
        return float(cell), False
    except (TypeError, ValueError):
        return None
