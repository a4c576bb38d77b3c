"""Read an open file, or text in memory such as ``io.StringIO``, into its content and a name for messages."""

from pathlib import Path
from typing import Any

from scalelaw.core.errors import BadInput, BadTable
from scalelaw.core.plain_text import first_line
from scalelaw.core.reading import LARGEST

_CHUNK = 2**20


def is_open(source: object) -> bool:
    """Return whether the object can be read like an open file."""
    return callable(getattr(source, "read", None))


def read_open(source: Any) -> tuple[bytes, str]:
    """Return the rest of an open file, from its current position, as bytes, and its name.

    Raises:
        BadInput: it is closed, not open for reading, or too long.
        BadTable: nothing is left to read.
    """
    given = getattr(source, "name", None)
    name = Path(given).name if isinstance(given, str) and given else type(source).__name__
    parts: list[bytes] = []
    left = LARGEST
    try:
        while chunk := source.read(_CHUNK):
            parts.append(chunk.encode() if isinstance(chunk, str) else bytes(chunk))
            left -= len(parts[-1])
            if left < 0:
                raise BadInput(f"{name} holds more than {LARGEST // 2**20:,} MB; give its path, or split it")
    except BadInput:
        raise
    except (OSError, ValueError, TypeError) as error:
        raise BadInput(f"{name} cannot be read: {first_line(error)}; open it for reading, or give its path") from error
    content = b"".join(parts)
    if not content.strip():
        raise BadTable(f"{name} holds nothing more to read; rewind it with seek(0), or give its path")
    return content, name
