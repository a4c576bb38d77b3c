"""Read files of other programs safely: bounded size, no links followed, errors that name the file."""

import math
import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from scalelaw.core.errors import BadInput, BadTable
from scalelaw.core.reading import LARGEST, glance, parse_json, read_limited

MOST_ENTRIES = 200_000
"""Largest number of files and folders that an importer looks at below one folder."""

_GLANCE = 5_000
_NOT_FINITE = {"nan": math.nan, "infinity": math.inf, "inf": math.inf, "-infinity": -math.inf, "-inf": -math.inf}


def read_bytes(path: Path, largest: int = LARGEST) -> bytes:
    """Return the content of a file that is neither empty nor larger than ``largest``.

    Raises:
        BadInput: it is absent, empty or too large; the message names the file.
    """
    try:
        content = read_limited(path, largest)
    except (OSError, ValueError) as error:
        if isinstance(error, BadInput):
            raise
        raise BadInput(f"{str(path)!r} cannot be read: {getattr(error, 'strerror', None) or error}") from error
    if not content:
        raise BadTable(f"{path.name} is empty")
    return content


def read_text(path: Path, largest: int = LARGEST) -> str:
    """Return a file as UTF-8 text.

    Raises:
        BadInput: it cannot be read, or is not UTF-8 text.
    """
    try:
        return read_bytes(path, largest).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadTable(f"{path.name} is not UTF-8 text (byte {error.start})") from error


def read_json(path: Path) -> dict[str, Any]:
    """Return the record in a JSON file; a bare NaN is accepted.

    Raises:
        BadInput: it is not readable, is cut off, or is not a record.
    """
    try:
        content = parse_json(read_text(path))
    except (ValueError, RecursionError) as error:
        if isinstance(error, BadInput):
            raise
        raise BadTable(f"{shown(path)} is not valid JSON ({error}); is it cut off?") from error
    if not isinstance(content, dict):
        raise BadTable(f"{shown(path)} holds a {type(content).__name__}, not a record")
    return content


def walk(folder: Path, wanted: Callable[[str], bool], *, depth: int = 8, glance: bool = False) -> Iterator[Path]:
    """Yield the files below a folder with a wanted name, in a stable order, also in hidden folders.

    Args:
        folder: where to start; links inside it are not followed.
        wanted: returns whether a file name is wanted.
        depth: folders below this depth are left out.
        glance: stop silently after some thousand entries, to recognise a format.

    Raises:
        BadInput: there are too many entries.
    """
    seen = 0
    for here, folders, files in os.walk(folder):
        folders.sort()
        seen += len(folders) + len(files)
        if seen > _GLANCE and glance:
            return
        if seen > MOST_ENTRIES:
            raise BadInput(f"{str(folder)!r} holds more than {MOST_ENTRIES} files; name the folder of the runs inside")
        if len(Path(here).relative_to(folder).parts) >= depth:
            folders.clear()
        yield from (Path(here) / name for name in sorted(files) if wanted(name))


def starts_with(path: Path, magic: bytes) -> bool:
    """Return whether the file exists and begins with these bytes."""
    return glance(path, len(magic)) == magic


def is_folder(source: str) -> bool:
    """Return whether the text is the path of a folder; False if it cannot be a path."""
    try:
        return bool(source) and "://" not in source and Path(source).is_dir()
    except (OSError, ValueError):
        return False


def shown(path: Path) -> str:
    """Return the last parts of a path, enough to find the file."""
    return "/".join(path.parts[-2:])


def number(value: Any) -> float | None:
    """Return a logged value as a number; None for other types, also for true and false."""
    if isinstance(value, bool):
        return None
    if isinstance(value, str):
        return _NOT_FINITE.get(value.strip().lower())
    try:
        return float(value) if isinstance(value, int | float) else None
    except OverflowError:
        return None


def utc(seconds: float | None) -> str | None:
    """Return seconds since 1970 as ISO 8601 in UTC.

    Example:
        >>> utc(1716432000)
        '2024-05-23T02:40:00+00:00'
    """
    if seconds is None:
        return None
    try:
        return datetime.fromtimestamp(seconds, UTC).isoformat()
    except (OverflowError, OSError, ValueError):
        return None
