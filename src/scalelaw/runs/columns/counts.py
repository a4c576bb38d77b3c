"""Correct counts: a column of right answers beside one of items is a score with its standard error."""

import re
from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from scalelaw.core.quantities import spelling
from scalelaw.runs.cells import read_numbers
from scalelaw.runs.raw import RawColumn, RawTable

_CORRECT = re.compile(r"(?:n|num|number_of)?_?correct(?:_answers)?(?:_(?P<set>\w+))?|(?P<front>\w+)_(?:n|num)_correct")
_ITEMS = re.compile(r"(?:n_items|num_items|n_questions|num_questions|n_total|total)(?:_(?P<set>\w+))?"
                    r"|(?P<front>\w+)_(?:n_items|n_questions|n_total)")  # fmt: skip


def with_counted_scores(raw: RawTable, columns: Mapping[str, str | None] | None = None) -> RawTable:
    """Return the table with a score for each count of right answers whose number of items it has.

    ``n_correct_mmlu`` or ``correct@mmlu`` beside ``n_items_mmlu`` gives ``score@mmlu``. A score that the table has
    stays, and columns that the user named are left alone.

    Args:
        raw: the columns of the source.
        columns: quantity -> column, as the user named them.
    """
    named = {column for column in (columns or {}).values() if column}
    right, items = _by_set(raw, _CORRECT, named), _by_set(raw, _ITEMS, named)
    added, notes = dict(raw.columns), list[str]()
    for eval_set, column in right.items():
        target = f"score@{eval_set}" if eval_set else "score"
        if eval_set not in items or any(spelling(name) == spelling(target) for name in raw.columns):
            continue
        correct, total = (read_numbers(raw.columns[name]) for name in (column, items[eval_set]))
        with np.errstate(invalid="ignore", divide="ignore"):
            score = correct.values / total.values
        known = correct.present & total.present & (total.values > 0)
        if not known.any() or not np.all((correct.values[known] >= 0) & (correct.values[known] <= total.values[known])):
            continue
        added[target] = RawColumn(np.where(known, score, np.nan), ~known)
        added[f"n_items_{eval_set}" if eval_set else "n_items"] = raw.columns[items[eval_set]]
        notes.append(f"{target} = {column!r} / {items[eval_set]!r}")
    return replace(raw, columns=added, notes=(*raw.notes, *notes)) if notes else raw


def _by_set(raw: RawTable, pattern: re.Pattern[str], named: set[str]) -> dict[str, str]:
    """Return evaluation set -> column, empty for a bare one."""
    found: dict[str, str] = {}
    for name in raw.columns:
        if (match := pattern.fullmatch(spelling(name))) and name not in named:
            found.setdefault(match["set"] or match["front"] or "", name)
    return found
