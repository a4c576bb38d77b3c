"""Read the unit in a column's name (perplexity, bits, millions); ask where the values contradict it."""

from dataclasses import dataclass

import numpy as np

from scalelaw.core.findings import Answer, Finding, Grade
from scalelaw.core.names import read_name, words
from scalelaw.core.numbers import counted
from scalelaw.core.quantities import METRICS, TOO_SMALL
from scalelaw.runs.cells import read_numbers
from scalelaw.runs.columns.units import convert, is_unit, split_unit, units_of
from scalelaw.runs.raw import RawColumn

_CHARACTER = "bits/char"
_LARGEST = {
    "params": 1e14, "params_non_embedding": 1e14, "params_active": 1e14, "tokens": 1e15, "planned_tokens": 1e15,
    "flops": 1e30, "planned_flops": 1e30,
}  # fmt: skip
"""Count -> largest plausible value; a name suffix that gives more is not a unit."""


@dataclass(frozen=True)
class NameUnit:
    """The unit in a column's name, a note and a question; each may be empty."""

    unit: str = ""
    note: str = ""
    ask: Finding | None = None


def name_unit(target: str, column: str, cells: RawColumn) -> NameUnit:
    """Read the unit of a quantity or target from the column's name.

    Args:
        target: quantity, or ``metric@eval_set``.
        column: the name of its column.
        cells: its values.
    """
    metric = target.partition("@")[0]
    _, bracketed = split_unit(column)
    if bracketed and is_unit(bracketed, metric):
        return NameUnit(bracketed)
    if metric in METRICS:
        return _of_metric(target, metric, column, cells)
    named = read_name(column)
    if named is None or not named.unit or named.quantity != metric or not is_unit(named.unit, metric):
        return NameUnit()
    values = read_numbers(cells, metric)
    bare = values.values[values.present & ~values.suffixed]
    largest = float(np.nanmax(bare)) if len(bare) and np.isfinite(bare).any() else 0.0
    scaled = float(convert(np.array([largest]), named.unit, metric)[0])
    if scaled > _LARGEST.get(metric, np.inf) or (
        named.unit.isalpha() and largest > 1e3 * TOO_SMALL.get(metric, np.inf)
    ):
        return NameUnit(note=f"{metric}: {column!r} holds plain counts; the end of its name is not read as a unit")
    return NameUnit(named.unit)


def _of_metric(target: str, metric: str, column: str, cells: RawColumn) -> NameUnit:
    named, have = read_name(column), set(words(column))
    kind = named.quantity if named else ("bpb" if "bpb" in have else "bpc" if "bpc" in have else metric)
    if metric == "loss" and kind in ("bpb", "bpc"):
        return NameUnit(ask=_per_text(target, column, kind))
    if metric == "bpb" and kind == "bpc":
        return NameUnit(ask=_per_character(column, {"bpb": column}))
    if metric == "loss":
        unit = "perplexity" if "ppl" in have else next((each for each in ("bits", "nats") if each in have), "")
        return _checked(target, column, unit, cells)
    if metric == "bpb" and "ppl" in have:
        message = f"the name {column!r} means perplexity, but bpb is bits per byte"
        answer = Answer(
            "this column is the loss, recorded as perplexity",
            {"columns": {"loss": column}, "units": {"loss": "perplexity"}},
        )
        fix = f'pass columns={{"loss": "{column}"}} (CLI: --column loss={column})'
        return NameUnit(ask=Finding("RUNS_LOSS_UNIT", Grade.ASK, message, len(cells.values), fix, (answer,)))
    return NameUnit(named.unit if named and named.unit and is_unit(named.unit, metric) else "")


def _checked(target: str, column: str, unit: str, cells: RawColumn) -> NameUnit:
    """Return the unit, or a question where a value below one cannot be a perplexity."""
    if unit != "perplexity":
        return NameUnit(unit)
    numbers = read_numbers(cells, "loss")
    with np.errstate(invalid="ignore"):
        below = numbers.present & (numbers.values < 1)
    if not below.any():
        return NameUnit(unit)
    metric = target.partition("@")[0]
    few = int(below.sum())
    lie = f"{counted(few, 'value')} {'lies' if few == 1 else 'lie'}"
    message = f"the name {column!r} means perplexity, but {lie} below 1, which is impossible"
    fix = f'pass units={{"{metric}": "nats"}} (CLI: --unit {metric}=nats), or one of {units_of(metric)}'
    answers = tuple(Answer(f"it is in {each}", {"units": {metric: each}}) for each in ("nats", "bits"))
    return NameUnit(ask=Finding("RUNS_LOSS_UNIT", Grade.ASK, message, int(below.sum()), fix, answers))


def _per_text(target: str, column: str, kind: str) -> Finding:
    """Ask what to do with bits per byte or per character where a loss per token is expected."""
    metric = target.partition("@")[0]
    if kind == "bpc":
        return _per_character(column, {metric: "", "bpb": column})
    message = f"the name {column!r} means bits per byte, but a loss is per token"
    fix = (
        f'pass columns={{"bpb": "{column}"}} (CLI: --column bpb={column}), '
        f'or the unit: units={{"{metric}": "..."}} (CLI: --unit {metric}=...), one of {units_of(metric)}'
    )
    answers = (
        Answer("it is bits per byte", {"columns": {metric: "", "bpb": column}}),
        Answer("it is bits per token", {"columns": {metric: column}, "units": {metric: "bits"}}),
    )
    return Finding("RUNS_LOSS_UNIT", Grade.ASK, message, 0, fix, answers)


def ask_characters(column: str) -> Finding:
    """Ask about bits per character where the table has no other loss."""
    return _per_character(column, {"bpb": column})


def _per_character(column: str, columns: dict[str, str]) -> Finding:
    message = (
        f"the name {column!r} means bits per character, which equals bits per byte only if each character is one byte"
    )
    fix = (
        f'pass columns={{"bpb": "{column}"}}, units={{"bpb": "{_CHARACTER}"}} (CLI: --column bpb={column} '
        f"--unit bpb={_CHARACTER}) if each character is one byte, or "
        f'columns={{"loss": "{column}"}}, units={{"loss": "bits"}} (CLI: --column loss={column} --unit loss=bits) '
        "to fit it as a separate loss"
    )
    answers = (
        Answer("it is bits per byte: each character is one byte", {"columns": columns, "units": {"bpb": _CHARACTER}}),
        Answer(
            "fit it as a separate loss, in bits", {"columns": {"bpb": "", "loss": column}, "units": {"loss": "bits"}}
        ),
    )
    return Finding("RUNS_LOSS_UNIT", Grade.ASK, message, 0, fix, answers)
