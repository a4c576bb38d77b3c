"""Import TensorBoard event files (TFRecords of protocol buffers) without TensorFlow.

A record is its length, a masked CRC-32C of that, the event, and a masked CRC-32C of the event. Scalars of both
generations are read (``simple_value`` and tensors of the scalars plugin), and the hyperparameters plugin.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scalelaw.core.errors import BadTable
from scalelaw.core.numbers import counted
from scalelaw.core.reading import one_line
from scalelaw.runs.importers._parsing import wire
from scalelaw.runs.importers._parsing.files import is_folder, read_bytes, shown, utc, walk
from scalelaw.runs.importers._parsing.history import LoggedRun, tabulate
from scalelaw.runs.raw import RawTable

_MARK = "tfevents"
_LARGEST_EVENT = 65536
"""Events above this size hold pictures and graphs; they are skipped."""

# Fields of Event, Summary, Summary.Value, TensorProto, SummaryMetadata and HParamsPluginData.
_WALL_TIME, _STEP, _VERSION, _SUMMARY = 1, 2, 3, 5
_VALUE, _TAG, _SIMPLE, _TENSOR, _METADATA = 1, 1, 2, 8, 9
_DTYPE, _CONTENT, _FLOATS, _DOUBLES = 1, 4, 5, 6
_FLOAT, _DOUBLE = 1, 2
_PLUGIN, _PLUGIN_CONTENT, _SESSION_START, _HPARAMS = 1, 2, 3, 1
_NUMBER_VALUE, _STRING_VALUE, _BOOL_VALUE = 2, 3, 4


@dataclass(frozen=True)
class TensorBoard:
    """Reads an event file, or all below a folder; each folder with event files is a run."""

    name = "tensorboard"
    reads = "TensorBoard event files, events.out.tfevents.*"

    def recognises(self, source: str) -> bool:
        """Return whether it is an event file or a folder with one."""
        if is_folder(source):
            return next(walk(Path(source), _is_events, glance=True), None) is not None
        return _is_events(Path(source).name) and "://" not in source and Path(source).is_file()

    def read(self, source: str) -> RawTable:
        """Return the rows of every run; if a restarted run has several files, later files win."""
        path = Path(source)
        files = list(walk(path, _is_events)) if path.is_dir() else [path]
        runs: dict[str, LoggedRun] = {}
        notes: list[str] = []
        for file in files:
            name = file.parent.relative_to(path).as_posix() if path.is_dir() else file.parent.name
            run = runs.setdefault(name, LoggedRun(path.name if name == "." else name or file.name))
            with one_line(shown(file)):
                _read_file(run, file, notes)
        listed = [run for run in runs.values() if run.series or run.config]
        if not listed:
            raise BadTable(f"{path.name} holds event files without scalars")
        said = f"read: {counted(len(files), 'event file')} of TensorBoard"
        return tabulate(_with_subfolders(listed), path.name, [said, *notes])


IMPORTER = TensorBoard()


def _is_events(name: str) -> bool:
    return _MARK in name


def _with_subfolders(runs: list[LoggedRun]) -> list[LoggedRun]:
    """Merge folders below a run into it: hyperparameters of a trial, or one scalar per folder."""
    by_name = {run.name: run for run in runs}
    kept = []
    for run in sorted(runs, key=lambda run: run.name):
        parent = by_name.get(run.name.rpartition("/")[0])
        if parent is not None and parent is not run and not (set(parent.series) & set(run.series)):
            parent.config |= {key: value for key, value in run.config.items() if key not in parent.config}
            parent.series |= run.series
        else:
            kept.append(run)
    return kept


def _read_file(run: LoggedRun, path: Path, notes: list[str]) -> None:
    content = read_bytes(path)
    for number, (at, event) in enumerate(_records(content, path.name, notes)):
        try:
            _read_event(run, event, first=number == 0)
        except BadTable as error:
            raise BadTable(f"{path.name}: {error} (byte {at})") from error


def _records(content: bytes, source: str, notes: list[str]) -> Iterator[tuple[int, bytes]]:
    """Yield each event with its offset; a last event cut off by a killed run gives a note."""
    at = 0
    while at < len(content):
        head = content[at : at + 12]
        if len(head) == 12 and _masked(head[:8]) != struct.unpack("<I", head[8:])[0]:
            what = "is damaged" if at else "is not an event file"
            raise BadTable(f"{source} {what}: the length at byte {at} does not match its checksum")
        length = struct.unpack("<Q", head[:8])[0] if len(head) == 12 else 0
        end = at + 12 + length + 4
        if len(head) < 12 or end > len(content):
            if not at:
                raise BadTable(f"{source} is cut off before its first event ends")
            notes.append(f"{source} ends inside an event; the events before it are read")
            return
        if length <= _LARGEST_EVENT:
            event = content[at + 12 : end - 4]
            if _masked(event) != struct.unpack("<I", content[end - 4 : end])[0]:
                raise BadTable(f"{source} is damaged: the event at byte {at} does not match its checksum")
            yield at, event
        at = end


def _read_event(run: LoggedRun, event: bytes, *, first: bool) -> None:
    step, summary, wall_time = 0, b"", 0.0
    for field, _, value in wire.fields(event):
        if field == _STEP:
            step = wire.signed(value)
        elif field == _SUMMARY:
            summary = wire.message(value)
        elif field == _WALL_TIME:
            wall_time = wire.floating(value)
    if first:
        run.columns.setdefault("created_at", utc(wall_time))
    for field, _, value in wire.fields(summary):
        if field == _VALUE:
            _read_value(run, step, wire.message(value))


def _read_value(run: LoggedRun, step: int, content: bytes) -> None:
    tag, number = "", None
    for field, kind, value in wire.fields(content):
        if field == _TAG:
            tag = wire.text(value)
        elif field == _SIMPLE and kind == wire.FIXED32:
            number = wire.floating(value)
        elif field == _TENSOR:
            number = _scalar(wire.message(value))
        elif field == _METADATA:
            run.config.update(_hyperparameters(wire.message(value)))
    if tag and number is not None and not tag.startswith("_hparams_"):
        run.log(tag, float(step), number)


def _scalar(tensor: bytes) -> float | None:
    """Return the value of a tensor of one float or double, None for other tensors."""
    entries = list(wire.fields(tensor))
    kind = next((value for field, _, value in entries if field == _DTYPE), 0)
    size = {_FLOAT: 4, _DOUBLE: 8}.get(kind, 0) if isinstance(kind, int) else 0
    for field, _, value in entries:
        if field in (_CONTENT, _FLOATS, _DOUBLES) and isinstance(value, bytes) and size and len(value) == size:
            return wire.floating(value)
    return None


def _hyperparameters(metadata: bytes) -> dict[str, Any]:
    """Return the settings of the hyperparameters plugin, empty for other plugins."""
    plugin = next((wire.message(value) for field, _, value in wire.fields(metadata) if field == _PLUGIN), b"")
    parts = {field: value for field, _, value in wire.fields(plugin)}
    if wire.text(parts.get(1, b"")) != "hparams":
        return {}
    found: dict[str, Any] = {}
    for field, _, start in wire.fields(wire.message(parts.get(_PLUGIN_CONTENT, b""))):
        for inner, _, entry in wire.fields(wire.message(start)) if field == _SESSION_START else ():
            if inner == _HPARAMS:
                pair = {number: value for number, _, value in wire.fields(wire.message(entry))}
                found[wire.text(pair.get(1, b""))] = _setting(wire.message(pair.get(2, b"")))
    return found


def _setting(value: bytes) -> float | str | bool | None:
    for field, _, content in wire.fields(value):
        if field == _NUMBER_VALUE:
            return wire.floating(content)
        if field == _STRING_VALUE:
            return wire.text(content)
        if field == _BOOL_VALUE:
            return bool(content)
    return None


def _table() -> tuple[int, ...]:
    """Return the table of CRC-32C, the Castagnoli polynomial in reversed order."""
    entries = []
    for byte in range(256):
        for _ in range(8):
            byte = byte >> 1 ^ (0x82F63B78 if byte & 1 else 0)
        entries.append(byte)
    return tuple(entries)


_CRC = _table()


def _masked(content: bytes) -> int:
    """Return the masked CRC-32C of some bytes, as TFRecords carry it."""
    crc = 0xFFFFFFFF
    for byte in content:
        crc = _CRC[(crc ^ byte) & 0xFF] ^ (crc >> 8)
    crc ^= 0xFFFFFFFF
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF
