"""Find repeated rows: exact copies, and steps that a resumed run logged again."""

import numpy as np

from scalelaw.core.findings import Finding, Grade
from scalelaw.core.types import AnyArray
from scalelaw.runs.cells import Numbers
from scalelaw.runs.raw import RawColumn, RawTable
from scalelaw.runs.reducing.order import same_moment

_MOST_NAMED = 3
_MANY = 10
_MANY_OF_ALL = 0.1


def copies(
    raw: RawTable, run: AnyArray, order: AnyArray, columns: dict[str, AnyArray], targets: dict[str, Numbers]
) -> tuple[list[str], list[Finding]]:
    """Return notes and findings on rows of one run at the same step; reductions use the later row.

    A few such rows mean a resumed run; many probably mean several evaluation sets.

    Args:
        raw: the columns of the source.
        run: the run of each row, (n,).
        order: the rows in order of time, (n,).
        columns: canonical and other columns, each (n,).
        targets: target -> its values.
    """
    if len(np.unique(run)) == len(run) or not same_moment(run, columns, order).any():
        return [], []
    copied = _copied(raw, run)
    notes: list[str] = []
    findings: list[Finding] = []
    if copied.any():
        inside = [(target, int(np.sum(copied & numbers.present))) for target, numbers in targets.items()]
        held = ", ".join(f"{count} of {target}" for target, count in inside if count)
        notes.append(
            f"{_rows(copied)} of {_names(run[copied], run, columns)} repeat others exactly"
            f"{f' ({held})' if held else ''}: counted once"
        )
    for target, numbers in targets.items():
        at = order[(numbers.present & ~copied)[order]]
        again = same_moment(run, columns, at)
        if again.sum() >= max(_MANY, _MANY_OF_ALL * len(at)):
            message = f"{again.sum()} of {len(at)} values of {target} share run and step with a later row"
            fix = "the last of each is used; if a column names the evaluation set, load one set at a time"
            findings.append(Finding("RUNS_SAME_MOMENT", Grade.WARN, message, int(again.sum()), fix))
        elif again.any():
            which = _names(run[again], run, columns)
            count = int(again.sum())
            notes.append(
                f"{target} was logged again {'once' if count == 1 else f'{count} times'} at the same step of {which}: "
                "the later row is used"
            )
    return notes, findings


def _copied(raw: RawTable, run: AnyArray) -> AnyArray:
    """Return the rows that repeat an earlier row of their run in every cell."""
    key = run.astype(np.uint64)
    for column in raw.columns.values():
        key = key * np.uint64(0x9E3779B97F4A7C15) ^ _fingerprints(column)
        key ^= key >> np.uint64(29)
    _, first = np.unique(key, return_index=True)
    copied = np.ones(len(run), dtype=bool)
    copied[first] = False
    return copied


def _fingerprints(column: RawColumn) -> AnyArray:
    """Return a 64-bit number for each cell, equal where the cells are."""
    if column.numeric:
        numbers = np.where(np.isnan(column.values), np.nan, column.values + 0.0)
        return np.ascontiguousarray(numbers).view(np.uint64) ^ column.missing.astype(np.uint64)
    known: dict[object, int] = {}
    keys = (cell if isinstance(cell, str) else repr(cell) for cell in column.values)
    return np.array([known.setdefault(key, len(known) + 1) for key in keys], dtype=np.uint64)


def _rows(mask: AnyArray) -> str:
    count = int(mask.sum())
    return f"{count} row{'s' * (count > 1)}"


def _names(some: AnyArray, run: AnyArray, columns: dict[str, AnyArray]) -> str:
    numbers = np.unique(some)
    if len(numbers) > _MOST_NAMED or "run" not in columns:
        return f"{len(numbers)} runs"
    return ", ".join(str(columns["run"][np.argmax(run == number)]) for number in numbers)
