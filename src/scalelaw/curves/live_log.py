"""Read a log that is still being written as a table, ignoring an incomplete last line."""

import csv
import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from scalelaw.core.errors import BadInput, BadTable
from scalelaw.core.quantities import recognise
from scalelaw.core.reading import LARGEST, one_line
from scalelaw.registry.frozen import read_bytes
from scalelaw.runs.chance import Chance
from scalelaw.runs.checking.values import COUNTS
from scalelaw.runs.reading.load import load_runs
from scalelaw.runs.table import RunTable

_LINES = (".jsonl", ".ndjson", ".csv", ".tsv")


def read_log(
    log: Any,
    *,
    columns: Mapping[str, str | None] | None = None,
    units: Mapping[str, str] | None = None,
    derive: Mapping[str, str] | None = None,
    importer: str | None = None,
    chance: Chance | None = None,
) -> RunTable:
    """Return the table of a log as far as it is written.

    In a file of lines, ignore an incomplete last line, take all rows as one run unless a column names runs, and never
    read counts as millions or billions, since the tokens of a young run are few.

    Args:
        log: growing JSON lines, CSV or TSV, a folder of ``sl.record``, or anything ``load_runs`` reads.
        columns: quantity -> column, as for ``load_runs``.
        units: quantity -> unit.
        derive: quantity -> arithmetic over columns.
        importer: the importer to use.
        chance: score of guessing, as for ``load_runs``.

    Raises:
        BadInput: the log cannot be read.
        BadTable: the log has no complete line yet.
    """
    path = Path(log).expanduser() if isinstance(log, str | Path) else None
    if path is None or path.suffix.lower() not in _LINES or importer is not None or path.is_dir():
        return load_runs(log, columns=columns, units=units, derive=derive, importer=importer, chance=chance)
    rows = _rows(path)
    named = {column for row in rows for column, cell in row.items() if cell not in (None, "")}
    if "run" not in (columns or {}) and not any(recognise(column) == "run" for column in named):
        rows = [{**row, "run": path.stem} for row in rows]
    counted = {quantity for column in named if (quantity := recognise(column)) in COUNTS}
    counted |= {quantity for quantity in columns or {} if quantity in COUNTS}
    plain = dict.fromkeys((quantity for quantity in counted if quantity not in (derive or {})), "1")
    with one_line(str(path)):
        return load_runs(rows, columns=columns, units={**plain, **(units or {})}, derive=derive, chance=chance)


def _rows(path: Path) -> list[dict[str, Any]]:
    """Return the records of the complete lines."""
    try:
        text = read_bytes(path, LARGEST).decode("utf-8-sig", errors="strict")
    except UnicodeDecodeError as error:
        raise BadInput(f"{path} is not UTF-8 text (byte {error.start})") from error
    whole = text[: text.rfind("\n") + 1]
    rows: list[dict[str, Any]] = []
    if path.suffix.lower() in (".csv", ".tsv"):
        with one_line(str(path)):
            separator = "\t" if path.suffix.lower() == ".tsv" else ","
            reader = csv.DictReader(io.StringIO(whole, newline=""), delimiter=separator)
            for row in reader:
                if None in row:
                    raise BadTable(f"{path.name}: line {reader.line_num} has more cells than the header")
                rows.append(row)
    else:
        rows = [row for line in whole.split("\n") if isinstance(row := _record(line), dict)]
    if not rows:
        raise BadTable(f"{path.name} has no complete line yet; try again later")
    return rows


def _record(line: str) -> Any:
    try:
        return json.loads(line)
    except (ValueError, RecursionError):  # half a line, where one writer died and another continued
        return None
