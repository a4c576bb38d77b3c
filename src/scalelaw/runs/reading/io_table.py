"""Read a file, a dataframe or plain Python containers into raw columns."""

import io
from collections.abc import Callable, Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import Any

from scalelaw.core.errors import BadInput, BadTable
from scalelaw.core.nouns.frames import is_frame
from scalelaw.core.plain_text import first_line
from scalelaw.core.reading import parse_json, read_limited, without_panics
from scalelaw.runs.dataframe import read_frame
from scalelaw.runs.delimited import read_csv
from scalelaw.runs.raw import RawTable, from_columns, from_rows
from scalelaw.runs.reading.io_json import read_json, read_jsonl
from scalelaw.runs.reading.io_open import is_open, read_open
from scalelaw.runs.reading.io_store import read_store
from scalelaw.runs.reading.parquet_size import check_unpacked
from scalelaw.runs.reading.unread_log import check_no_log
from scalelaw.runs.storing.dirstore import holds_runs, store_of
from scalelaw.runs.storing.store import Store

_WANTED = "a path, an open file, a store, a dataframe, a dict of columns or a list of records"


def read_table(source: Any) -> RawTable:
    """Return the raw columns of a path, a dataframe or plain containers.

    Raises:
        BadInput: it cannot be read.
        BadTable: it has no table.
    """
    if isinstance(source, Store):
        table = read_store(source, type(source).__name__)
    elif isinstance(source, str | PathLike):
        table = _read_file(Path(source).expanduser())
    elif isinstance(source, Mapping):
        frame = _only_split(source)
        table = from_columns(source, "dict") if frame is None else read_frame(frame, "dataframe")
    elif is_frame(source):
        table = read_frame(source, "dataframe")
    elif is_open(source):
        table = _read_content(*read_open(source))
    elif isinstance(source, Sequence) and not isinstance(source, bytes | bytearray):
        table = from_rows(source, "list")
    else:
        raise BadInput(f"cannot read runs from a {type(source).__name__}; give {_WANTED}")
    return check_rows(table)


def check_rows(table: RawTable) -> RawTable:
    """Return the table without blank rows.

    Raises:
        BadTable: it has no columns or no rows.
    """
    if not table.columns:
        raise BadTable(f"{table.source} is empty; it needs named columns and at least one row")
    kept = table.without_blank_rows()
    if not len(kept):
        raise BadTable(f"{table.source} has column names ({', '.join(list(table.columns)[:8])}) but no rows")
    return kept


def _only_split(source: Mapping[Any, Any]) -> Any:
    """Return the one dataframe of a mapping of them, such as a Hugging Face DatasetDict; None for columns.

    Raises:
        BadInput: there are several.
    """
    named = [hasattr(each, "columns") or hasattr(each, "column_names") for each in source.values()]
    if not named or not all(named) or not all(map(is_frame, source.values())):
        return None
    if len(source) > 1:
        splits = ", ".join(map(str, source))
        raise BadInput(f"the {type(source).__name__} holds {splits}; give one of them, e.g. [{next(iter(source))!r}]")
    return next(iter(source.values()))


def _read_file(path: Path) -> RawTable:
    try:
        content = read_limited(path)
    except FileNotFoundError as error:
        raise BadInput(f"the file {str(path)!r} does not exist{_neighbours(path)}") from error
    except IsADirectoryError as error:
        if holds_runs(path):
            store, names = store_of(path)
            return read_store(store, path.name, names)
        raise BadInput(
            f"{str(path)!r} is a folder that no importer recognises; name the file with the runs inside it"
        ) from error
    except (OSError, ValueError) as error:
        if isinstance(error, BadInput):
            raise
        raise BadInput(f"{str(path)!r} cannot be read: {first_line(error)}") from error
    if not content.strip():
        raise BadTable(f"{path.name} is empty; it needs named columns and at least one row")
    return _read_content(content, path.name)


def _read_content(content: bytes, name: str) -> RawTable:
    """Return the raw columns of the content of a file of this name, whose suffix states the format."""
    suffix = Path(name).suffix.lower()
    if suffix in (".parquet", ".pq") or content[:4] == b"PAR1":
        check_unpacked(content, name)
        return _read_parquet(content, name)
    text = _text(content, name)
    reader = _READERS.get(suffix) or _sniff(text)
    if reader is read_csv or (suffix not in _READERS and not _opens_json(text)):
        check_no_log(text, name)
    return reader(text, name)


def _neighbours(path: Path) -> str:
    if not path.parent.is_dir():
        return f"; nor does the folder {str(path.parent)!r}"
    alike = sorted(other.name for other in path.parent.iterdir() if other.stem == path.stem)
    return f"; the folder has {', '.join(alike[:3])}" if alike else ""


def _text(content: bytes, source: str) -> str:
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        encoding = "utf-16"
    elif b"\0" in content[:65536]:
        raise BadTable(f"{source} is a binary file; give CSV, TSV, JSON, JSONL or Parquet")
    else:
        encoding = "utf-8-sig"
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        raise BadTable(
            f"{source} is not {encoding.removesuffix('-sig')} text (byte {error.start}); save it as UTF-8"
        ) from error


def _opens_json(text: str) -> bool:
    """Return whether a text that begins like JSON, or its first line, is JSON."""
    for part in (text.strip().partition("\n")[0], text):
        try:
            parse_json(part)
        except BadTable:
            return True
        except (ValueError, RecursionError):
            continue
        return True
    return False


def _sniff(text: str) -> Callable[[str, str], RawTable]:
    """Choose the reader by the first characters."""
    start = text.lstrip()
    if not start.startswith(("{", "[")):
        return read_csv
    first, _, rest = start.partition("\n")
    if start.startswith("{") and rest.strip() and first.rstrip().endswith("}"):
        return read_jsonl
    return read_json


def _read_parquet(content: bytes, source: str) -> RawTable:
    import polars as pl

    try:
        with without_panics():
            frame = pl.read_parquet(io.BytesIO(content))
    except pl.exceptions.PanicException as error:
        raise BadTable(f"{source} is not a readable Parquet file: it is damaged; write or copy it again") from error
    except (pl.exceptions.PolarsError, OSError, ValueError) as error:
        raise BadTable(f"{source} is not a readable Parquet file: {first_line(error)}") from error
    return read_frame(frame, source)


def _read_tsv(text: str, source: str) -> RawTable:
    return read_csv(text, source, separator="\t")


_READERS: Mapping[str, Callable[[str, str], RawTable]] = {
    ".csv": read_csv,
    ".tsv": _read_tsv,
    ".json": read_json,
    ".jsonl": read_jsonl,
    ".ndjson": read_jsonl,
}
