"""Group runs into cells: equal size, tokens and recipe, differing only in the swept columns."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

from scalelaw.core.findings import Answer, Finding, Grade
from scalelaw.core.types import AnyArray, Array

if TYPE_CHECKING:
    from scalelaw.runs.table import RunTable

SWEPT = ("lr", "batch_tokens")
"""Columns usually swept within a cell."""

_BATCH = frozenset({"batch_tokens", "batch_sequences"})
NO_CHOICE = frozenset(
    {"flops", "bytes", "steps", "planned_tokens", "planned_steps", "lr_now", "weight", "n_items", "seed", "decayed",
     "run", "date", "state", "resumed_from", "label"}
)  # fmt: skip
_SAME_TOKENS = 1.02


def cells(table: "RunTable", run: AnyArray, over: Iterable[str]) -> AnyArray:
    """Return the cell of each of these runs, numbered from 0, (n,).

    Runs of a cell share every setting except those in ``over``. Tokens within 2 % count as equal, since batches do not
    divide every amount; without tokens, compute within 2 %.

    Args:
        table: the runs.
        run: numbers of the runs to place, (n,).
        over: columns that may differ within a cell.
    """
    free = {*over, *(_BATCH if _BATCH & set(over) else ())}
    names = [name for name in table.quantities() if name not in NO_CHOICE | free | {"tokens"}]
    keys = [codes for name in names if (codes := _codes(table.runs[name][run])).any()]
    cell = _number(np.column_stack(keys)) if keys else np.zeros(len(run), dtype=int)
    amount = next((name for name in ("tokens", "flops") if name in table.runs), None)
    return cell if amount is None else _number(np.column_stack([cell, _amounts(table.runs[amount][run], cell)]))


def check_swept(table: "RunTable", run: AnyArray) -> list[Finding]:
    """Warn if runs used as separate points differ only in a column that is usually swept, such as ``lr``."""
    over = [name for name in SWEPT if name in table.runs and table.runs[name].dtype == np.float64]
    sized = _sized(table) or "tokens" in table.runs or "flops" in table.runs
    if not len(run) or not over or not sized:
        return []
    cell = cells(table, run, over)
    mixed = {name: found for name in over if (found := _differ(cell, table.runs[name][run]))}
    if not mixed:
        return []
    count = len(set.union(*mixed.values()))
    shared = "size and amount of tokens" if "tokens" in table.runs else "size" if _sized(table) else "amount of compute"
    where = f"in {count} cell{'s' * (count > 1)} of one {shared}"
    message = f"runs differ in {' and '.join(mixed)} {where}: tuned and untuned runs are mixed"
    fix = f"keep the best of each with best(over={tuple(mixed)!r}) (CLI: --use best --over {','.join(mixed)})"
    rows = int(np.isin(cell, list(set.union(*mixed.values()))).sum())
    best = Answer(
        f"keep the best run of each {shared} over {' and '.join(mixed)}", {"use": "best", "over": list(mixed)}
    )
    return [Finding("RUNS_SWEPT", Grade.WARN, message, rows, fix, (best,))]


def _sized(table: "RunTable") -> bool:
    return any(name.startswith("params") for name in table.quantities())


def _differ(cell: AnyArray, values: Array) -> set[int]:
    """Return the cells in which a quantity takes more than one value."""
    known = ~np.isnan(values)
    low, high = np.full(cell.max() + 1, np.inf), np.full(cell.max() + 1, -np.inf)
    np.minimum.at(low, cell[known], values[known])
    np.maximum.at(high, cell[known], values[known])
    return set(np.flatnonzero(high > low * (1 + 1e-9)).tolist())


def _codes(values: AnyArray) -> AnyArray:
    """Return a number per distinct value, (n,); missing counts as a value."""
    plain = values if values.dtype == np.float64 else np.array([str(value) for value in values])
    return np.unique(plain, return_inverse=True)[1]


def _amounts(tokens: Array, cell: AnyArray) -> AnyArray:
    """Return a number per amount of tokens within a cell; amounts within 2 % of the smallest are equal."""
    amount = np.zeros(len(tokens), dtype=int)
    number, start = -1, -1
    for at in np.lexsort((tokens, cell)):
        if start < 0 or cell[at] != cell[start] or not tokens[at] / _SAME_TOKENS <= tokens[start]:
            number, start = number + 1, at
        amount[at] = number
    return amount


def _number(rows: AnyArray) -> AnyArray:
    return np.asarray(np.unique(rows, axis=0, return_inverse=True)[1].ravel())
