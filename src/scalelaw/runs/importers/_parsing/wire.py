"""Read protocol buffers without a schema, as raw fields."""

import struct
from collections.abc import Iterator

from scalelaw.core.errors import BadTable

Field = tuple[int, int, int | bytes]
"""Field number, wire type, and integer or bytes; fixed-size numbers stay bytes."""

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5


def fields(message: bytes) -> Iterator[Field]:
    """Yield the fields of a message in order.

    Raises:
        BadTable: the bytes are not a message.

    Example:
        >>> list(fields(bytes([8, 150, 1, 18, 2, 104, 105])))
        [(1, 0, 150), (2, 2, b'hi')]
    """
    at = 0
    while at < len(message):
        key, at = _varint(message, at)
        kind = key & 7
        value: int | bytes
        if kind == VARINT:
            value, at = _varint(message, at)
        else:
            size, at = _varint(message, at) if kind == BYTES else ({FIXED64: 8, FIXED32: 4}.get(kind, -1), at)
            if size < 0 or at + size > len(message):
                raise BadTable("a record is damaged: a field reaches past its end")
            value, at = message[at : at + size], at + size
        yield key >> 3, kind, value


def text(value: int | bytes) -> str:
    """Return a field's bytes as text; invalid UTF-8 is replaced."""
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else ""


def message(value: int | bytes) -> bytes:
    """Return a field's bytes, empty for a number."""
    return value if isinstance(value, bytes) else b""


def signed(value: int | bytes) -> int:
    """Return an integer field as a signed 64-bit number."""
    if isinstance(value, bytes):
        return 0
    return value - (1 << 64) if value >= 1 << 63 else value


def floating(value: int | bytes) -> float:
    """Return a fixed-size field as a float or double."""
    if not isinstance(value, bytes) or len(value) not in (4, 8):
        raise BadTable("a record is damaged: a number has the wrong size")
    return float(struct.unpack("<f" if len(value) == 4 else "<d", value)[0])


def _varint(content: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while at < len(content) and shift < 70:
        byte = content[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value & 0xFFFFFFFFFFFFFFFF, at
        shift += 7
    raise BadTable("a record is damaged: a number does not end")
