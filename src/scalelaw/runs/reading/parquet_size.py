"""How much a Parquet file unpacks to, read from its footer before anything is unpacked.

The footer is one struct of Thrift's compact protocol: https://github.com/apache/parquet-format. A few bytes can stand
for a billion equal rows, or for pages of gigabytes.
"""

import struct
from typing import Any

from scalelaw.core.reading import Allowance

_MAGIC = b"PAR1"
_SCHEMA, _ROWS, _GROUPS = 2, 3, 4
_CHUNKS = 1
_META = 3
_UNPACKED = 6
_CELL = 8
_TRUE, _FALSE, _BYTE, _I16, _I32, _I64, _DOUBLE, _BINARY, _LIST, _SET, _MAP, _STRUCT = range(1, 13)
_DEEPEST = 32


def check_unpacked(content: bytes, name: str) -> None:
    """Check that a Parquet file does not unpack to far more than it holds; a damaged one passes.

    What reads it afterwards refuses it.

    Args:
        content: the whole file.
        name: its name for messages.

    Raises:
        BadInput: its cells or pages need too many bytes.
    """
    if len(content) < 12 or content[-4:] != _MAGIC:
        return
    size = struct.unpack("<I", content[-8:-4])[0]
    if size > len(content) - 8:
        return
    try:
        footer = _Compact(content[-8 - size : -8]).struct()
        chunks = [chunk.get(_META, {}) for group in footer.get(_GROUPS, []) for chunk in group.get(_CHUNKS, [])]
        cells = footer.get(_ROWS, 0) * max(len(footer.get(_SCHEMA, [])) - 1, 1)
        pages = sum(max(chunk.get(_UNPACKED, 0), 0) for chunk in chunks)
    except (ValueError, TypeError, AttributeError):
        return
    allowance = Allowance(name, len(content))
    allowance.take(max(cells, 0) * _CELL)
    allowance.take(pages)


class _Compact:
    """Reads a value of Thrift's compact protocol, a struct as a dict of its fields by number."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._at = 0
        self._depth = 0

    def struct(self) -> dict[int, Any]:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise ValueError("its footer nests too deeply")
        fields: dict[int, Any] = {}
        number = 0
        while head := self._byte():
            number = number + (head >> 4) if head >> 4 else self._zigzag()
            fields[number] = self._value(head & 15, in_list=False)
        self._depth -= 1
        return fields

    def _value(self, kind: int, *, in_list: bool) -> Any:
        if kind in (_TRUE, _FALSE):
            return self._byte() == _TRUE if in_list else kind == _TRUE
        if kind in (_I16, _I32, _I64):
            return self._zigzag()
        if kind == _STRUCT:
            return self.struct()
        if kind in (_LIST, _SET):
            return self._list()
        if kind == _MAP:
            count = self._varint()
            kinds = self._byte() if count else 0
            return [
                (self._value(kinds >> 4, in_list=True), self._value(kinds & 15, in_list=True)) for _ in range(count)
            ]
        if kind == _BYTE:
            return self._byte()
        if kind == _DOUBLE:
            return self._take(8)
        if kind == _BINARY:
            return self._take(self._varint())
        raise ValueError(f"its footer has a field of the unknown kind {kind}")

    def _list(self) -> list[Any]:
        head = self._byte()
        count = self._varint() if head >> 4 == 15 else head >> 4
        self._depth += 1
        if count > len(self._content) or self._depth > _DEEPEST:
            raise ValueError("its footer has a list that does not fit into it")
        found = [self._value(head & 15, in_list=True) for _ in range(count)]
        self._depth -= 1
        return found

    def _zigzag(self) -> int:
        value = self._varint()
        return (value >> 1) ^ -(value & 1)

    def _varint(self) -> int:
        value = shift = 0
        while True:
            byte = self._byte()
            value |= (byte & 127) << shift
            if byte < 128:
                return value
            shift += 7
            if shift > 63:
                raise ValueError("its footer has a number of more than 64 bits")

    def _byte(self) -> int:
        return self._take(1)[0]

    def _take(self, size: int) -> bytes:
        found = self._content[self._at : self._at + size]
        if len(found) < size:
            raise ValueError("its footer is cut off")
        self._at += size
        return found
