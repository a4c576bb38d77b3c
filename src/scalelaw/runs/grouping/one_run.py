"""Read a table without a run column as one run where time rises and no setting differs."""

from dataclasses import replace

import numpy as np

from scalelaw.core.quantities import METRICS, QUANTITIES
from scalelaw.core.types import AnyArray, frozen
from scalelaw.runs.table import RunTable

_ALONG = frozenset({"tokens", "steps", "flops", "lr", "lr_now", "lr_area", "lr_annealing", "epochs", "bytes",
                    "examples_seen", "tokens_per_param", "date", "planned_flops"})  # fmt: skip
"""Quantities that change along a run."""

_FEWEST = 3
EACH_ITS_OWN = "each row is a separate run, as the user stated"
"""Note of a table whose user declared every row a run."""


def as_one_run(table: RunTable) -> RunTable:
    """Return the table with its rows as checkpoints of one run, if they cannot be anything else.

    This holds where no column names the run, tokens or steps differ in every row, and no size, seed or setting differs.
    Any other table is returned unchanged.
    """
    axis = time_of_one_run(table)
    if axis is None:
        return table
    order = np.argsort(np.asarray(table.runs[axis], float), kind="stable")
    place = np.empty(len(order), dtype=int)
    place[order] = np.arange(len(order))
    rank = np.argsort(place[table.evals["run"]], kind="stable")
    last = order[-1:]
    evals = {name: frozen(values[rank]) for name, values in table.evals.items()}
    note = f"no column names a run: the {len(table)} rows are read as checkpoints of one run with rising {axis}"
    return replace(
        table,
        runs={name: frozen(values[last]) for name, values in table.runs.items()},
        evals={**evals, "run": frozen(np.zeros(len(rank), dtype=int))},
        absent={name: frozen(values[last]) for name, values in table.absent.items()},
        notes=(*table.notes, note),
    )


def time_of_one_run(table: RunTable) -> str | None:
    """Return the one of ``tokens`` and ``steps`` that rises over rows that can only be one run, else None."""
    if "run" in table.runs or len(table) < _FEWEST or len(table.targets) == 0:
        return None
    axis = next((name for name in ("tokens", "steps") if name in table.runs), None)
    if axis is None:
        return None
    time = np.asarray(table.runs[axis], float)
    if not np.isfinite(time).all() or len(np.unique(time)) < len(time):
        return None
    others = (values for name, values in table.runs.items() if name not in _ALONG and _chosen(name, values))
    return None if any(_differs(values) for values in others) else axis


def _chosen(name: str, values: AnyArray) -> bool:
    """Return whether a column may be a setting; unknown numeric columns do not count."""
    return (name in QUANTITIES and name not in METRICS) or values.dtype == object


def _differs(values: AnyArray) -> bool:
    there = {str(value) for value in values.tolist() if value is not None and value == value}
    return len(there) > 1
