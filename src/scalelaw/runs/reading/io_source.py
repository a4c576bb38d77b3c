"""Read a source of runs into raw columns, with the importer of its format or as a plain table."""

import os
from dataclasses import replace
from os import PathLike
from typing import Any

from scalelaw.core.errors import BadInput
from scalelaw.core.reading import one_line
from scalelaw.runs import importers
from scalelaw.runs.raw import RawTable
from scalelaw.runs.reading.io_table import check_rows, read_table
from scalelaw.runs.reading.joined import join_tables
from scalelaw.runs.reading.outsize import check_cells
from scalelaw.runs.reading.unprintable import without_controls


def read_source(source: Any, importer: str | None = None) -> RawTable:
    """Return the raw columns of a file, a folder, an address, a dataframe or plain containers.

    Args:
        source: path, address, dataframe or plain containers; a list of paths is joined by the names of runs.
        importer: name of the importer; None uses the one that recognises the source, if any.

    Raises:
        BadInput: it cannot be read.
        BadTable: it has no table.
    """
    if isinstance(source, list | tuple) and source and all(isinstance(each, str | PathLike) for each in source):
        return join_tables([read_source(each, importer) for each in source])
    if not isinstance(source, str | PathLike):
        if importer is not None:
            raise BadInput(f"importer={importer!r} reads a path or an address, not a {type(source).__name__}")
        with one_line(type(source).__name__):
            return _checked(replace(read_table(source), by_hand=True))
    text = os.fspath(source)
    if not isinstance(text, str):
        raise BadInput(f"{text!r}: give the path as text, not as bytes")
    path = text if "://" in text else os.path.expanduser(text)
    wanted = None if importer is None else importers.get(importer)
    with one_line(repr(path)):
        chosen = importers.find(path) if wanted is None else wanted
        if chosen is None:
            return _checked(replace(read_table(path), by_hand=True))
        if "://" not in path and not os.path.exists(path):
            raise BadInput(f"{path!r} for importer={chosen.name!r} does not exist")
        return _checked(check_rows(chosen.read(path)))


def _checked(raw: RawTable) -> RawTable:
    """Return a table with nothing in it that a later step could not copy, print or write."""
    return without_controls(check_cells(raw))
