"""Sources of text: files or folders of text, JSON lines or Parquet, Python's standard library, Hugging Face."""

import hashlib
import io
import json
import sysconfig
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from scalelaw.core.errors import BadInput
from scalelaw.core.optional import require
from scalelaw.core.reading import open_regular, read_limited

STDLIB = "stdlib"
SYNTHETIC = "synthetic"
HUGGING_FACE = "hf:"
FIELD = "text"
"""Name of the field or column with the text."""

_LEFT_OUT = ("test", "encodings", "pydoc_data", "idlelib", "site-packages", "dist-packages", "__pycache__")
"""Prefixes of files and folders of the standard library to skip, as not text or not part of it."""


def documents(source: str) -> Iterator[str]:
    """Yield the distinct documents of a source, in an order independent of the file system.

    Args:
        source: ``stdlib``, ``hf:<dataset>[:<split>]`` (read as a stream; a local folder works), a file, or a folder.

    Raises:
        BadInput: the source is absent or has no text.
    """
    seen: set[bytes] = set()
    for text in _read(source):
        mark = hashlib.sha256(text.encode("utf-8", errors="replace")).digest()
        if text.strip() and mark not in seen:
            seen.add(mark)
            yield text
    if not seen:
        raise BadInput(f"{source}: no text found; give .txt, .md, .py, .jsonl or .parquet files in UTF-8")


def _read(source: str) -> Iterable[str]:
    if source == STDLIB:
        return _stdlib()
    if source.startswith(HUGGING_FACE):
        return _hugging_face(source.removeprefix(HUGGING_FACE))
    path = Path(source).expanduser()
    if path.is_dir():
        return (text for each in sorted(path.rglob("*")) if _is_text(each) for text in _file(each, strict=False))
    if path.is_file():
        return _file(path, strict=True)
    raise BadInput(f"{source}: no such file or folder; give a path, {STDLIB}, {SYNTHETIC}, or {HUGGING_FACE}<dataset>")


def _is_text(path: Path) -> bool:
    return path.is_file() and not any(part.startswith(".") for part in path.parts[-2:])


def _stdlib() -> Iterator[str]:
    root = Path(sysconfig.get_paths()["stdlib"])
    for path in sorted(root.rglob("*.py")):
        if not any(part.startswith(_LEFT_OUT) for part in path.relative_to(root).parts):
            yield from _file(path, strict=False)


def _file(path: Path, *, strict: bool) -> Iterator[str]:
    """Yield the documents of one file; in a folder, files that are not text are skipped."""
    reader = _READERS.get(path.suffix.lower(), _plain)
    try:
        yield from reader(path)
    except UnicodeDecodeError as error:
        if strict or reader is not _plain:
            raise BadInput(f"{path} is not UTF-8 text: {error.reason} at byte {error.start}") from error
    except OSError as error:
        raise BadInput(f"{path} cannot be read: {error.strerror or error}") from error


def _plain(path: Path) -> Iterator[str]:
    yield read_limited(path).decode("utf-8")


def _json_lines(path: Path) -> Iterator[str]:
    with io.TextIOWrapper(open_regular(path), encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            if not line.strip():
                continue
            try:
                yield _text_of(json.loads(line))
            except (ValueError, KeyError, TypeError) as error:
                raise BadInput(f"{path}: line {number} is not a JSON object with a {FIELD!r}") from error


def _text_of(record: Any) -> str:
    text = record[FIELD]
    if not isinstance(text, str):
        raise TypeError
    return text


def _parquet(path: Path) -> Iterator[str]:
    import polars

    try:
        with open_regular(path) as file:
            column = polars.read_parquet(file, columns=[FIELD])[FIELD]
    except polars.exceptions.PolarsError as error:
        raise BadInput(f"{path}: no Parquet table with a column {FIELD!r}: {str(error).splitlines()[0]}") from error
    yield from (text for text in column.to_list() if isinstance(text, str))


_READERS: dict[str, Callable[[Path], Iterator[str]]] = {
    ".jsonl": _json_lines,
    ".ndjson": _json_lines,
    ".parquet": _parquet,
}


def _hugging_face(name: str) -> Iterator[str]:
    """Stream the texts of a dataset on the hub, or of a local folder."""
    datasets = require("datasets", extra="hf", why="read datasets of Hugging Face")
    path, _, split = name.partition(":")
    try:
        found = datasets.load_dataset(path, split=split or "train", streaming=True)
    except (OSError, ValueError, ConnectionError) as error:
        raise BadInput(f"{HUGGING_FACE}{name} cannot be read: {str(error).splitlines()[0]}") from error
    for record in found:
        if not isinstance(record.get(FIELD), str):
            raise BadInput(f"{HUGGING_FACE}{name} has no column {FIELD!r}; it has {', '.join(record)}")
        yield record[FIELD]
