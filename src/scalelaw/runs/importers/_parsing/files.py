"""Reading what a stranger's program wrote: bounded, without following links, with errors that name the file."""

import json
import math
import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from scalelaw.core.errors import BadInput, BadTable
from scalelaw.core.reading import LARGEST, glance, read_limited

MOST_ENTRIES = 200_000
"""Files and folders that an importer looks at below one folder at most."""

_GLANCE = 5_000
_NOT_FINITE = {"nan": math.nan, "infinity": math.inf, "inf": math.inf, "-infinity": -math.inf, "-inf": -math.inf}


def read_bytes(path: Path, largest: int = LARGEST) -> bytes:
    """Return the content of a file that is there, not empty and not larger than ``largest``.

    Raises:
        BadInput: it is none of that; the message names the file.
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
        BadInput: it cannot be read, or is something else.
    """
    try:
        return read_bytes(path, largest).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadTable(f"{path.name} is not UTF-8 text (byte {error.start})") from error


def read_json(path: Path) -> dict[str, Any]:
    """Return the record that a JSON file holds; a bare NaN is read as one.

    Raises:
        BadInput: it is not readable, is cut off, or holds something else.
    """
    try:
        content = json.loads(read_text(path))
    except (ValueError, RecursionError) as error:
        if isinstance(error, BadInput):
            raise
        raise BadTable(f"{shown(path)} is not valid JSON ({error}); is it cut off?") from error
    if not isinstance(content, dict):
        raise BadTable(f"{shown(path)} holds a {type(content).__name__}, not a record")
    return content


def walk(folder: Path, wanted: Callable[[str], bool], *, depth: int = 8, glance: bool = False) -> Iterator[Path]:
    """Yield the files below a folder whose name is wanted, in a stable order, hidden folders included.

    Args:
        folder: where to start; links inside it are not followed.
        wanted: of a file name.
        depth: folders below this depth are left out.
        glance: stop without an error after some thousand entries, for recognising.

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
    """Return whether the file is there and begins with these bytes."""
    return glance(path, len(magic)) == magic


def is_folder(source: str) -> bool:
    """Return whether the text is the path of a folder; what no path can be is not."""
    try:
        return bool(source) and "://" not in source and Path(source).is_dir()
    except (OSError, ValueError):
        return False


def shown(path: Path) -> str:
    """Return the last parts of a path, enough to find the file and no more."""
    return "/".join(path.parts[-2:])


def number(value: Any) -> float | None:
    """Return a logged value as a number, None where it is something else; flags are something else."""
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
