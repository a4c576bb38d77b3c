"""A folder of runs as one file that travels: runs, and what a sweep goes on from, each file with its SHA-256.

The file is a zip whose first member, ``pack.json``, lists the others; equal folders make equal files. What a writer
leaves behind on the way (locks, files being written) is not packed. A pack is unpacked beside its place, verified, and
renamed: the folder is whole or not there. Names that would leave the folder are refused.
"""

import hashlib
import json
import os
import re
import shutil
import stat
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from os import PathLike
from pathlib import Path, PurePosixPath
from typing import IO, Any

from scalelaw.core.digest import digest
from scalelaw.core.errors import BadInput
from scalelaw.core.files import whole_file, whole_folder
from scalelaw.core.reading import LARGEST_SETTINGS, Allowance, one_line, open_regular
from scalelaw.core.rendering import Lines, Renderable, Report
from scalelaw.runs.storing.dirstore import DirStore, holds_runs
from scalelaw.runs.storing.lock import is_held
from scalelaw.runs.storing.store import count_states

_MANIFEST, _SCHEMA = "pack.json", "scalelaw.pack/1"
_PASSING = re.compile(r"lock|\..*|.*\.(lock|part)|run\.json\.[0-9a-f]{32}|[0-9a-f]{16}\.[0-9a-f]{8}")
"""Names of files and folders that are there only while something is written."""
_EPOCH = (1980, 1, 1, 0, 0, 0)
_CHUNK = 1 << 20


@dataclass(frozen=True, eq=False)
class Pack(Renderable):
    """A folder of runs and the one file of it.

    Attributes:
        file: the pack.
        folder: what was packed, or made of it.
        files: in it.
        size: of them in bytes.
        states: how many runs are in which state, in words.
        digest: of all contents and names; the same on both ends.
    """

    file: Path
    folder: Path
    files: int
    size: int
    states: str
    digest: str

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        values = {name: getattr(self, name) for name in ("files", "size", "states", "digest")}
        return {"schema": "scalelaw.packed/1", "file": str(self.file), "folder": str(self.folder), **values}

    def sheet(self) -> Report:
        """Return what is in it."""
        lines = [
            ("runs", self.states),
            ("files", f"{self.files:,}, {self.size / 1e6:,.1f} MB"),
            ("digest", self.digest),
        ]
        return Report(f"{self.folder} in {self.file}", [Lines(lines)])


def pack_runs(folder: str | PathLike[str], to: str | PathLike[str]) -> Pack:
    """Write a folder of runs, with its corpus, checkpoints and ladder, into one file that ``unpack_runs`` takes.

    Args:
        folder: of ``scalelaw ladder run``, or of ``sl.record``.
        to: the file; replaced in one step where it exists.

    Raises:
        BadInput: the folder holds no runs, one is being written, it holds a link, or the file cannot be written.
    """
    folder, to = Path(folder).expanduser(), Path(to).expanduser()
    if not holds_runs(folder) or (folder / "run.json").is_file():
        raise BadInput(f"{folder} is no folder of runs; name one that `scalelaw ladder run` or sl.record wrote")
    for lock in folder.glob("*/lock"):
        if is_held(lock):
            raise BadInput(f"{lock.parent} is being written; stop the sweep first, the same command goes on later")
    paths = sorted(path for path in _files(folder) if path.resolve() != to.resolve())
    with whole_file(to) as file:
        manifest = {path.relative_to(folder).as_posix(): _measured(path) for path in paths}
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as packed:
            said = json.dumps({"schema": _SCHEMA, "digest": digest(manifest), "files": manifest}, indent=1)
            packed.writestr(_member(_MANIFEST), said)
            for name in manifest:
                with packed.open(_member(name), "w", force_zip64=True) as out, open_regular(folder / name) as source:
                    shutil.copyfileobj(source, out, _CHUNK)
        _whole(file, manifest)
    return _pack(to, folder, manifest)


def unpack_runs(file: str | PathLike[str], to: str | PathLike[str]) -> Pack:
    """Make the folder of runs that a file of ``pack_runs`` holds; a sweep of its ladder goes on there bit for bit.

    Args:
        file: the pack.
        to: the folder, which must be absent or empty.

    Raises:
        BadInput: it is no pack, is damaged or holds a name that leaves the folder, or the folder is not empty.
    """
    file, to = Path(file).expanduser(), Path(to).expanduser()
    if to.exists() and (not to.is_dir() or any(to.iterdir())):
        raise BadInput(f"{to} is not an empty folder; name one that does not exist yet")
    if to.exists() and to.samefile(Path.cwd()):
        raise BadInput(f"{to} is the folder you are in; name one that does not exist yet")
    try:
        with one_line(str(file)), open_regular(file) as content, zipfile.ZipFile(content) as packed:
            manifest = _manifest(packed, file)
            allowance = Allowance(str(file), os.fstat(content.fileno()).st_size)
            allowance.take(sum(said["bytes"] for said in manifest.values()))
            with whole_folder(to) as part:
                for name, said in manifest.items():
                    _extract(packed, name, said, part, file)
                made = _pack(file, part, manifest)  # which reads the runs: where they are none, no folder stays
    except zipfile.BadZipFile as error:
        raise BadInput(f"{file} is no pack of runs, or is damaged: {error}") from error
    return replace(made, folder=to)


def _pack(file: Path, folder: Path, manifest: Mapping[str, Mapping[str, Any]]) -> Pack:
    store = DirStore(folder)
    size = sum(said["bytes"] for said in manifest.values())
    return Pack(file, folder, len(manifest), size, count_states(map(store.read, store.runs())), digest(manifest))


def _files(folder: Path) -> Iterator[Path]:
    """Yield the files of a folder that are there to stay."""
    for path in folder.iterdir():
        if _PASSING.fullmatch(path.name):
            continue
        if path.is_symlink() or not (path.is_dir() or path.is_file()):
            raise BadInput(f"{path} is a link, or no plain file: put the file itself there, or remove it")
        if path.is_dir():
            yield from _files(path)
        else:
            yield path


def _measured(path: Path) -> dict[str, Any]:
    with open_regular(path) as file:
        return {"sha256": hashlib.file_digest(file, "sha256").hexdigest(), "bytes": path.stat().st_size}


def _member(name: str) -> zipfile.ZipInfo:
    member = zipfile.ZipInfo(name, _EPOCH)
    member.compress_type = zipfile.ZIP_DEFLATED
    member.external_attr = 0o644 << 16
    return member


def _manifest(packed: zipfile.ZipFile, file: Path) -> dict[str, dict[str, Any]]:
    """Return name -> digest and size of what is in a pack, checked against the names that are there.

    Raises:
        BadInput: it is no pack, or one whose names do not stay in the folder.
    """
    names = packed.namelist()
    if not names or names[0] != _MANIFEST:
        raise BadInput(f"{file} is no pack of runs; `scalelaw runs pack` writes one")
    for member in packed.infolist():
        if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise BadInput(f"{file} packs {member.filename!r} as `scalelaw runs pack` never does: not unpacked")
    schema, told, manifest = _listed(packed, file)
    if schema != _SCHEMA:
        raise BadInput(f"{file} is {schema}; this version reads {_SCHEMA}")
    if told != digest(manifest) or sorted(names[1:]) != sorted(manifest):
        raise BadInput(f"{file} is damaged or was edited: its list of files is not what it holds")
    for member in packed.infolist()[1:]:
        kind = stat.S_IFMT(member.external_attr >> 16)
        if not _stays(member.filename) or kind not in (0, stat.S_IFREG):
            raise BadInput(f"{file} holds {member.filename!r}, which is no plain file inside its folder: not unpacked")
        if any(_PASSING.fullmatch(part) for part in member.filename.split("/")):
            raise BadInput(f"{file} holds {member.filename!r}, there only while runs are written: not unpacked")
    return manifest


def _listed(packed: zipfile.ZipFile, file: Path) -> tuple[str, str, dict[str, dict[str, Any]]]:
    """Return schema, digest and files as the list of a pack states them.

    Raises:
        BadInput: it is too long, or is none.
    """
    with packed.open(_MANIFEST) as listed:
        text = listed.read(LARGEST_SETTINGS + 1)
    if len(text) > LARGEST_SETTINGS:
        raise BadInput(f"{file}: its {_MANIFEST} has more than the {LARGEST_SETTINGS} bytes that are read of it")
    try:
        said = json.loads(text)
        files = {str(name): (str(of["sha256"]), int(of["bytes"])) for name, of in said["files"].items()}
        if any(size < 0 for _, size in files.values()):
            raise ValueError("a file has less than no bytes")
        manifest = {name: {"sha256": mark, "bytes": size} for name, (mark, size) in files.items()}
        return str(said["schema"]), str(said["digest"]), manifest
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        raise BadInput(f"{file}: its {_MANIFEST} cannot be read: {error}") from error


def _stays(name: str) -> bool:
    """Return whether a name is that of a file inside the folder, on every system."""
    parts = name.split("/")
    plain = all(part not in ("", ".", "..") and not re.search(r"[\\:\x00-\x1f]", part) for part in parts)
    return plain and not PurePosixPath(name).is_absolute()


def _extract(packed: zipfile.ZipFile, name: str, said: Mapping[str, Any], folder: Path, file: Path) -> None:
    """Write one file and compare it with what the list says of it.

    Raises:
        BadInput: it is another.
    """
    path = folder.joinpath(*name.split("/"))
    path.parent.mkdir(parents=True, exist_ok=True)
    with packed.open(name) as source, whole_file(path, over=False) as out:
        same = _copied(source, out, said)
    if not same:
        raise BadInput(f"{file} is damaged: {name} is not what was packed")


def _copied(source: IO[bytes], out: IO[bytes] | None, said: Mapping[str, Any]) -> bool:
    """Copy a file, no further than it should be long; return whether it is the one that is meant."""
    total, left = hashlib.sha256(), int(said["bytes"])
    while chunk := source.read(min(_CHUNK, left + 1)):
        left -= len(chunk)
        if left < 0:
            return False
        total.update(chunk)
        if out is not None:
            out.write(chunk)
    return left == 0 and total.hexdigest() == said["sha256"]


def _whole(part: IO[bytes], manifest: Mapping[str, Mapping[str, Any]]) -> None:
    """Read a pack again, and refuse it where a file changed while it was packed.

    Raises:
        BadInput: one did.
    """
    with zipfile.ZipFile(part) as packed:
        for name, said in manifest.items():
            with packed.open(name) as source:
                if not _copied(source, None, said):
                    raise BadInput(f"{name} changed while it was packed; stop what writes it, and pack again")
