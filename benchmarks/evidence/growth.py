"""What ten times the rows, columns, runs or W&B records cost."""

import json
import os
import struct
import tempfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from evidence._row import Row, run

_MOST = 12.0
"""Most times the CPU seconds for ten times the input; the start of the program is subtracted from both."""
_TIMES = 10
_ROUNDS = 2
_MAGIC, _BLOCK, _FULL, _FIRST, _MIDDLE, _LAST = b":W&B\xe1\xbe\x00", 32768, 1, 2, 3, 4


def measure() -> Iterator[Row]:
    os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1")
    with tempfile.TemporaryDirectory() as folder:
        start = _seconds(Path(folder), "start.csv", rows(3))
        for what, (size, write) in _KINDS.items():
            suffix = ".wandb" if write is wandb else ".csv"
            few, many = (_seconds(Path(folder), f"{n}{suffix}", write(n)) for n in (size, _TIMES * size))
            times = (many - start) / max(few - start, 1e-3)
            yield Row(
                f"{_TIMES} times the {what} <= {_MOST:g} times the CPU s",
                f"{times:.1f} times: {size} take {few:.2f} s, {_TIMES * size} take {many:.2f} s, start {start:.2f} s",
                times <= _MOST,
                f"scalelaw runs export log{suffix} runs.csv",
                many,
            )


def _seconds(folder: Path, name: str, content: bytes) -> float:
    """Return the least CPU seconds that reading a file and writing its table takes."""
    source = folder / name
    source.write_bytes(content)
    return min(run("scalelaw", "runs", "export", str(source), str(folder / "out.csv"))[1] for _ in range(_ROUNDS))


def rows(n: int) -> bytes:
    """Return a table of ten runs with n rows in all."""
    each = np.arange(n)
    lines = (f"r{i % 10},{1e7 * (1 + i % 10):g},{1e6 * (1 + i // 10):g},{2 + 50 / (i // 10 + 9):.6f}" for i in each)
    return _text("run,params,tokens,loss", lines)


def runs(n: int) -> bytes:
    """Return a table of n runs of one row."""
    lines = (f"r{i},{1e7 + i:g},{1e8 + 7 * i:g},{2 + 50 / (i + 9):.6f}" for i in range(n))
    return _text("run,params,tokens,loss", lines)


def columns(n: int) -> bytes:
    """Return a table of twelve runs with n columns beside params, tokens and loss."""
    names = ",".join(f"setting_{i}" for i in range(n))
    values = ",".join(str(i % 97) for i in range(n))
    lines = (f"r{i},{1e7 * (1 + i):g},{1e8 * (2 + i):g},{3 - 0.1 * i:.4f},{values}" for i in range(12))
    return _text(f"run,params,tokens,loss,{names}", lines)


def wandb(n: int) -> bytes:
    """Return an offline run of W&B with n records of its history."""
    content = bytearray(_MAGIC)
    for i in range(n):
        row = {"_step": i, "tokens": 1e6 * (1 + i), "val/loss": 2 + 50 / (i + 9)}
        items = b"".join(_field(1, _field(1, name.encode()) + _field(16, _json(row[name]))) for name in row)
        _append(content, _field(2, items))
    return bytes(content)


_KINDS: dict[str, tuple[int, Callable[[int], bytes]]] = {
    "rows": (20_000, rows),
    "columns": (2_000, columns),
    "runs": (10_000, runs),
    "records of a .wandb file": (5_000, wandb),
}
"""What grows -> its size before, and the function that writes a file of that size."""


def _text(head: str, lines: Iterator[str]) -> bytes:
    return ("\n".join([head, *lines]) + "\n").encode()


def _json(value: float) -> bytes:
    return json.dumps(value).encode()


def _field(number: int, content: bytes) -> bytes:
    """Return a field of a protocol buffer that holds bytes."""
    return _varint(number << 3 | 2) + _varint(len(content)) + content


def _varint(value: int) -> bytes:
    found = bytearray()
    while value > 0x7F:
        found.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*found, value])


def _append(content: bytearray, record: bytes) -> None:
    """Append a record, cut into parts where a block of the log ends."""
    head = struct.calcsize("<IHB")
    begun = False
    while True:
        room = _BLOCK - len(content) % _BLOCK
        if room < head:
            content += bytes(room)
            continue
        part, record = record[: room - head], record[room - head :]
        kind = (_MIDDLE if record else _LAST) if begun else (_FIRST if record else _FULL)
        content += struct.pack("<IHB", zlib.crc32(bytes([kind]) + part), len(part), kind) + part
        if not record:
            return
        begun = True
