"""Checks of every importer, built in or external, on one recorded log of its format.

Call every value of ``IMPORTER_CHECKS`` with a ``RecordedLog(MyImporter(), "path/of/a/log")``.
"""

import hashlib
import shutil
import socket
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from unittest import mock

import numpy as np

from scalelaw.core.errors import BadInput
from scalelaw.runs.importers import Importer
from scalelaw.runs.raw import RawTable

_TRIES = 60
"""Number of times a log is cut off, and corrupted, over all its files."""


@dataclass(frozen=True)
class RecordedLog:
    """An importer and a log it reads.

    Attributes:
        importer: the importer under test.
        source: path or address of a log with at least one run and one evaluation.
        secret: secret text in a setting of the log that must not be imported, or empty.
        foreign: paths and addresses of other formats.
    """

    importer: Importer
    source: str
    secret: str = ""
    foreign: tuple[str, ...] = ()

    @property
    def on_disk(self) -> bool:
        """Whether the log is a file or a folder."""
        return "://" not in self.source


Check = Callable[[RecordedLog], None]


def check_protocol(sample: RecordedLog) -> None:
    """The object is an Importer with a name and a description of its format."""
    assert isinstance(sample.importer, Importer)
    assert sample.importer.name.isidentifier() and sample.importer.reads


def check_recognises(sample: RecordedLog) -> None:
    """The importer recognises its log, but not other formats, absent paths or odd text."""
    assert sample.importer.recognises(sample.source)
    for other in (*sample.foreign, "no/such/file", "", "x" * 5000, "a\0b", "other://host/thing"):
        try:
            taken = sample.importer.recognises(other)
        except ValueError:  # text that cannot be a path
            continue
        assert not taken, f"{sample.importer.name} takes {other[:80]!r} for its own"


def check_long_table(sample: RecordedLog) -> None:
    """The table has one row per evaluation, each with a run, some with a target, and no empty column."""
    table = sample.importer.read(sample.source)
    assert len(table) and "run" in table.columns
    assert len({len(column.values) for column in table.columns.values()}) == 1
    assert not table.columns["run"].missing.any(), "a row without a run"
    assert any(name.partition("@")[0] in ("loss", "bpb", "score") for name in table.columns), "no target"
    hollow = [name for name, column in table.columns.items() if column.missing.all()]
    assert not hollow, f"columns without a value: {hollow}"


def check_no_invented_zeros(sample: RecordedLog) -> None:
    """Absent values are missing, never 0."""
    table = sample.importer.read(sample.source)
    for name in ("params", "params_non_embedding", "loss"):
        if name in table.columns and table.columns[name].numeric:
            assert not np.any(table.columns[name].values == 0), f"{name} is 0"


def check_deterministic(sample: RecordedLog) -> None:
    """Two readings give equal columns, cells and notes."""
    first, again = (sample.importer.read(sample.source) for _ in range(2))
    assert first.notes == again.notes
    assert _cells(first) == _cells(again)


def check_no_network(sample: RecordedLog) -> None:
    """Reading a file does not use the network."""
    if sample.on_disk:
        with mock.patch.object(socket.socket, "connect", side_effect=AssertionError("reached for the network")):
            sample.importer.read(sample.source)


def check_source_untouched(sample: RecordedLog) -> None:
    """Recognising and reading neither change nor create files."""
    if not sample.on_disk:
        return
    with _Copy(sample) as path:
        before = _digest(path.parent)
        sample.importer.recognises(str(path))
        sample.importer.read(str(path))
        assert _digest(path.parent) == before


def check_secret_stays(sample: RecordedLog) -> None:
    """No column, cell or note holds the secret or the name of its setting."""
    table = sample.importer.read(sample.source)
    shown = repr((_cells(table), table.notes, table.source))
    assert not sample.secret or sample.secret not in shown
    assert "api_key" not in shown


def check_empty(sample: RecordedLog) -> None:
    """An empty file is refused, and an empty folder is not recognised."""
    if not sample.on_disk:
        return
    with _Copy(sample) as path:
        if path.is_dir():
            shutil.rmtree(path)
            path.mkdir()
            assert not sample.importer.recognises(str(path))
        else:
            path.write_bytes(b"")
        assert _refused(sample.importer, path), "an empty source was read"


def check_damage(sample: RecordedLog) -> None:
    """A truncated or corrupted log is refused or read in part, without any other error."""
    if not sample.on_disk:
        return
    with _Copy(sample) as path:
        whole = len(sample.importer.read(str(path)))
        files = sorted(each for each in ([path] if path.is_file() else path.rglob("*")) if each.is_file())
        for file in files:
            content, tries = file.read_bytes(), max(3, _TRIES // len(files))
            for place in {len(content) * part // tries for part in range(tries)}:
                file.write_bytes(content[:place])
                if not _refused(sample.importer, path):
                    assert len(sample.importer.read(str(path))) <= whole, f"{file.name} cut off gives more rows"
                if place < len(content):
                    file.write_bytes(content[:place] + bytes([content[place] ^ 0xA5]) + content[place + 1 :])
                    _refused(sample.importer, path)
            file.write_bytes(content)


def _refused(importer: Importer, path: Path) -> bool:
    try:
        importer.read(str(path))
    except BadInput as error:
        assert str(error), "an error without a message"
        return True
    return False


class _Copy:
    """A temporary copy of the log in its own folder."""

    def __init__(self, sample: RecordedLog) -> None:
        self._source = Path(sample.source)
        self._folder = tempfile.TemporaryDirectory()

    def __enter__(self) -> Path:
        target = Path(self._folder.name) / "log" / self._source.name
        target.parent.mkdir()
        if self._source.is_dir():
            shutil.copytree(self._source, target)
        else:
            for beside in self._source.parent.iterdir():
                if beside.is_file():
                    shutil.copy(beside, target.parent)
        return target

    def __exit__(self, *_: object) -> None:
        self._folder.cleanup()


def _cells(table: RawTable) -> list[tuple[str, list[str]]]:
    return [(name, [repr(value) for value in column.values.tolist()]) for name, column in table.columns.items()]


def _digest(folder: Path) -> dict[str, str]:
    return dict(_digests(folder))


def _digests(folder: Path) -> Iterator[tuple[str, str]]:
    for path in sorted(folder.rglob("*")):
        content = path.read_bytes() if path.is_file() else b""
        yield str(path.relative_to(folder)), hashlib.sha256(content).hexdigest()


IMPORTER_CHECKS: MappingProxyType[str, Check] = MappingProxyType(
    {
        check.__name__.removeprefix("check_"): check
        for check in (
            check_protocol, check_recognises, check_long_table, check_no_invented_zeros, check_deterministic,
            check_no_network, check_source_untouched, check_secret_stays, check_empty, check_damage,
        )
    }
)  # fmt: skip
"""Name -> check, each taking a sample."""
