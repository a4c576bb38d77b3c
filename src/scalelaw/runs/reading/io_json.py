"""Read JSON into raw columns: records, columns, or runs with settings and evaluations.

It reads a list of records, an object of columns (pandas writes several kinds) and an object whose keys name runs;
``json_runs`` reads one run.
"""

import json
from collections.abc import Sequence
from pathlib import PurePath
from typing import Any

from scalelaw.core.errors import BadNumber, BadTable
from scalelaw.core.numbers import counted, parse_number
from scalelaw.core.plain_text import first_line
from scalelaw.core.quantities import METRICS, recognise
from scalelaw.core.reading import check_json, parse_json
from scalelaw.runs.raw import RawTable, from_columns, from_rows
from scalelaw.runs.reading.json_runs import (
    Record,
    all_are,
    by_step,
    quantity_of,
    readings,
    rows_of_run,
    series,
    states_size,
)
from scalelaw.runs.reading.pivot import is_grid

_WRAPPERS = frozenset(
    {"runs", "data", "results", "experiments", "records", "rows", "models", "sweep", "trials", "jobs"}
)
_PARTS_OF_A_RUN = frozenset({"config", "hparams", "args", "settings", "history", "log", "logs", "log_history", "evals",
                             "evaluations", "curve", "checkpoints", "summary"})  # fmt: skip
_DEEPEST = 3
_LEAST, _LARGE = 1e5, 1e15


def read_json(text: str, source: str) -> RawTable:
    """Return the raw columns of one JSON document.

    Raises:
        BadTable: it is not valid JSON, or has no table.
    """
    try:
        content = parse_json(text)
    except BadTable as error:
        raise BadTable(f"{source}: {error}") from error
    except (ValueError, RecursionError) as error:
        raise BadTable(f"{source} is not valid JSON: {first_line(error)}") from error
    return _table(content, source, 0)


def read_jsonl(text: str, source: str) -> RawTable:
    """Return the raw columns of one JSON record per line; only a line feed ends a line, since text may hold other ends.

    Raises:
        BadTable: a line is not a JSON record.
    """
    rows = []
    check_json(text)
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            rows.append(json.loads(line))
        except (ValueError, RecursionError) as error:
            raise BadTable(f"{source}: line {number} is not valid JSON: {first_line(error)}") from error
    return _of_list(rows, source)


def _table(content: Any, source: str, depth: int) -> RawTable:
    if isinstance(content, list):
        return _of_list(content, source)
    if isinstance(content, dict) and content and depth < _DEEPEST:
        if (inner := _wrapped(content)) is not None:
            return _table(inner, source, depth + 1)
        if (columns := _pandas(content)) is not None:
            return from_columns(columns, source)
        if (grid := _grid(content)) is not None:
            return from_columns(grid, source)
        if runs := _runs_of(content):
            return _of_runs(_named(runs), source)
        if (found := readings(content)) and not _is_columns(content) and not any(states_size(key) for key in found):
            return _of_runs([(PurePath(source).stem, content)], source)
        if any(isinstance(value, list) for value in content.values()):
            return from_columns(content, source)
        return from_rows([content], source)
    raise BadTable(
        f"{source} has no table; give [{{...}}, ...], {{column: [...]}}, {{run: {{...}}}} or one record per line"
    )


def _of_list(rows: Sequence[Any], source: str) -> RawTable:
    """Return the table of a list of records; a record with several evaluations becomes several rows."""
    if rows and all(isinstance(row, dict) for row in rows) and any(readings(row) for row in rows):
        named = [(_own_name(row) or f"run {number}", row) for number, row in enumerate(rows, start=1)]
        return _of_runs(named, source)
    return from_rows(rows, source)


def _own_name(row: Record) -> str | None:
    """Return the run name in a record: its run column, else ``name`` or ``id``."""
    keys = [key for key in row if recognise(key) == "run"] or [key for key in ("name", "id", "model") if key in row]
    return str(row[keys[0]]) if keys and isinstance(row[keys[0]], str | int) else None


def _wrapped(content: Record) -> Any:
    """Return the runs in a document that also holds other things, None without any."""
    if set(content) >= {"columns", "data"} and all_are(content["data"], list) and isinstance(content["columns"], list):
        return [dict(zip(map(str, content["columns"]), row, strict=False)) for row in content["data"]]
    inside = [
        key
        for key in content
        if key.lower() in _WRAPPERS and (all_are(content[key], dict) or all_are(content[key], list))
    ]
    others = [value for key, value in content.items() if key not in inside]
    if len(inside) == 1 and not any(all_are(value, dict) and isinstance(value, list) for value in others):
        return content[inside[0]]
    return None


def _pandas(content: Record) -> dict[str, list[Any]] | None:
    """Return the columns of ``{column: {row: value}}``, as pandas writes a frame; None for other content."""
    if not all_are(content, dict) or not any(len(key) > 1 and quantity_of(key) in METRICS for key in content):
        return None
    labels = list(dict.fromkeys(label for column in content.values() for label in column))
    if any(isinstance(value, dict | list) for column in content.values() for value in column.values()):
        return None
    return {name: [column.get(label) for label in labels] for name, column in content.items()}


def _grid(content: Record) -> dict[str, list[Any]] | None:
    """Return the columns of ``{"10M": {"1e18": loss}}``, sizes by budgets; None for other content."""
    if not all_are(content, dict) or not all(content.values()):
        return None
    across = list(dict.fromkeys(name for row in content.values() for name in row))
    plain = all(isinstance(value, int | float | None) for row in content.values() for value in row.values())
    if not plain or not is_grid(content, across):
        return None
    return {"": list(content)} | {name: [row.get(name) for row in content.values()] for name in across}


def _runs_of(content: Record) -> Record:
    """Return the runs in an object by name, which may also hold words and numbers; empty without runs."""
    inside = {key: value for key, value in content.items() if isinstance(value, dict | list)}
    if any(key.lower() in _PARTS_OF_A_RUN for key in content) or not _are_runs(inside):
        return {}
    sure = len(inside) == len(content) or all(
        isinstance(value, dict) and any(quantity_of(key) in METRICS for key in value) for value in inside.values()
    )
    return inside if sure and (len(inside) > 1 or len(inside) == len(content)) else {}


def _are_runs(content: Record) -> bool:
    """Return whether each value may be a run."""
    return bool(content) and all(
        (isinstance(value, dict) and value) or all_are(value, dict) for value in content.values()
    )


def _is_columns(content: Record) -> bool:
    """Return whether each value is a list of numbers or words, one per row."""
    return all(isinstance(value, list) and not all_are(value, dict) for value in content.values())


def _named(content: Record, prefix: str = "") -> list[tuple[str, Any]]:
    """Return name and content of each run, also within groups, with names joined by a slash."""
    found: list[tuple[str, Any]] = []
    for key, value in content.items():
        name = f"{prefix}{key}"
        if isinstance(value, dict) and prefix.count("/") < _DEEPEST and _is_group(value):
            found += _named(value, f"{name}/")
        else:
            found.append((name, value))
    return found


def _is_group(value: Record) -> bool:
    """Return whether an object holds runs by name and is not itself a run."""
    if not all_are(value, dict):
        return False
    named = any((len(key) > 1 and quantity_of(key)) or key.lower() in _PARTS_OF_A_RUN for key in value)
    if by_step(value) is not None:
        return False
    return not named and not any(series(inner) is not None for inner in value.values())


def _of_runs(runs: Sequence[tuple[str, Any]], source: str) -> RawTable:
    """Return the table of these runs, each row with the name of its run."""
    rows: list[Record] = []
    key = _key(runs)
    numbered = [name for name, _ in runs] == [str(number) for number in range(len(runs))]
    for name, content in runs:
        rows += [row if numbered else {key: name, **row} for row in rows_of_run(content, source)]
    rows = [{key: value for key, value in row.items() if key != "run" or not _named_twice(row)} for row in rows]
    called = "" if key == "run" or numbered else f"; the names are read as {key}"
    table = from_rows(rows, source)
    return RawTable(
        source,
        table.columns,
        (
            *table.notes,
            f"{counted(len(runs), 'run')} in {len(rows)} rows, with the names in the JSON{called}",
        ),
    )


def _key(runs: Sequence[tuple[str, Any]]) -> str:
    """Return the column that the names of runs belong to: ``run``, or N, D or C for numbers such as ``10M``."""
    try:
        least = min(parse_number(name) for name, _ in runs)
    except BadNumber:
        return "run"
    parts = [part for _, run in runs for part in ([run] if isinstance(run, dict) else run)]
    stated = {"params" if states_size(key) else quantity_of(key) for part in parts for key in part}
    if least < _LEAST or all(name.isdigit() for name, _ in runs):
        return "run"
    if least >= _LARGE:
        return "run" if stated & {"flops", "planned_flops"} else "flops"
    return next((name for name in ("params", "tokens") if name not in stated), "run")


def _named_twice(row: Record) -> bool:
    return any(recognise(key) == "run" for key in row if key != "run")
