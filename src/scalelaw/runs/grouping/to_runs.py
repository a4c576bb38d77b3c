"""Turn rows of a file into runs and evaluations: rows that share a run are its checkpoints."""

import numpy as np

from scalelaw.accounting.flops import BY_CONVENTION
from scalelaw.core.quantities import QUANTITIES
from scalelaw.core.types import AnyArray, Array, frozen
from scalelaw.runs.cells import Numbers
from scalelaw.runs.rows import Rows
from scalelaw.runs.table import RunTable


def to_runs(rows: Rows) -> RunTable:
    """Return the table of runs and evaluations.

    A run keeps the last known value of every column; columns that vary within a run are also kept per evaluation.
    """
    n_runs = int(rows.run.max()) + 1
    repeated = n_runs < rows.read
    order = rows.order
    runs = {name: frozen(_last(values, rows, order, n_runs)) for name, values in rows.columns.items()}
    if repeated and _varies("lr", rows):
        runs["lr"] = frozen(_largest(rows.columns["lr"], rows.run, n_runs))
        rows.notes.append("lr: the largest of each run; evaluations keep their own")
    absent = {
        name: frozen(_why(name, numbers, rows.run, n_runs))
        for name, numbers in {**rows.numbers, **rows.targets}.items()
        if numbers.unreadable.any()
    }
    varying = [name for name in rows.columns if name in ("tokens", "steps") or (repeated and _varies(name, rows))]
    varying = [name for name in varying if not _is_derived(name, rows) or _differs(rows, name, runs[name])]
    return RunTable(
        runs=runs,
        evals=_evals(rows, [name for name in varying if name in rows.columns]),
        source=rows.source,
        read=rows.read,
        origins=dict(rows.origins),
        absent=absent,
        findings=tuple(rows.findings),
        notes=tuple(rows.notes),
    )


def _last(values: AnyArray, rows: Rows, order: AnyArray, n_runs: int) -> AnyArray:
    """Return the last known value of each run, NaN or None without one."""
    if n_runs == rows.read:
        return values
    numeric = values.dtype == np.float64
    there = ~np.isnan(values) if numeric else np.array([value is not None for value in values])
    at = order[there[order]]
    last = np.full(n_runs, -1)
    last[rows.run[at]] = at
    result: AnyArray = np.full(n_runs, np.nan) if numeric else np.full(n_runs, None, dtype=object)
    result[last >= 0] = values[last[last >= 0]]
    return result


def _largest(values: Array, run: AnyArray, n_runs: int) -> Array:
    """Return the largest value of each run, NaN without one."""
    largest = np.full(n_runs, -np.inf)
    np.maximum.at(largest, run, np.where(np.isnan(values), -np.inf, values))
    return np.where(np.isinf(largest), np.nan, largest)


def _why(name: str, numbers: Numbers, run: AnyArray, n_runs: int) -> AnyArray:
    """Return why each run lacks the quantity: unreadable or absent."""
    why = np.full(n_runs, f"no {name}", dtype=object)
    why[run[numbers.unreadable]] = f"unreadable {name}"
    return why


def _varies(name: str, rows: Rows) -> bool:
    """Return whether a numeric quantity takes several values inside some run."""
    if name not in QUANTITIES or name not in rows.columns or rows.columns[name].dtype != np.float64:
        return False
    values = rows.columns[name]
    there = ~np.isnan(values)
    first = np.full(int(rows.run.max()) + 1, np.nan)
    first[rows.run[there][::-1]] = values[there][::-1]
    return bool(np.any(values[there] != first[rows.run[there]]))


def _is_derived(name: str, rows: Rows) -> bool:
    return BY_CONVENTION in rows.origins.get(name, "")


def _differs(rows: Rows, name: str, last: AnyArray) -> bool:
    """Return whether a measured row has another value than its run; an export keeps no other rows to derive from."""
    measured = np.logical_or.reduce([numbers.present for numbers in rows.targets.values()])
    values, of_run = rows.columns[name][measured], last[rows.run[measured]]
    return bool(np.any(~np.isnan(values) & (values != of_run)))


def _evals(rows: Rows, varying: list[str]) -> dict[str, AnyArray]:
    """Return the long table: one entry per value of a target, by run and time."""
    of_targets = {name: held for name, held in (("n_items", rows.items), ("chance", rows.chances)) if held}
    parts: dict[str, list[AnyArray]] = {name: [] for name in ("run", "target", "value", "se", *of_targets, *varying)}
    for target, numbers in rows.targets.items():
        at = rows.order[numbers.present[rows.order]]
        parts["run"].append(rows.run[at])
        parts["target"].append(np.full(len(at), target))
        parts["value"].append(numbers.values[at])
        parts["se"].append(rows.errors.get(target, np.full(rows.read, np.nan))[at])
        for name, held in of_targets.items():
            parts[name].append(held.get(target, np.full(rows.read, np.nan))[at])
        for name in varying:
            parts[name].append(rows.columns[name][at])
    return {name: frozen(np.concatenate(arrays)) for name, arrays in parts.items()}
