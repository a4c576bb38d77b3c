"""Recognise unlisted columns by the words of their names; ask where two are equally likely."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from scalelaw.core.findings import Answer, Finding, Grade
from scalelaw.core.names import HELD_OUT, TRAINING, NameMeaning, read_name
from scalelaw.core.quantities import METRICS
from scalelaw.runs.columns.unit_names import ask_characters
from scalelaw.runs.columns.units import split_unit
from scalelaw.runs.raw import RawColumn, RawTable

if TYPE_CHECKING:
    from scalelaw.runs.columns.mapping import Assignment

_COUNTS = (
    "params",
    "params_non_embedding",
    "params_active",
    "tokens",
    "flops",
    "planned_tokens",
    "planned_flops",
    "steps",
)
_ASKED = ("params", "params_non_embedding", "params_active", "tokens", "flops")
_SPLITS = {HELD_OUT: 2, "": 1, TRAINING: 0}


def take_likely(
    table: RawTable, result: "Assignment", given: Mapping[str, str | None], usable: Callable[[RawColumn], bool]
) -> None:
    """Assign unused columns to the quantities and targets that still lack a column.

    Args:
        table: the raw columns.
        result: the assignment so far; columns found are added to it.
        given: quantity -> column, as the user named them.
        usable: returns whether a column holds a number.
    """
    used = result.used() | {column for column in given.values() if column} | set(result.passed_over)
    free = {
        column: named
        for column, cells in table.columns.items()
        if column not in used and not bool(cells.missing.all()) and cells.scalar
        if (named := read_name(split_unit(column)[0])) is not None and usable(cells)
    }
    for quantity in _COUNTS:
        claimants = [column for column, named in free.items() if named.quantity == quantity]
        if claimants and quantity not in given and quantity not in result.quantities:
            column = _one(table, quantity, {each: free[each] for each in claimants}, result, ask=quantity in _ASKED)
            if column is not None:
                result.quantities[quantity] = column
                result.notes.append(f"{quantity} = {column!r}, by the words of its name")
    if not result.targets and not result.outcome():
        _targets(
            table,
            result,
            given,
            {column: named for column, named in free.items() if named.quantity in (*METRICS, "bpc")},
        )


def _targets(
    table: RawTable, result: "Assignment", given: Mapping[str, str | None], free: dict[str, NameMeaning]
) -> None:
    """Assign the held-out metrics by evaluation set; use a training loss only where there is nothing else."""
    open_ = {column: named for column, named in free.items() if given.get(named.quantity, "") is not None}
    measured = {c: n for c, n in open_.items() if n.split != TRAINING and n.quantity != "bpc"}
    if not measured:
        characters = [column for column, named in open_.items() if named.quantity == "bpc" and named.split != TRAINING]
        if characters:
            result.findings.append(ask_characters(characters[0]))
            return
        measured = {column: named for column, named in open_.items() if named.quantity in ("loss", "bpb")}
    sets: dict[tuple[str, str], dict[str, NameMeaning]] = {}
    for column, named in measured.items():
        sets.setdefault((named.quantity, named.eval_set), {})[column] = named
    for (metric, eval_set), claimants in sets.items():
        target = metric if len(sets) == 1 or not eval_set else f"{metric}@{eval_set}"
        chosen = _one(table, target, claimants, result, ask=True)
        if chosen is None:
            continue
        result.targets[target] = chosen
        if claimants[chosen].split == TRAINING:
            result.findings.append(_training(target, chosen))
    if result.targets:
        result.notes.append(_named_note(result, free))


def _named_note(result: "Assignment", free: Mapping[str, NameMeaning]) -> str:
    taken = [f"{target} = {column!r}" for target, column in result.targets.items()]
    more = f" and {len(taken) - 3} more" if len(taken) > 3 else ""
    others = [repr(column) for column in free if column not in result.targets.values()]
    left = f"; not used: {', '.join(others[:3])}{', ...' if len(others) > 3 else ''}" if others else ""
    return f"{', '.join(taken[:3])}{more}, by the words of the name{'s' * (len(taken) > 1)}{left}"


def _training(target: str, column: str) -> Finding:
    return Finding(
        "RUNS_TRAINING_LOSS",
        Grade.WARN,
        f"{target} is the training loss {column!r}: the table has no held-out loss",
        0,
        "it is close to a held-out loss only if data are not repeated; add a held-out loss to be sure",
    )


def _one(
    table: RawTable, name: str, claimants: Mapping[str, NameMeaning], result: "Assignment", *, ask: bool
) -> str | None:
    """Return the likeliest column; where two are equally likely and differ, ask, or use neither."""
    ranked = sorted(claimants, key=lambda column: _likelihood(claimants[column]), reverse=True)
    best = [column for column in ranked if _likelihood(claimants[column]) == _likelihood(claimants[ranked[0]])]
    if len(best) == 1 or _equal(table, best):
        return best[0]
    both = " and ".join(map(repr, best))
    if not ask:
        result.notes.append(f"{both} may both be {name}; to use one, name it with columns=")
        return None
    fix = f'choose one with columns={{"{name}": "{best[0]}"}} (CLI: --column {name}={best[0]})'
    answers = tuple(Answer(f"{name} is {column!r}", {"columns": {name: column}}) for column in best)
    result.findings.append(Finding("RUNS_TWO_COLUMNS", Grade.ASK, f"{both} may both be {name}", 0, fix, answers))
    return None


def _likelihood(named: NameMeaning) -> tuple[int, int]:
    return _SPLITS[named.split], named.rank


def _equal(table: RawTable, columns: Sequence[str]) -> bool:
    first = table.columns[columns[0]].values
    return all(np.array_equal(first, table.columns[other].values) for other in columns[1:])
