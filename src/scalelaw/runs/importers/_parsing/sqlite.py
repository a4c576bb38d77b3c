"""Read SQLite files of other programs: never written to, never trusted."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

from scalelaw.core.errors import BadInput, BadTable
from scalelaw.core.files import scratch_folder, write_whole
from scalelaw.core.reading import LARGEST, one_line, open_regular, read_limited
from scalelaw.runs.importers._parsing.files import starts_with
from scalelaw.runs.importers._parsing.history import MOST_POINTS

_MAGIC = b"SQLite format 3\0"


def has_tables(source: str, wanted: dict[str, set[str]]) -> bool:
    """Return whether the file is a SQLite database with these tables and columns; never raises."""
    path = Path(source)
    if "://" in source or not starts_with(path, _MAGIC):
        return False
    try:
        with opened(path) as database:
            return all(columns <= set(columns_of(database, table)) for table, columns in wanted.items())
    except (BadInput, OSError):
        return False


@contextmanager
def opened(path: Path) -> Iterator[sqlite3.Connection]:
    """Open a database read-only; one with a write-ahead log is copied first, so its folder does not change.

    Raises:
        BadInput: not a database, damaged or too large.
    """
    log = path.with_name(path.name + "-wal")
    with open_regular(path) as file:
        if os.fstat(file.fileno()).st_size > LARGEST:
            raise BadInput(f"{path.name} is larger than the {LARGEST} bytes an importer reads")
    with scratch_folder() as folder:
        if log.is_file() and log.stat().st_size:
            copy = folder / path.name
            write_whole(copy, read_limited(path))
            write_whole(copy.with_name(log.name), read_limited(log))
            address = f"file:{quote(str(copy))}"
        else:
            address = f"file:{quote(str(path.absolute()))}?mode=ro&immutable=1"
        try:
            with closing(sqlite3.connect(address, uri=True)) as database:
                database.text_factory = lambda content: content.decode("utf-8", "replace")
                database.execute("pragma query_only = on")
                database.execute("pragma trusted_schema = off")
                with one_line(path.name):
                    yield database
        except (sqlite3.Error, UnicodeDecodeError) as error:
            raise BadTable(f"{path.name} is not a readable SQLite database ({error}); is it cut off?") from error


def columns_of(database: sqlite3.Connection, table: str) -> list[str]:
    """Return the columns of a table, empty without such a table; views do not count."""
    is_table = database.execute("select 1 from sqlite_master where type = 'table' and name = ?", (table,)).fetchone()
    if is_table is None:
        return []
    return [str(row[1]) for row in database.execute(f'pragma table_info("{table}")')]


def rows_of(database: sqlite3.Connection, table: str, columns: list[str], order: str = "rowid") -> Iterator[Any]:
    """Yield these columns of every row; missing columns give None.

    Raises:
        BadInput: too many rows.
    """
    have = columns_of(database, table)
    chosen = ", ".join(f'"{name}"' if name in have else "null" for name in columns)
    for count, row in enumerate(database.execute(f'select {chosen} from "{table}" order by {order}')):
        if count >= MOST_POINTS:
            raise BadInput(f"the table {table} has more than {MOST_POINTS} rows")
        yield row
