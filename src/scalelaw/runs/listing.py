"""List the runs of a table, one per line, or show one run in full."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from scalelaw.core.errors import UnknownName
from scalelaw.core.nouns.tabular import Columns, Tabular, columns_of
from scalelaw.core.numbers import counted, format_number
from scalelaw.core.quantities import METRICS
from scalelaw.core.rendering import Lines, Renderable, Report, Table
from scalelaw.runs.reducing.order import time_order
from scalelaw.runs.table import RunTable

_ON_A_LINE = ("params", "params_active", "params_non_embedding", "tokens", "state")
_MOST_TARGETS = 4


@dataclass(frozen=True, eq=False)
class Listing(Renderable, Tabular):
    """One line per run: size, tokens and the last value of each target.

    Attributes:
        source: file or object of the runs.
        columns: the columns shown.
        rows: one per run; None where a value is missing.
    """

    source: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, schema ``scalelaw.listing/1``."""
        rows = [dict(zip(self.columns, row, strict=True)) for row in self.rows]
        return {"schema": "scalelaw.listing/1", "source": self.source, "runs": rows}

    def to_columns(self) -> Columns:
        """Return one row per run."""
        return columns_of(self.to_dict()["runs"])

    def in_brief(self) -> str:
        """Return the number of runs, which ``repr`` shows."""
        return f"{counted(len(self.rows), 'run')} of {self.source}"

    def report(self) -> Report:
        """Return the report, one line per run."""
        rows = [list(self.columns), *([_shown(cell) for cell in row] for row in self.rows)]
        return Report("", [Table(rows, indent="")])


@dataclass(frozen=True, eq=False)
class Detail(Renderable, Tabular):
    """One run in full: settings and evaluations.

    Attributes:
        run: its name.
        settings: settings of the run, with its last token and step counts.
        evals: the evaluations, in order of time.
    """

    run: str
    settings: Mapping[str, Any]
    evals: tuple[Mapping[str, Any], ...]

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, schema ``scalelaw.run_detail/1``."""
        evals = [dict(each) for each in self.evals]
        return {"schema": "scalelaw.run_detail/1", "run": self.run, "settings": dict(self.settings), "evals": evals}

    def to_columns(self) -> Columns:
        """Return one row per evaluation."""
        return columns_of(self.evals)

    def report(self) -> Report:
        """Return the report: settings, then one line per evaluation."""
        settings = Table([[name, _shown(value)] for name, value in self.settings.items()], head=False)
        if not self.evals:
            return Report(self.run, [settings, Lines([("", "no evaluation")], width=0)])
        names = [name for name in self.evals[0] if any(each[name] is not None for each in self.evals)]
        return Report(
            self.run, [settings, Table([names, *([_shown(each[name]) for name in names] for each in self.evals)])]
        )


def list_runs(table: RunTable) -> Listing:
    """Return the listing of a table, one line per run."""
    shown = {name: table.runs[name] for name in _ON_A_LINE if name in table.runs}
    shown |= {target: table.values(target) for target in table.targets[:_MOST_TARGETS]}
    cells = [table.names.tolist(), *([_plain(value) for value in values.tolist()] for values in shown.values())]
    return Listing(table.source, ("run", *shown), tuple(zip(*cells, strict=True)))


def show_run(table: RunTable, run: str) -> Detail:
    """Return one run in full.

    Raises:
        UnknownName: no run has this name, or several begin with it.
    """
    names: list[str] = table.names.tolist()
    found = [at for at, name in enumerate(names) if name == run]
    found = found or [at for at, name in enumerate(names) if name.startswith(run)]
    if len(found) != 1:
        raise UnknownName.among("run", run, names)
    at = found[0]
    settings = {name: _plain(values[at]) for name, values in table.runs.items() if name not in ("run", *METRICS)}
    mine = np.flatnonzero(table.evals["run"] == at)
    varying = {name: table.evals[name][mine] for name in ("tokens", "steps") if name in table.evals}
    ordered = mine[time_order(table.evals["run"][mine], varying)]
    keep = [name for name in table.evals if name != "run"]
    evals = tuple({name: _plain(table.evals[name][entry]) for name in keep} for entry in ordered)
    return Detail(names[at], {name: value for name, value in settings.items() if value is not None}, evals)


def _plain(value: Any) -> Any:
    found = value.item() if isinstance(value, np.generic) else value
    return None if isinstance(found, float) and found != found else found


def _shown(cell: Any) -> str:
    if cell is None:
        return "-"
    if isinstance(cell, float):
        return f"{cell:.0f}" if cell.is_integer() and abs(cell) < 1e6 else format_number(cell)
    return str(cell)
