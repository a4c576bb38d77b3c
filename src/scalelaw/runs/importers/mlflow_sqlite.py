"""Import MLflow's SQLite file with the standard library."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scalelaw.core.errors import BadTable
from scalelaw.core.numbers import counted
from scalelaw.runs.importers._parsing.history import LoggedRun, tabulate
from scalelaw.runs.importers._parsing.mlflow import metric_value, run_of
from scalelaw.runs.importers._parsing.sqlite import has_tables, opened, rows_of
from scalelaw.runs.raw import RawTable

_META = ["run_uuid", "name", "status", "start_time", "lifecycle_stage"]
_TABLES = {
    "runs": {"run_uuid", "status", "lifecycle_stage"},
    "metrics": {"key", "value", "timestamp", "run_uuid", "step"},
    "params": {"key", "value", "run_uuid"},
}


@dataclass(frozen=True)
class MlflowSqlite:
    """Reads the runs of every experiment in the file."""

    name = "mlflow_sqlite"
    reads = "MLflow's SQLite file, mlflow.db"

    def recognises(self, source: str) -> bool:
        """Return whether it is a SQLite file with MLflow's tables."""
        return has_tables(source, _TABLES)

    def read(self, source: str) -> RawTable:
        """Return the rows of every run, deleted runs are marked."""
        path = Path(source)
        with opened(path) as database:
            settings = _pairs(rows_of(database, "params", ["run_uuid", "key", "value"]))
            tags = _pairs(rows_of(database, "tags", ["run_uuid", "key", "value"]))
            runs: dict[str, LoggedRun] = {}
            for row in rows_of(database, "runs", _META, "start_time, run_uuid"):
                meta = dict(zip(_META, row, strict=True))
                runs[meta["run_uuid"]] = run_of(meta, settings.get(row[0], {}), tags.get(row[0], {}))
            wanted = ["run_uuid", "key", "value", "step", "is_nan"]
            for identity, key, value, step, is_nan in rows_of(database, "metrics", wanted, "timestamp, rowid"):
                found = metric_value(value, is_nan)
                if identity in runs and found is not None:
                    runs[identity].log(str(key), float(step or 0), found)
        if not runs:
            raise BadTable(f"{path.name} has no runs")
        return tabulate(list(runs.values()), path.name, [f"read: {counted(len(runs), 'run')} of MLflow"])


IMPORTER = MlflowSqlite()


def _pairs(rows: Any) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for identity, key, value in rows:
        found.setdefault(identity, {})[str(key)] = value
    return found
