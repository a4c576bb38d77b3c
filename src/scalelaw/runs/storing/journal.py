"""Append JSON lines to a file; each line is on disk before the next begins."""

import json
import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from scalelaw.core.files import append, open_to_append, sync_folder
from scalelaw.core.reading import read_limited

_LARGEST = 2**28
_NOT_FINITE = {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}


class Journal:
    """An open journal; use ``open_journal``."""

    def __init__(self, descriptor: int, *, torn: bool) -> None:
        self._descriptor = descriptor
        self._torn = torn

    def append(self, record: Mapping[str, Any]) -> None:
        """Append one line and wait until it is on disk.

        Raises:
            OSError: the disk is full or gone; the line may be torn, and the next append starts a new line.
        """
        text = json.dumps({name: _written(value) for name, value in record.items()}, ensure_ascii=False)
        line = (b"\n" if self._torn else b"") + text.encode("utf-8", "backslashreplace") + b"\n"
        self._torn = True
        append(self._descriptor, line)
        self._torn = False

    def close(self) -> None:
        """Close the file."""
        os.close(self._descriptor)


def open_journal(path: Path) -> Journal:
    """Open a journal at its end; a torn last line is terminated first."""
    descriptor = open_to_append(path)
    size = os.fstat(descriptor).st_size
    torn = size > 0 and os.pread(descriptor, 1, size - 1) != b"\n"
    sync_folder(path.parent)
    return Journal(descriptor, torn=torn)


def read_journal(path: Path) -> tuple[list[dict[str, Any]], int]:
    """Return the records of a journal and the number of torn lines; a line still being written is ignored."""
    try:
        content = read_limited(path, _LARGEST)
    except FileNotFoundError:
        return [], 0
    *lines, rest = content.split(b"\n")
    lines = [line for line in lines if line.strip()]
    try:
        records = json.loads(b"[" + b",".join(lines) + b"]")
    except (ValueError, RecursionError):
        records = [_record(line) for line in lines]
    good = [record for record in records if isinstance(record, dict)]
    for record in good:
        for name, value in record.items():
            if isinstance(value, str) and value in _NOT_FINITE:
                record[name] = _NOT_FINITE[value]
    return good, len(records) - len(good) + bool(rest.strip())


def _record(line: bytes) -> Any:
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return None


def _written(value: Any) -> Any:
    """Return NaN and infinities as text, since JSON has no such numbers."""
    if isinstance(value, float) and not math.isfinite(value):
        return "nan" if math.isnan(value) else "inf" if value > 0 else "-inf"
    return value
