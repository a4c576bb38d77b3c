"""Import trackio's SQLite file: one row per logged step, metrics as JSON."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scalelaw.core.errors import BadTable
from scalelaw.core.numbers import counted
from scalelaw.runs.importers._parsing.history import LoggedRun, tabulate
from scalelaw.runs.importers._parsing.sqlite import columns_of, has_tables, opened, rows_of
from scalelaw.runs.importers._parsing.wandb import add_row, parsed, settings_of
from scalelaw.runs.raw import RawTable

_TABLES = {"metrics": {"run_name", "step", "metrics", "timestamp"}}


@dataclass(frozen=True)
class Trackio:
    """Reads every run of a project, by id, or by name in older files."""

    name = "trackio"
    reads = "trackio's SQLite file of a project"

    def recognises(self, source: str) -> bool:
        """Return whether it is a SQLite file with trackio's table of metrics."""
        return has_tables(source, _TABLES)

    def read(self, source: str) -> RawTable:
        """Return the rows of every run; trackio does not record whether a run finished."""
        path = Path(source)
        runs: dict[str, LoggedRun] = {}
        with opened(path) as database:
            has_id = "run_id" in columns_of(database, "metrics")
            wanted = ["run_id" if has_id else "run_name", "run_name", "step", "metrics", "timestamp"]
            for key, name, step, logged, at in rows_of(database, "metrics", wanted, "step, timestamp, id"):
                run = runs.setdefault(str(key), _run(key, name, at, has_id))
                content = parsed(logged)
                if not isinstance(content, dict):
                    raise BadTable(f"{path.name}: the metrics of {name} at step {step} are not JSON")
                add_row(run, content, float(step or 0))
            if columns_of(database, "configs"):
                wanted = ["run_id" if has_id else "run_name", "config"]
                for key, config in rows_of(database, "configs", wanted):
                    content = parsed(config)
                    if str(key) in runs and isinstance(content, dict):
                        runs[str(key)].config = settings_of(content)
        if not runs:
            raise BadTable(f"{path.name} has no runs")
        return tabulate(list(runs.values()), path.name, [f"read: {counted(len(runs), 'run')} of trackio"])


IMPORTER = Trackio()


def _run(key: Any, name: Any, at: Any, has_id: bool) -> LoggedRun:
    return LoggedRun(str(name), str(key) if has_id else "", columns={"created_at": str(at) if at else None})
