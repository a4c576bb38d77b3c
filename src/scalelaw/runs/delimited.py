"""Read delimited text into raw columns: separators, decimal commas, blank and ragged rows."""

import csv
import io
import re
from collections import Counter
from collections.abc import Iterable
from itertools import chain
from typing import Any

from scalelaw.core.errors import BadTable
from scalelaw.core.nouns.spreadsheet import may_be_guarded, unguarded
from scalelaw.core.plain_text import first_line
from scalelaw.core.quantities import QUANTITIES, recognise
from scalelaw.runs.dataframe import read_frame
from scalelaw.runs.plain_csv import read_plain
from scalelaw.runs.raw import RawColumn, RawTable, check_size, column

_SEPARATORS = (",", ";", "\t", "|")
_INFER_ROWS = 10_000
_QUOTED = re.compile(r'(?:^|(?<=[,;\t|]))"(?:[^"]|"")*"')
_ROW = re.compile(r'(?:[^"\n]|"(?:[^"]|"")*")*')
_DECIMAL_COMMA = re.compile(r"[+-]?(\d{1,3}(\.\d{3})+|\d+)(,\d+)?(e[+-]?\d+)?", re.IGNORECASE)


def read_csv(text: str, source: str, separator: str | None = None) -> RawTable:
    """Return the raw columns of delimited text.

    Args:
        text: the whole file, its first line the column names.
        source: the name for messages.
        separator: one character; None detects it in the first line.

    Raises:
        BadTable: no rows, a repeated column name, or rows of different lengths.
    """
    text = text.lstrip("\r\n")
    header_line = _header(text)
    separator = separator or max(_SEPARATORS, key=_QUOTED.sub("", header_line).count)
    names = _names(header_line, separator, source)
    _check_header(names, source)
    words = list(filter(_is_text, names))
    plain = read_plain(text, separator, words) if separator != ";" else None
    if plain is not None:
        return RawTable(source, plain)
    comma = separator == ";" and any(map(_has_decimal_comma, text.split(separator)[:5000]))
    frame = _parse(text, separator, source, words, numbers=not comma)
    if '"' in header_line and len(names) == len(frame.columns):  # polars leaves doubled quotes in names
        frame.columns = [name or found for name, found in zip(names, frame.columns, strict=True)]
    if len(frame) and frame.get_column(frame.columns[-1]).null_count() and (bad := _ragged(text, separator, source)):
        raise BadTable(bad)
    table = _without_guards(read_frame(frame, source), text)
    notes = (f"columns are separated by {separator!r}",) if separator == ";" else ()
    if comma:
        columns = {name: _decimal_points(found) for name, found in table.columns.items()}
        return RawTable(source, columns, (*notes, "a comma is the decimal sign, a dot groups thousands"))
    return RawTable(source, table.columns, notes)


def _header(text: str) -> str:
    """Return the first row, whose quoted names may hold ends of lines."""
    line = text.partition("\n")[0]
    if line.count('"') % 2 and (row := _ROW.match(text)) and text[row.end() : row.end() + 1] in ("", "\n"):
        line = row[0]
    return line.rstrip("\r")


def _without_guards(table: RawTable, text: str) -> RawTable:
    """Return the table without the guards that ``as_csv`` writes; see ``core/nouns/spreadsheet.py``."""
    words = {name: found for name, found in table.columns.items() if not found.numeric}
    if not may_be_guarded(text, chain(table.columns, *(found.values for found in words.values()))):
        return table
    columns = {
        unguarded(name): column(map(_unguarded_cell, found.values)) if name in words else found
        for name, found in table.columns.items()
    }
    return RawTable(table.source, columns, table.notes)


def _unguarded_cell(cell: Any) -> Any:
    return unguarded(cell) if isinstance(cell, str) else cell


def _parse(text: str, separator: str, source: str, words: Iterable[str], *, numbers: bool) -> Any:
    """Return the polars frame, with column types from the first rows or, where those mislead, from all rows."""
    import polars as pl

    content = text.encode()
    for rows in (_INFER_ROWS, None):
        try:
            return pl.read_csv(
                io.BytesIO(content),
                separator=separator,
                infer_schema=numbers,
                infer_schema_length=rows,
                schema_overrides=dict.fromkeys(words, pl.String),
            )
        except pl.exceptions.PolarsError as error:
            reason = error
    raise BadTable(_ragged(text, separator, source) or f"{source}: {first_line(reason)}") from reason


def _is_text(name: str) -> bool:
    """Return whether a column of this name is text even if all cells are digits: a run may be called 007."""
    quantity = recognise(name)
    return quantity is not None and QUANTITIES[quantity].kind == "text" and quantity != "seed"


def _names(header: str, separator: str, source: str) -> list[str]:
    """Return the names of the columns.

    Raises:
        BadTable: the line cannot be split into cells.
    """
    if "\r" in header and '"' not in header:
        raise BadTable(f"{source}: line 1 cannot be read: {_BARE_RETURN}")
    try:
        return next(csv.reader([header], delimiter=separator), [])
    except csv.Error as error:
        raise BadTable(f"{source}: line 1 cannot be read: {_reason(error)}") from error


def _reason(error: csv.Error) -> str:
    """Return what is wrong with a line, and what to do about it."""
    if "new-line" in str(error):
        return _BARE_RETURN
    if "field limit" in str(error):
        return f"it has a cell of more than {csv.field_size_limit()} characters; is a quote or a separator missing?"
    return f"{error}; quote cells that hold quotes or ends of lines"


_BARE_RETURN = "it holds a carriage return that no line feed follows; save the table with line feeds as ends of lines"


def _check_header(names: list[str], source: str) -> None:
    check_size(source, len(names), 0, 0)
    twice = next(((name, count) for name, count in Counter(names).items() if name and count > 1), None)
    if twice:
        raise BadTable(f"{source}: the column {twice[0]!r} appears {twice[1]} times; rename all but one")


def _ragged(text: str, separator: str, source: str) -> str | None:
    """Return the error for the first row that is longer or shorter than the header, or None."""
    reader = csv.reader(io.StringIO(text), delimiter=separator)
    try:
        width = len(next(reader, []))
        for row in reader:
            if row and len(row) != width:
                cells = f"{len(row)} cells, but the header has {width}"
                return f"{source}: line {reader.line_num} has {cells}; quote cells that hold {separator!r}"
    except csv.Error as error:
        return f"{source}: line {reader.line_num} cannot be read: {_reason(error)}"
    return None


def _has_decimal_comma(cell: str) -> bool:
    return "," in cell and _DECIMAL_COMMA.fullmatch(cell.strip()) is not None


def _decimal_points(found: RawColumn) -> RawColumn:
    return column(
        cell.replace(".", "").replace(",", ".")
        if isinstance(cell, str) and _DECIMAL_COMMA.fullmatch(cell.strip())
        else cell
        for cell in found.values
    )
