"""Write CSV that a spreadsheet does not execute, and recognise such CSV when it is read.

A spreadsheet computes a cell that begins with ``= + - @``, so a run called ``=HYPERLINK(...)`` would act where someone
opens the table. Such text gets an apostrophe before it, the guard. Text that would be taken for guarded text gets
another one, so that removing one apostrophe always gives the text back. Numbers are never guarded.
"""

import io
import re
from collections.abc import Iterable
from typing import Any

from scalelaw.core.errors import BadInput
from scalelaw.core.nouns.tabular import Columns, polars_frame

GUARD = "'"

_SIGNS = "=+@＝＋－＠﹦﹢﹣﹫-"
_TRIMMED = r"\s\x00-\x1f\u200b-\u200f\u2060-\u2064\ufeff"
_RISKY = re.compile(rf"[\t\r\n]|[{_TRIMMED}]*[{_SIGNS}]")
_QUOTED = re.compile(r'"(?:[^"]|"")*"')


def risky(text: str) -> bool:
    """Return whether a spreadsheet may compute or change a cell with this text.

    Example:
        >>> risky("=1+1"), risky(" @SUM(A1)"), risky("a=1"), risky("'=1+1")
        (True, True, False, False)
    """
    return _RISKY.match(text) is not None


def guarded(text: str) -> str:
    """Return a text with the guard before it where it needs one.

    Example:
        >>> [guarded(text) for text in ("=1+1", "'=1+1", "it's", "'90s")]
        ["'=1+1", "''=1+1", "it's", "'90s"]
    """
    return GUARD + text if risky(text.lstrip(GUARD)) else text


def unguarded(text: str) -> str:
    """Return the text that ``guarded`` got; other text comes back as it is."""
    return text[1:] if text.startswith(GUARD) and risky(text.lstrip(GUARD)) else text


def as_csv(columns: Columns) -> bytes:
    """Return columns as CSV: names and text quoted, numbers bare, formulas guarded.

    Raises:
        BadInput: a column holds lists or records.
    """
    import polars as pl

    frame = polars_frame(columns)
    texts = {}
    for name, kind in frame.schema.items():
        if kind.is_nested():
            raise BadInput(f"{name} holds lists, which CSV cannot store; write .jsonl or .parquet")
        if not (kind.is_numeric() or kind in (pl.Boolean, pl.Date, pl.Datetime, pl.Time)):
            cells = [None if cell is None else guarded(str(cell)) for cell in frame.get_column(name)]
            texts[name] = pl.Series(name, cells, dtype=pl.String)
    content = io.BytesIO()
    frame = frame.with_columns(**texts).rename(guarded)
    frame.write_csv(content, quote_style="non_numeric")
    return content.getvalue()


def may_be_guarded(text: str, texts: Iterable[Any]) -> bool:
    """Return whether ``as_csv`` may have written a file: names quoted, numbers bare, and no formula without a guard.

    Args:
        text: the whole file.
        texts: its names and cells; those that are not text are ignored.
    """
    if f'"{GUARD}' not in text:
        return False
    names, _, rows = _QUOTED.sub("", text).partition("\n")
    if names.strip(",\r") or not rows.strip(",\r\n"):
        return False
    return not any(isinstance(each, str) and risky(each) for each in texts)
