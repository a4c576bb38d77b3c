"""Pack a folder of runs, with all a sweep needs to resume, into one file with a SHA-256 per member.

The file is a zip whose first member, ``pack.json``, lists the others; equal folders make equal files. Temporary files
(locks, files being written) are not packed. A pack is unpacked into a temporary folder beside the target, verified and
renamed, so the folder is complete or absent. Names that would leave the folder are refused.
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
from scalelaw.core.owners.lock import is_held
from scalelaw.core.reading import LARGEST_SETTINGS, Allowance, one_line, open_regular, parse_json
from scalelaw.core.rendering import Lines, Renderable, Report
from scalelaw.runs.storing.dirstore import DirStore, holds_runs
from scalelaw.runs.storing.store import count_states

_MANIFEST, _SCHEMA = "pack.json", "scalelaw.pack/1"
_PASSING = re.compile(
    r"(.*\.)?lock(\.[0-9a-f]{16})*|lock\.taking|\..*|.*\.part|run\.json\.[0-9a-f]{32}|[0-9a-f]{16}\.[0-9a-f]{8}"
)
"""Names of temporary files and folders of writers."""
_EPOCH = (1980, 1, 1, 0, 0, 0)
_CHUNK = 1 << 20


@dataclass(frozen=True, eq=False)
class Pack(Renderable):
    """A folder of runs and its packed file.

    Attributes:
        file: the pack.
        folder: the folder packed or unpacked.
        files: number of files.
        size: total size in bytes.
        states: number of runs per state, in words.
        digest: digest of all contents and names, equal before and after.
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

    def report(self) -> Report:
        """Return the content of the pack as a report."""
        lines = [
            ("runs", self.states),
            ("files", f"{self.files:,}, {self.size / 1e6:,.1f} MB"),
            ("digest", self.digest),
        ]
        return Report(f"{self.folder} in {self.file}", [Lines(lines)])


def pack_runs(folder: str | PathLike[str], to: str | PathLike[str]) -> Pack:
    """Pack a folder of runs, with corpus, checkpoints and ladder, into one file for ``unpack_runs``.

    Args:
        folder: a folder of ``scalelaw ladder run`` or ``sl.record``.
        to: the file; replaced atomically if it exists.

    Raises:
        BadInput: the folder has no runs, a run being written or a link, or the file cannot be written.
    """
    folder, to = Path(folder).expanduser(), Path(to).expanduser()
    if not holds_runs(folder) or (folder / "run.json").is_file():
        raise BadInput(f"{folder} is not a folder of runs; name one that `scalelaw ladder run` or sl.record wrote")
    for lock in folder.glob("*/lock"):
        if is_held(lock):
            raise BadInput(f"{lock.parent} is being written; stop the sweep first; the same command resumes it later")
    paths = sorted(path for path in _files(folder) if path.resolve() != to.resolve())
    with whole_file(to) as file:
        manifest = {path.relative_to(folder).as_posix(): _measured(path) for path in paths}
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as packed:
            listed_as = json.dumps({"schema": _SCHEMA, "digest": digest(manifest), "files": manifest}, indent=1)
            packed.writestr(_member(_MANIFEST), listed_as)
            for name in manifest:
                with packed.open(_member(name), "w", force_zip64=True) as out, open_regular(folder / name) as source:
                    shutil.copyfileobj(source, out, _CHUNK)
        _whole(file, manifest)
    return _pack(to, folder, manifest)


def unpack_runs(file: str | PathLike[str], to: str | PathLike[str]) -> Pack:
    """Unpack a file of ``pack_runs`` into a folder of runs; its sweep resumes there bit for bit.

    Args:
        file: the pack.
        to: the folder, which must be absent or empty.

    Raises:
        BadInput: not a pack, damaged, a name that leaves the folder, or a folder that is not empty.
    """
    file, to = Path(file).expanduser(), Path(to).expanduser()
    if to.exists() and (not to.is_dir() or any(to.iterdir())):
        raise BadInput(f"{to} is not an empty folder; name one that does not exist yet")
    if to.exists() and to.samefile(Path.cwd()):
        raise BadInput(f"{to} is the current folder; name a folder that does not exist yet")
    try:
        with one_line(str(file)), open_regular(file) as content, zipfile.ZipFile(content) as packed:
            manifest = _manifest(packed, file)
            allowance = Allowance(str(file), os.fstat(content.fileno()).st_size)
            allowance.take(sum(listed_as["bytes"] for listed_as in manifest.values()))
            with whole_folder(to) as part:
                for name, listed_as in manifest.items():
                    _extract(packed, name, listed_as, part, file)
                made = _pack(file, part, manifest)  # reads the runs; if it fails, the folder is removed
    except zipfile.BadZipFile as error:
        raise BadInput(f"{file} is not a pack of runs, or is damaged: {error}") from error
    return replace(made, folder=to)


def _pack(file: Path, folder: Path, manifest: Mapping[str, Mapping[str, Any]]) -> Pack:
    store = DirStore(folder)
    size = sum(listed_as["bytes"] for listed_as in manifest.values())
    return Pack(file, folder, len(manifest), size, count_states(map(store.read, store.runs())), digest(manifest))


def _files(folder: Path) -> Iterator[Path]:
    """Yield the files of a folder, without temporary ones."""
    for path in folder.iterdir():
        if _PASSING.fullmatch(path.name):
            continue
        if path.is_symlink() or not (path.is_dir() or path.is_file()):
            raise BadInput(f"{path} is a link or not a plain file; put the file itself there, or remove it")
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
    """Return name -> digest and size of a pack's files, checked against its members.

    Raises:
        BadInput: not a pack, or a name that leaves the folder.
    """
    names = packed.namelist()
    if not names or names[0] != _MANIFEST:
        raise BadInput(f"{file} is not a pack of runs; `scalelaw runs pack` writes one")
    for member in packed.infolist():
        if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise BadInput(
                f"{file} stores {member.filename!r} in a way that `scalelaw runs pack` never uses; not unpacked"
            )
    schema, stated, manifest = _listed(packed, file)
    if schema != _SCHEMA:
        raise BadInput(f"{file} has the schema {schema}; this version reads {_SCHEMA}")
    if stated != digest(manifest) or sorted(names[1:]) != sorted(manifest):
        raise BadInput(f"{file} is damaged or was edited: its list of files does not match its content")
    for member in packed.infolist()[1:]:
        kind = stat.S_IFMT(member.external_attr >> 16)
        if not _stays(member.filename) or kind not in (0, stat.S_IFREG):
            raise BadInput(
                f"{file} holds {member.filename!r}, which is not a plain file inside its folder; not unpacked"
            )
        if any(_PASSING.fullmatch(part) for part in member.filename.split("/")):
            raise BadInput(f"{file} holds {member.filename!r}, a temporary file of a writer; not unpacked")
    return manifest


def _listed(packed: zipfile.ZipFile, file: Path) -> tuple[str, str, dict[str, dict[str, Any]]]:
    """Read schema, digest and files from the list in a pack.

    Raises:
        BadInput: the list is too long or damaged.
    """
    with packed.open(_MANIFEST) as listed:
        text = listed.read(LARGEST_SETTINGS + 1)
    if len(text) > LARGEST_SETTINGS:
        raise BadInput(f"{file}: its {_MANIFEST} exceeds {LARGEST_SETTINGS} bytes")
    try:
        listed_as = parse_json(text)
        files = {str(name): (str(of["sha256"]), int(of["bytes"])) for name, of in listed_as["files"].items()}
        if any(size < 0 for _, size in files.values()):
            raise ValueError("a file has a negative size")
        manifest = {name: {"sha256": mark, "bytes": size} for name, (mark, size) in files.items()}
        return str(listed_as["schema"]), str(listed_as["digest"]), manifest
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        raise BadInput(f"{file}: its {_MANIFEST} cannot be read: {error}") from error


def _stays(name: str) -> bool:
    """Return whether a name stays inside the folder on every system."""
    parts = name.split("/")
    plain = all(part not in ("", ".", "..") and not re.search(r"[\\:\x00-\x1f]", part) for part in parts)
    return plain and not PurePosixPath(name).is_absolute()


def _extract(packed: zipfile.ZipFile, name: str, listed_as: Mapping[str, Any], folder: Path, file: Path) -> None:
    """Write one file and verify it against the list.

    Raises:
        BadInput: it differs.
    """
    path = folder.joinpath(*name.split("/"))
    path.parent.mkdir(parents=True, exist_ok=True)
    with packed.open(name) as source, whole_file(path, over=False) as out:
        same = _copied(source, out, listed_as)
    if not same:
        raise BadInput(f"{file} is damaged: {name} differs from the packed file")


def _copied(source: IO[bytes], out: IO[bytes] | None, listed_as: Mapping[str, Any]) -> bool:
    """Copy a file up to its expected size; return whether size and digest match."""
    total, left = hashlib.sha256(), int(listed_as["bytes"])
    while chunk := source.read(min(_CHUNK, left + 1)):
        left -= len(chunk)
        if left < 0:
            return False
        total.update(chunk)
        if out is not None:
            out.write(chunk)
    return left == 0 and total.hexdigest() == listed_as["sha256"]


def _whole(part: IO[bytes], manifest: Mapping[str, Mapping[str, Any]]) -> None:
    """Read a new pack again and refuse it if a file changed meanwhile.

    Raises:
        BadInput: a file changed.
    """
    with zipfile.ZipFile(part) as packed:
        for name, listed_as in manifest.items():
            with packed.open(name) as source:
                if not _copied(source, None, listed_as):
                    raise BadInput(
                        f"{name} changed while it was packed; stop the program that writes it, and pack again"
                    )
