"""The registry: an append-only file of JSON lines, each a frozen forecast with the digest of the line before.

Anyone can verify the log with only its file: an edit, or a removed, added or moved line, breaks the digest in the next
line. Lines removed at the end leave a valid shorter chain, so publish the digest of the last line, the *head*;
``verify_forecasts`` compares with it.
"""

import contextlib
import json
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scalelaw.core.errors import BadInput, ScalelawWarning, UnknownName
from scalelaw.core.files import append_line, cut_back
from scalelaw.core.nouns.brief import Brief
from scalelaw.core.nouns.tabular import Columns, Tabular, columns_of
from scalelaw.core.numbers import counted
from scalelaw.core.owners.lock import Guarded, acquire
from scalelaw.core.reading import LARGEST, is_fit, one_line
from scalelaw.core.rendering import Lines, Renderable, Report, Table
from scalelaw.registry.frozen import FrozenForecast, opened, point_text, read_bytes, span_text
from scalelaw.registry.seal import faults, sealed_text, sha256

SCHEMA = "scalelaw.registry/1"
_BEGIN = f'{{"schema": "{SCHEMA}", "number": '.encode()
_NO_END = "is incomplete"
_TORN_WITHOUT = "the last line is incomplete, as after a crash while it was written"
_TORN = "its last line is incomplete, as after a crash while it was written, and is ignored"
_WAIT_S = 10.0
_SHORT = 12
_FEWEST_DIGITS = 4
_MARKS = (b"scalelaw.registry/", b"scalelaw.forecast", b'"seal"', b'"forecast"')


@dataclass(frozen=True, eq=False)
class Entry(Brief):
    """One line of a registry.

    Attributes:
        number: line number, from 1.
        digest: digest of this line and all before it; that of the last line is the head.
        forecast: the registered forecast.
    """

    number: int
    digest: str
    forecast: FrozenForecast


@dataclass(frozen=True, eq=False)
class Registry(Renderable, Tabular):
    """The forecasts of a file, in order of registration.

    Attributes:
        source: the file.
        entries: one per line; a single ``forecast.json`` is one entry.
    """

    source: str
    entries: tuple[Entry, ...]

    @property
    def head(self) -> str:
        """Digest of the last entry, which covers the whole file; empty without entries."""
        return self.entries[-1].digest if self.entries else ""

    def find(self, entry: str | int | None = None) -> FrozenForecast:
        """Return a forecast by its number, first digits of its digest, or name of its run; None for the only one.

        Raises:
            UnknownName: no match, or several.
        """
        wanted = str(entry)
        if entry is None and len(self.entries) != 1:
            many = ", ".join(f"{each.number} ({each.forecast.digest[:_SHORT]})" for each in self.entries) or "none"
            raise UnknownName(f"{self.source} holds several forecasts; choose one with entry= (CLI: --entry): {many}")
        found = [
            each
            for each in self.entries
            if entry is None
            or wanted in (str(each.number), each.forecast.run)
            or (len(wanted) >= _FEWEST_DIGITS and each.forecast.digest.startswith(wanted))
        ]
        if len(found) != 1:
            known = [f"{each.number} ({each.forecast.digest[:_SHORT]})" for each in self.entries]
            raise UnknownName.among("forecast", wanted, known)
        return found[0].forecast

    def to_dict(self) -> dict[str, Any]:
        """Return plain values: the contract of ``scalelaw registry list --json``."""
        return {
            "schema": "scalelaw.forecasts/1",
            "source": self.source,
            "head": self.head or None,
            "forecasts": [_summary(each) for each in self.entries],
        }

    def to_columns(self) -> Columns:
        """Return one row per forecast."""
        return columns_of(self.to_dict()["forecasts"])

    def report(self) -> Report:
        """Return one row per forecast."""
        rows = [["", "frozen", "target", "of", "forecast", "90 % interval", "law", "digest"]]
        rows += [_row(each) for each in self.entries]
        many = counted(len(self.entries), "forecast")
        return Report(f"{self.source}: {many}", [Table(rows, right=(0, 4)), Lines([("head", self.head or "none")])])


@dataclass(frozen=True, eq=False)
class Verification(Renderable, Tabular):
    """The result of verifying a file of forecasts.

    Attributes:
        source: the file.
        count: number of readable forecasts.
        head: digest of the file, empty if it was changed.
        faults: the changes found, as text.
    """

    source: str
    count: int
    head: str
    faults: tuple[str, ...]

    @property
    def holds(self) -> bool:
        """Whether the file is unchanged."""
        return not self.faults

    def to_dict(self) -> dict[str, Any]:
        """Return plain values: the contract of ``scalelaw registry verify --json``."""
        return {
            "schema": "scalelaw.verification/1",
            "source": self.source,
            "holds": self.holds,
            "count": self.count,
            "head": self.head or None,
            "faults": list(self.faults),
        }

    def to_columns(self) -> Columns:
        """Return one row per fault."""
        return {"fault": list(self.faults)}

    def report(self) -> Report:
        """Return the verdict and every fault."""
        if self.holds:
            many = counted(self.count, "forecast")
            return Report(f"{self.source}: {many}, unchanged", [Lines([("head", self.head)])])
        if all(fault.endswith(_NO_END) for fault in self.faults):
            title = f"{self.source}: {_TORN_WITHOUT}; every line before it is unchanged"
            return Report(title, [Lines([("incomplete", fault) for fault in self.faults])])
        title = f"{self.source} was CHANGED after it was written"
        return Report(title, [Lines([("changed", fault) for fault in self.faults])])


def register_forecast(forecast: FrozenForecast, path: str | Path) -> Entry:
    """Append a forecast to a registry; the line is on disk when this returns.

    Args:
        forecast: the frozen forecast.
        path: a file of JSON lines, created if absent.

    Raises:
        BadInput: the file was changed, already holds this forecast, cannot be written, or is being written.

    Example:
        >>> import tempfile, scalelaw as sl
        >>> fit = sl.fit("chinchilla", sl.datasets.load("synthetic-ladder"), draws=50)
        >>> path = Path(tempfile.mkdtemp()) / "forecasts.jsonl"
        >>> register_forecast(fit.freeze(params="7B", tokens="140B"), path).number, verify_forecasts(path).holds
        (1, True)
    """
    place = Path(path).expanduser()
    if problems := list(faults(sealed_text(forecast.document).encode())):
        raise BadInput(f"this forecast was changed after freezing: {'; '.join(problems)}")
    with _alone(place):
        entries = read_forecasts(place).entries if place.exists() else ()
        if place.exists() and (torn := _torn(content := read_bytes(place, LARGEST))):
            cut_back(place, len(content) - torn)
        if forecast.digest in {each.forecast.digest for each in entries}:
            raise BadInput(f"{place} already holds this forecast ({forecast.digest[:_SHORT]})")
        record = _record(len(entries) + 1, entries[-1].digest if entries else "", forecast.document)
        append_line(place, _line(record)[:-1].decode())
    return Entry(record["number"], record["digest"], forecast)


def read_forecasts(path: str | Path) -> Registry:
    """Load and verify the forecasts of a registry, or of a single ``forecast.json``.

    Raises:
        BadInput: the file cannot be read, or was changed (with the place).
    """
    with one_line(str(path)):
        content = read_bytes(path, LARGEST)
        if torn := _torn(content):
            warnings.warn(f"{path}: {_TORN}; the next forecast registered replaces it", ScalelawWarning, stacklevel=2)
            content = content[:-torn]
        if content and (problems := list(_faults(content))):
            _check_kind(content, str(path))
            raise BadInput(f"{path} was changed after it was written: {'; '.join(problems)}")
        return Registry(str(path), tuple(_entries(content, str(path))))


def verify_forecasts(path: str | Path, *, head: str | None = None) -> Verification:
    """Verify that a registry, or a single ``forecast.json``, is unchanged.

    Args:
        path: the file.
        head: digest published when the file was written, or its first digits.

    Raises:
        BadInput: the file cannot be read, or the head is too short.
    """
    if head is not None and len(head) < _FEWEST_DIGITS:
        raise BadInput(f"head={head!r}: give {_FEWEST_DIGITS} digits or more")
    with one_line(str(path)):
        content = read_bytes(path, LARGEST)
        problems = list(_faults(content))
        entries = () if problems else tuple(_entries(content, str(path)))
    if head is not None and entries and not any(each.digest.startswith(head.lower()) for each in entries):
        problems.append(f"no forecast has the published digest {head}: lines are missing, or this is another file")
    return Verification(str(path), len(entries), entries[-1].digest if entries else "", tuple(problems))


def _torn(content: bytes) -> int:
    """Return the bytes of a last line that a crash cut short: it begins as a line of a registry and has no end.

    A power cut can leave zeros in the place of bytes that never reached the disk.
    """
    rest = content[content.rfind(b"\n") + 1 :]
    there = rest.rstrip(b"\0")
    begins = there.startswith(_BEGIN) or _BEGIN.startswith(there)
    return len(rest) if rest and begins and _is_chain(content) else 0


def _check_kind(content: bytes, path: str) -> None:
    """Raise if a file is something other than forecasts.

    Raises:
        BadInput: the file is a fit, or runs.
    """
    if is_fit(path):
        freeze = f"scalelaw registry freeze {path} --params N --tokens D"
        raise BadInput(f"{path} is a fit, not a frozen forecast; make one with: {freeze}")
    if not any(mark in content for mark in _MARKS):
        raise BadInput(f"{path} is not a frozen forecast; make one with: scalelaw registry freeze")


def _is_chain(content: bytes) -> bool:
    """Return whether the bytes are lines of a registry; a single forecast spans many lines."""
    return not content.startswith(b"{\n")


def _faults(content: bytes) -> Iterator[str]:
    if not _is_chain(content):
        yield from faults(content)
        return
    *lines, rest = content.split(b"\n")
    if not lines and not rest:
        yield "it is empty"
    before = ""
    for number, line in enumerate(lines, start=1):
        found, before = _line_fault(line, number, before)
        if found:
            yield f"line {number}: {found}"
    if rest:
        yield f"line {len(lines) + 1} {_NO_END}"


def _line_fault(line: bytes, number: int, before: str) -> tuple[str, str]:
    """Return the fault of a line, or empty, and the digest that the next line must carry."""
    try:
        record = json.loads(line.decode())
    except (UnicodeDecodeError, ValueError, RecursionError) as error:
        return f"it is not valid JSON: {error}", ""
    if not isinstance(record, dict) or not isinstance(record.get("forecast"), dict):
        return "it does not hold a forecast", ""
    digest = str(record.get("digest", ""))
    try:
        inside = list(faults(sealed_text(record["forecast"]).encode()))
        wanted = _record(number, before, record["forecast"])
    except (KeyError, ValueError) as error:
        return f"a number or name was edited: {error}", digest
    if inside:
        return "; ".join(inside), digest
    for name in ("schema", "number", "previous", "digest"):
        if record.get(name) != wanted[name]:
            return (
                f"{name} is {_cut(record.get(name))}, but the lines give {_cut(wanted[name])}",
                digest,
            )
    return ("" if line == _line(wanted)[:-1] else "its formatting was edited"), digest


def _record(number: int, previous: str, document: Mapping[str, Any]) -> dict[str, Any]:
    record = {"schema": SCHEMA, "number": number, "previous": previous, "forecast": dict(document)}
    return {**record, "digest": sha256({**record, "forecast": document["seal"]["whole"]})}


def _line(record: Mapping[str, Any]) -> bytes:
    return json.dumps(record, allow_nan=False).encode() + b"\n"


def _entries(content: bytes, name: str) -> Iterator[Entry]:
    if not _is_chain(content):
        forecast = opened(content, name)
        yield Entry(1, forecast.digest, forecast)
        return
    for line in content.splitlines():
        record = json.loads(line)
        yield Entry(record["number"], record["digest"], opened(json.dumps(record["forecast"]).encode(), name))


@contextlib.contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Hold a lock file beside the registry while writing, so that two writers cannot extend the same line.

    Raises:
        BadInput: another process holds the lock for too long, or the folder cannot be written.
    """
    guarded = Guarded(str(path), "wait until it has finished")
    lock = acquire(path.with_name(f"{path.name}.lock"), guarded, wait_s=_WAIT_S)
    try:
        yield
    finally:
        lock.release()


def _summary(entry: Entry) -> dict[str, Any]:
    own = entry.forecast
    ends = own.interval(0.9)
    return {
        "number": entry.number,
        "made": own.made,
        "target": own.target,
        "run": own.run or None,
        "point": own.point,
        "value": own.value,
        "lo": None if ends is None else ends[0],
        "hi": None if ends is None else ends[1],
        "level": 0.9,
        "law": own.label,
        "digest": own.digest,
    }


def _row(entry: Entry) -> list[str]:
    own = entry.forecast
    span = span_text(own.interval(0.9))
    return [str(entry.number), own.made, own.target, point_text(own), f"{own.value:.4g}", span, own.label,
            own.digest[:_SHORT]]  # fmt: skip


def _cut(value: object) -> str:
    text = repr(value).strip("'")
    return f"{text[:_SHORT]}..." if len(text) > _SHORT else text or "nothing"
