"""Import CSV exports of Weights & Biases: a chart (wide) with its runs table, or a history (long)."""

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scalelaw.core.errors import BadInput, BadTable
from scalelaw.core.findings import Finding, Grade, enforce
from scalelaw.core.numbers import counted
from scalelaw.core.quantities import METRICS, recognise
from scalelaw.core.reading import glance
from scalelaw.runs.delimited import read_csv
from scalelaw.runs.importers._parsing.files import is_folder, read_text
from scalelaw.runs.importers._parsing.history import LoggedRun, tabulate
from scalelaw.runs.importers._parsing.presets import metric_columns, setting_column
from scalelaw.runs.importers._parsing.wandb import state_of
from scalelaw.runs.raw import RawTable

_LARGEST_HEADER = 2**20
_RANGE = re.compile(r"(?P<curve>.+ - .+)__(?:MIN|MAX)")
_OF_A_RUN = frozenset({"name", "id", "state", "created", "runtime", "tags", "user", "notes", "group", "job type"})
_HISTORY = frozenset({"_step", "_runtime", "_timestamp"})


@dataclass(frozen=True)
class WandbCsv:
    """Joins charts with the runs table by name; ignores the range columns ``__MIN`` and ``__MAX``."""

    name = "wandb_csv"
    reads = "CSV exports of Weights & Biases: charts, runs tables, histories"

    def recognises(self, source: str) -> bool:
        """Return whether it is such a file or a folder with a chart."""
        if is_folder(source):
            return any(_kind(path) == "chart" for path in sorted(Path(source).glob("*.csv"))[:100])
        return source.lower().endswith(".csv") and "://" not in source and _kind(Path(source)) != ""

    def read(self, source: str) -> RawTable:
        """Return the rows of a chart with its runs table, of only a runs table, or of a history."""
        path = Path(source)
        if path.is_dir():
            files = sorted(path.glob("*.csv"))
            charts = [file for file in files if _kind(file) == "chart"]
        else:
            files = sorted(path.parent.glob("*.csv"))
            if _kind(path) == "history":
                return _read_history(path)
            charts = [path] if _kind(path) == "chart" else []
        tables = [file for file in files if _kind(file) == "runs"] if charts else [path]
        return _read_charts(charts, tables, path.name)


IMPORTER = WandbCsv()


def _kind(path: Path) -> str:
    """Return the kind of export by its header: ``chart``, ``runs``, ``history``, or empty."""
    header = glance(path, _LARGEST_HEADER).partition(b"\n")[0].decode("utf-8-sig", "replace")
    names = {name.strip().strip('"') for name in header.split(",")}
    if any((match := _RANGE.fullmatch(name)) and match["curve"] in names for name in names):
        return "chart"
    if {"Name", "State"} <= names and names & {"ID", "Created", "Runtime"}:
        return "runs"
    return "history" if len(_HISTORY & names) > 1 else ""


def _read_charts(charts: list[Path], tables: list[Path], source: str) -> RawTable:
    runs: dict[str, LoggedRun] = {}
    notes = []
    read = 0
    for path in tables:
        rows = _records(path)
        read += len(rows)
        notes.append(f"{counted(len(rows), 'row')} of {path.name}")
        for run in _listed(rows):
            if run.name in runs:
                raise BadInput(f"{path.name}: two runs are named {run.name!r}; charts match runs by name: rename one")
            runs[run.name] = run
    for path in charts:
        rows = _records(path)
        read += len(rows)
        notes.append(f"{counted(len(rows), 'row')} of {path.name}")
        _add_chart(runs, rows, path.name)
    if not tables:
        _refuse(charts[0].name)
    if charts:
        notes.append("charts and runs tables are joined by the name of the run")
    summary = [f"read: {', '.join(notes[:-1] or notes)}", *notes[1:][-1:]]
    return tabulate(list(runs.values()), source, summary, read=read)


def _refuse(chart: str) -> None:
    message = f"{chart} is a chart of losses without params and tokens"
    fix = "export the runs table (Runs, Export to CSV) with settings as columns; save it beside the chart as runs.csv"
    enforce([Finding("RUNS_NOTHING_KNOWN", Grade.REFUSE, message, 0, fix)])


def _records(path: Path) -> list[dict[str, Any]]:
    """Return the rows of a CSV file without empty cells."""
    table = read_csv(read_text(path), path.name)
    if not len(table):
        raise BadTable(f"{path.name} has column names and no rows")
    columns = [(name, column.values, column.missing) for name, column in table.columns.items()]
    return [{name: values[row] for name, values, missing in columns if not missing[row]} for row in range(len(table))]


def _listed(rows: list[dict[str, Any]]) -> list[LoggedRun]:
    """Return the runs of a runs table, whose metrics are last values."""
    counted = Counter(str(row.get("Name")) for row in rows)
    repeated = counted.most_common(1)[0][1] > 1
    found = []
    for number, row in enumerate(rows, start=1):
        name = str(row.get("Name", row.get("ID", f"row {number}")))
        columns = {"state": state_of(row.get("State")), "created_at": row.get("Created")}
        settings = {key: value for key, value in row.items() if key.lower() not in _OF_A_RUN}
        measured = {key: column for key, column in metric_columns(settings).items() if _is_measure(key, column)}
        config = {key: value for key, value in settings.items() if key not in measured}
        run = LoggedRun(name, str(row.get("ID", "")), config=config, columns=columns)
        if not repeated:
            columns |= {column: settings[key] for key, column in measured.items()}
        found.append(run)
    return found


def _is_measure(key: str, column: str) -> bool:
    """Return whether an entry of a runs table is a last value; settings have dots, not slashes, in their names."""
    return column.partition("@")[0] in (*METRICS, "train_loss") or (
        column == "tokens" and ("/" in key or "." not in key)
    )


def _add_chart(runs: dict[str, LoggedRun], rows: list[dict[str, Any]], source: str) -> None:
    """Add the curves of a chart to the runs; columns are named ``run - metric``, split at the last dash."""
    x_axis = next(iter(rows[0]))
    if recognise(x_axis) != "steps":
        raise BadInput(f"{source}: the first column is {x_axis!r}; export the chart over Step")
    names = dict.fromkeys(name for row in rows for name in row)
    for name in (name for name in names if " - " in name and not _RANGE.fullmatch(name)):
        run_name, _, metric = name.rpartition(" - ")
        run = runs.setdefault(run_name, LoggedRun(run_name))
        for row in rows:
            if name in row and x_axis in row:
                run.log(metric, *(_number(row[column], source, column) for column in (x_axis, name)))
        if (last := run.columns.pop("tokens", None)) is not None:
            run.columns["planned_tokens"] = last
        for column in [column for column in run.columns if column.partition("@")[0] in METRICS]:
            del run.columns[column]


def _number(cell: Any, source: str, column: str) -> float:
    try:
        return float(cell)
    except (TypeError, ValueError):
        raise BadTable(f"{source}: {column!r} holds {str(cell)[:40]!r}, but a chart holds numbers") from None


def _read_history(path: Path) -> RawTable:
    """Return a long export with conventional names added."""
    table = read_csv(read_text(path), path.name).without_blank_rows()
    if not len(table):
        raise BadTable(f"{path.name} has column names and no rows")
    columns = dict(table.columns)
    settings = {name: column for name in table.columns if "." in name and (column := setting_column(name))}
    metrics = metric_columns(name for name in table.columns if name not in settings)
    meant: Mapping[str, str] = {**metrics, **settings}
    notes = []
    for name, column in meant.items():
        if column and column not in columns and recognise(name) is None and column not in map(recognise, table.columns):
            columns[column] = table.columns[name]
            notes.append(f"{column} is {name!r}")
    return RawTable(table.source, columns, (*table.notes, *notes))
