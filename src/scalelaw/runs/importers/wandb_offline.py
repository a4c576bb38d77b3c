"""Import offline runs of Weights & Biases from their ``.wandb`` files.

The file is a LevelDB log after a header of 7 bytes (``:W&B``, 0xBEE1, version 0): blocks of 32 KiB, each record with a
CRC-32, a length and a type, cut into parts where a block ends. Each record is a protocol buffer of ``wandb_internal``;
only the fields named here are read: what a run logs, its settings, its name, and how it ended.
"""

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scalelaw.core.errors import BadTable
from scalelaw.core.numbers import counted
from scalelaw.core.reading import one_line
from scalelaw.runs.importers._parsing import wire as wire
from scalelaw.runs.importers._parsing.files import is_folder, number, read_bytes, shown, starts_with, utc, walk
from scalelaw.runs.importers._parsing.history import LoggedRun, tabulate
from scalelaw.runs.importers._parsing.wandb import add_row, parsed, settings_of
from scalelaw.runs.raw import RawTable

_MAGIC = b":W&B\xe1\xbe\x00"
_BLOCK = 32768
_HEAD = struct.Struct("<IHB")
_FULL, _FIRST, _MIDDLE, _LAST = 1, 2, 3, 4

# Fields of wandb_internal.Record and of the records inside it.
_HISTORY, _SUMMARY, _CONFIG, _RUN, _EXIT = 2, 3, 5, 17, 18
_KEY, _NESTED, _JSON = 1, 2, 16
_RUN_ID, _RUN_CONFIG, _RUN_NAME, _RUN_START, _START_SECONDS = 1, 4, 8, 17, 1


@dataclass(frozen=True)
class WandbOffline:
    """Reads one file or all below a folder; a run without an end record counts as crashed."""

    name = "wandb_offline"
    reads = "offline files of Weights & Biases, run-*.wandb"

    def recognises(self, source: str) -> bool:
        """Return whether it is such a file or a folder with one."""
        if is_folder(source):
            return next(walk(Path(source), _is_log, depth=3, glance=True), None) is not None
        return source.endswith(".wandb") and "://" not in source and starts_with(Path(source), _MAGIC[:4])

    def read(self, source: str) -> RawTable:
        """Return the rows of every run found."""
        path = Path(source)
        files = list(walk(path, _is_log, depth=3)) if path.is_dir() else [path]
        notes: list[str] = []
        runs = []
        for file in files:
            with one_line(shown(file)):
                runs.append(_read_run(file, notes))
        return tabulate(runs, path.name, [f"read: {counted(len(files), '.wandb file')}", *notes])


IMPORTER = WandbOffline()


def _is_log(name: str) -> bool:
    return name.endswith(".wandb")


def _read_run(path: Path, notes: list[str]) -> LoggedRun:
    content = read_bytes(path)
    if not content.startswith(_MAGIC):
        raise BadTable(f"{path.name} is not an offline run of W&B, or has an unknown version")
    run = LoggedRun(path.stem.removeprefix("run-"), path.stem.removeprefix("run-"))
    run.columns["state"] = "crashed"
    config: dict[str, Any] = {}
    for at, record in _records(content, path.name, notes):
        try:
            for field, _, value in wire.fields(record):
                _read_record(run, config, field, wire.message(value))
        except BadTable as error:
            raise BadTable(f"{path.name}: {error} (byte {at})") from error
    if not run.series and not config:
        raise BadTable(f"{path.name} has no settings and no history; did the run start?")
    run.config = settings_of(config)
    return run


def _records(content: bytes, source: str, notes: list[str]) -> Iterator[tuple[int, bytes]]:
    """Yield each record with its offset; a last record cut off by a killed run gives a note."""
    at = len(_MAGIC)
    filled = len(content.rstrip(b"\0"))  # behind this place there are zeros alone
    parts: list[bytes] = []
    while at < len(content):
        room = _BLOCK - at % _BLOCK
        if room < _HEAD.size:
            at += room
            continue
        start = at
        checksum, length, kind = _HEAD.unpack_from(content, at) if at + _HEAD.size <= len(content) else (0, 0, 0)
        data = content[at + _HEAD.size : at + _HEAD.size + length]
        at += _HEAD.size + length
        if at > len(content) or start >= filled:
            notes.append(f"{source} ends inside a record: what stands before it is read")
            return
        if not _FULL <= kind <= _LAST or zlib.crc32(bytes([kind]) + data) != checksum:
            raise BadTable(f"{source} is damaged: the record at byte {start} does not match its checksum")
        if kind not in (_MIDDLE, _LAST):
            parts = []
        parts.append(data)
        if kind in (_FULL, _LAST):
            yield start, b"".join(parts)
            parts = []
    if parts:
        notes.append(f"{source} ends inside a record: what stands before it is read")


def _read_record(run: LoggedRun, config: dict[str, Any], field: int, content: bytes) -> None:
    if field == _HISTORY:
        row = dict(_items(content))
        step = number(row.get("_step"))
        if step is not None:
            add_row(run, row, step)
    elif field == _SUMMARY:
        for key, value in _items(content):
            if key.endswith("parameter_count") and isinstance(value, int | float):
                config[key] = value
    elif field == _CONFIG:
        config.update(_items(content))
    elif field == _RUN:
        _read_run_record(run, config, content)
    elif field == _EXIT:
        code = next((wire.signed(value) for number, _, value in wire.fields(content) if number == 1), 0)
        run.columns["state"] = "failed" if code else "finished"


def _read_run_record(run: LoggedRun, config: dict[str, Any], content: bytes) -> None:
    for number_, _, value in wire.fields(content):
        if number_ == _RUN_ID:
            run.id = wire.text(value)
        elif number_ == _RUN_NAME and value:
            run.name = wire.text(value)
        elif number_ == _RUN_CONFIG:
            config.update(_items(wire.message(value)))
        elif number_ == _RUN_START:
            seconds = next((v for n, _, v in wire.fields(wire.message(value)) if n == _START_SECONDS), None)
            run.columns["created_at"] = utc(wire.signed(seconds)) if seconds is not None else None


def _items(content: bytes) -> Iterator[tuple[str, Any]]:
    """Yield name and value of each item of a history, summary or config, with dotted names."""
    for number_, kind, value in wire.fields(content):
        if number_ != 1 or kind != wire.BYTES:
            continue
        parts: dict[int, list[str]] = {}
        for inner, _, entry in wire.fields(wire.message(value)):
            parts.setdefault(inner, []).append(wire.text(entry))
        name = "".join(parts.get(_KEY, [])) or ".".join(parts.get(_NESTED, []))
        if name and _JSON in parts:
            yield name, parsed(parts[_JSON][-1])
