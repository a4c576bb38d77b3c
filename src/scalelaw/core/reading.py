"""Read files safely: only regular files, up to a size limit, unpacked up to another limit, in UTF-8.

The type of a file is checked before opening, since a pipe without a writer would block and a device never ends. The
size is counted while reading, since the size in the file system can be wrong or change.
"""

import contextlib
import csv
import errno
import json
import os
import stat
import struct
import zlib
from collections.abc import Iterator
from io import BufferedReader, FileIO
from os import PathLike
from pathlib import Path
from typing import Any

from scalelaw.core.errors import BadInput, BadTable, ScalelawError
from scalelaw.core.plain_text import printable_line

LARGEST = 2**30
"""Most bytes of one table or log."""

LARGEST_DOCUMENT = 2**26
"""Most bytes of one document: a fit, a frozen forecast, a calibration."""

LARGEST_SETTINGS = 2**24
"""Most bytes of one file of settings, or of one list of files."""

MOST_PARTS = 2_000_000
"""Most lists and records of one JSON document."""

_CHUNK = 2**20
_FREE = 2**26
_RATIO = 100
_WHAT = {
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


def open_regular(path: str | PathLike[str]) -> BufferedReader:
    """Open a regular file to read bytes, following links.

    Raises:
        BadInput: it is a pipe, a socket or a device.
        OSError: it is a folder, is not there, or may not be read.
    """
    place = Path(path)
    _check_kind(place, os.stat(place).st_mode)  # check before opening, which can block or have side effects
    descriptor = os.open(place, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
    try:
        _check_kind(place, os.fstat(descriptor).st_mode)  # again, since the file may have been replaced
        return BufferedReader(FileIO(descriptor))
    except BaseException:
        os.close(descriptor)
        raise


def read_limited(path: str | PathLike[str], largest: int = LARGEST) -> bytes:
    """Return the content of a regular file.

    Args:
        path: the file.
        largest: most bytes to read.

    Raises:
        BadInput: not a regular file, or larger than ``largest``.
        OSError: the file is missing or not readable.

    Example:
        >>> read_limited("/dev/zero")
        Traceback (most recent call last):
        scalelaw.core.errors.BadInput: '/dev/zero' is a device, not a regular file; copy its content into one first
    """
    with open_regular(path) as file:
        if os.fstat(file.fileno()).st_size > largest:
            raise BadInput(_too_long(path, largest))
        parts = []
        left = largest
        while chunk := file.read(min(_CHUNK, left + 1)):
            left -= len(chunk)
            if left < 0:
                raise BadInput(_too_long(path, largest))
            parts.append(chunk)
    return b"".join(parts)


def read_text(path: str | PathLike[str], largest: int = LARGEST) -> str:
    """Return a regular file as UTF-8 text, without a byte order mark.

    Raises:
        BadInput: not a regular file, too large, or not UTF-8.
        OSError: the file is missing or not readable.
    """
    try:
        return read_limited(path, largest).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadTable(f"{str(path)!r} is not UTF-8 text (byte {error.start})") from error


def glance(path: str | PathLike[str], most: int) -> bytes:
    """Return the first bytes of a regular file, else no bytes; it never raises."""
    try:
        with open_regular(path) as file:
            return file.read(most)
    except (OSError, ValueError):
        return b""


def parse_json(text: str | bytes) -> Any:
    """Return the content of a JSON document that fits into memory.

    Raises:
        BadTable: it has millions of lists and records, which take fifty times the memory of their text.
        ValueError: it is not valid JSON.
        RecursionError: it nests too deeply.
    """
    check_json(text)
    return json.loads(text)


def check_json(text: str | bytes) -> None:
    """Refuse JSON with millions of lists and records, before it is parsed.

    Raises:
        BadTable: there are too many.
    """
    if isinstance(text, bytes):
        count = text.count(b"[") + text.count(b"{")
    else:
        count = text.count("[") + text.count("{")
    if count > MOST_PARTS:
        raise BadTable(
            f"the JSON has {count} lists and records, more than {MOST_PARTS}; split it, or write CSV or Parquet"
        )


def is_fit(path: str | PathLike[str]) -> bool:
    """Return whether a JSON file has the schema of a fit."""
    try:
        document = parse_json(read_text(path, LARGEST_DOCUMENT))
    except (OSError, ValueError, RecursionError):
        return False
    return isinstance(document, dict) and str(document.get("schema", "")).startswith("scalelaw.fit/")


class Allowance:
    """Limit on unpacked bytes: a fixed minimum, and more only in proportion to the packed bytes.

    Example:
        >>> Allowance("runs.pack", packed=1000).take(10**9)
        Traceback (most recent call last):
        scalelaw.core.errors.BadInput: runs.pack: 1000 bytes unpack to more than 67108864: damaged or malicious
    """

    def __init__(self, name: str, packed: int, most: int | None = None) -> None:
        self._name = name
        self._packed = packed
        self._most = max(_FREE, _RATIO * packed) if most is None else min(most, max(_FREE, _RATIO * packed))
        self._left = self._most

    @property
    def left(self) -> int:
        """Bytes that may still be unpacked."""
        return self._left

    def take(self, size: int) -> None:
        """Count unpacked bytes.

        Raises:
            BadInput: there are too many.
        """
        self._left -= size
        if self._left < 0:
            raise BadInput(f"{self._name}: {self._packed} bytes unpack to more than {self._most}: damaged or malicious")

    def inflate(self, packed: bytes) -> bytes:
        """Unpack zlib data.

        Raises:
            BadInput: the result is too large.
            zlib.error: the data is invalid or truncated.
        """
        engine = zlib.decompressobj()
        content = engine.decompress(packed, self._left + 1)
        self.take(len(content))
        if not engine.eof:
            raise zlib.error("the packed data is cut off")
        return content


@contextlib.contextmanager
def one_line(name: str) -> Iterator[None]:
    """Turn any error while reading a file into one line that names the file; every reader uses it.

    Args:
        name: name or path of the file in the message.

    Raises:
        BadInput: reading failed; the message names the file.
    """
    try:
        yield
    except BadInput as error:
        if getattr(error, "findings", ()) or Path(name.strip("'\"")).name in str(error):
            raise
        raise type(error)(f"{name}: {error}") from error
    except ScalelawError:
        raise
    except RecursionError:
        raise BadTable(f"{name} nests lists or records too deeply to be read; flatten it") from None
    except MemoryError:
        raise BadTable(f"{name} does not fit into memory; split it") from None
    except OSError as error:
        raise BadInput(f"{name} cannot be read: {error.strerror or error}") from error
    except _FAULTS as error:
        reason = printable_line(str(error), _LONGEST) or "unknown cause"
        if isinstance(error, OverflowError):
            reason = "a number in it is too large"
        elif _DIGITS in reason:
            reason = "a number in it has thousands of digits"
        raise BadTable(f"{name} cannot be read: {reason} ({type(error).__name__}); is it damaged?") from error


@contextlib.contextmanager
def without_panics() -> Iterator[None]:
    """Keep what native code prints on stderr, such as the backtrace of a Rust panic, away from the user.

    It acts on the descriptor of the whole process, so wrap single calls only.
    """
    try:
        kept, nothing = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    except OSError:  # no stderr, as in a daemon
        yield
        return
    try:
        os.dup2(nothing, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nothing)


_FAULTS = (
    ValueError, TypeError, ArithmeticError, LookupError, AttributeError, EOFError, NotImplementedError, RuntimeError,
    csv.Error, struct.error, zlib.error,
)  # fmt: skip
_DIGITS = "integer string conversion"
_LONGEST = 300


def _check_kind(path: Path, mode: int) -> None:
    kind = stat.S_IFMT(mode)
    if kind == stat.S_IFDIR:
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    if kind != stat.S_IFREG:
        what = _WHAT.get(kind, "something else")
        raise BadInput(f"{str(path)!r} is {what}, not a regular file; copy its content into one first")


def _too_long(path: str | PathLike[str], largest: int) -> str:
    return f"{str(path)!r} has more than the {largest} bytes that are read of it; split it"
