"""Find runs whose loss became NaN in a format without NaN: their later rows have no loss.

Dataframes and JSON write NaN and a missing value alike; a text file does not. Such a run counts as diverged, so that a
table gives the same answer in every format.
"""

from dataclasses import replace

import numpy as np

from scalelaw.core.names import read_name
from scalelaw.core.types import AnyArray
from scalelaw.runs.columns.mapping import Assignment
from scalelaw.runs.raw import RawTable
from scalelaw.runs.reducing.order import time_order
from scalelaw.runs.rows import Rows

_REACHED = 0.98
"""Largest share of a run's steps or tokens at which its last loss may stand; a run's end may be logged without loss."""


def take_lost(rows: Rows, raw: RawTable, assignment: Assignment) -> None:
    """Sort rows by time; write NaN into the last row of every run whose loss is missing at the end, and add a note."""
    rows.order = time_order(rows.run, rows.columns)
    axis = next((rows.columns[name] for name in ("tokens", "steps") if name in rows.columns), None)
    single = next(iter(rows.targets)) if len(rows.targets) == 1 else None
    if axis is None or single is None or not single.startswith("loss") or single not in assignment.targets:
        return
    column = assignment.targets[single]
    losses = {column, *(name for name in raw.columns if (named := read_name(name)) and named.quantity == "loss")}
    if len(losses) < 2 or rows.run.max() + 1 == len(rows.run):  # needs a training loss to compare
        return
    none = np.logical_and.reduce([raw.columns[name].missing for name in losses])
    others = [cells.missing for name, cells in raw.columns.items() if name not in losses]
    alike = np.unique(np.column_stack(others), axis=0, return_inverse=True)[1].ravel() if others else none * 0
    lost = [at for run in np.unique(rows.run[none]) if (at := _lost(rows, run, none, alike, axis, single)) is not None]
    if not lost:
        return
    numbers = rows.targets[single]
    missing, values = numbers.missing.copy(), numbers.values.copy()
    missing[lost], values[lost] = False, np.nan
    rows.targets[single] = replace(numbers, missing=missing, values=values)
    noun = "run continues" if len(lost) == 1 else "runs continue"
    rows.notes.append(f"{len(lost)} {noun} after the last loss without one: read as NaN")


def _lost(rows: Rows, run: int, none: AnyArray, alike: AnyArray, axis: AnyArray, target: str) -> int | None:
    """Return the last row of a run whose rows continue at the same spacing without a loss, or None."""
    own = rows.order[rows.run[rows.order] == run]
    there = np.flatnonzero(~none[own])
    if not len(there) or there[-1] == len(own) - 1 or not rows.targets[target].present[own].any():
        return None
    before, after = own[: there[-1] + 1], own[there[-1] + 1 :]
    known = set(alike[before[~none[before]]].tolist())
    if not all(kind in known for kind in alike[after].tolist()) or not axis[before[-1]] < _REACHED * axis[after[-1]]:
        return None
    return int(after[-1])
