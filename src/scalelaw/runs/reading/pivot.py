"""Read grids of losses, such as pivot tables: rows of one quantity, columns of another; melted to one row per run.

A grid has column names that are numbers (``1e18``, ``6e+18 FLOPs``, ``1B tokens``, ``124M``, ``C=1e18``),
losses below them, and row labels that are numbers too. Their units, the name of the labels (``size``, ``budget``,
``N / D``) and their magnitude decide which quantities they are; where that is ambiguous, the user is asked.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from scalelaw.core.errors import BadNumber, NeedsAnswer
from scalelaw.core.findings import Answer, Finding, Grade
from scalelaw.core.names import read_name, words
from scalelaw.core.numbers import format_number, parse_number
from scalelaw.core.quantities import METRICS, recognise
from scalelaw.core.types import Array
from scalelaw.runs.cells import read_numbers
from scalelaw.runs.columns.propose import quoted
from scalelaw.runs.columns.units import convert, is_unit, split_unit
from scalelaw.runs.raw import RawColumn, RawTable, column
from scalelaw.runs.reading.merged import fill_blocks

_WORDS: Mapping[str, frozenset[str]] = {
    "flops": frozenset({"c", "flops", "flop", "budget", "budgets", "compute", "isoflop"}),
    "tokens": frozenset({"d", "tokens", "token", "tok", "toks", "data", "dataset"}),
    "params": frozenset({"n", "params", "param", "parameters", "size", "sizes", "model", "models", "weights", "arch"}),
}
_FILLERS = frozenset({"loss", "val", "valid", "validation", "eval", "test", "at", "final", "for", "ppl", "bpb", "with",
                      "trained", "on", "of"})  # fmt: skip
_NUMBER = re.compile(r"\d[\d_,]*(?:\.\d+)?(?:e[+-]?\d+)?", re.IGNORECASE)
_INSIDE = re.compile(r"(?<![\d.])(\d+(?:\.\d+)?)\s*([KMBT])(?![A-Za-z])", re.IGNORECASE)
_BETWEEN = re.compile(r"\s*[\\/|×]\s*|\s+(?:vs\.?|by|x)\s+")
_TRAILING = re.compile(r"\s*(?:budget|compute|model|models|total|training)\s*$", re.IGNORECASE)
_NAMELESS = re.compile(r"(?:unnamed: \d+|index|rows|__index_level_\d+__)?", re.IGNORECASE)
ROWS = "rows"
"""Default names of a column of row labels."""
_LEAST, _LARGE = 1e5, 1e15
_FEWEST = 2
_MOST_LOSS = 1e3
_LABELLED = 0.5
_TIMES = 1.0
_SHOWN = 5


@dataclass(frozen=True)
class _Header:
    """A column name as a number: its value, its quantity and the metric of the cells below."""

    value: float
    quantity: str | None
    metric: str


def is_grid(rows: Iterable[str], across: Iterable[str]) -> bool:
    """Return whether the names of rows and columns are numbers of a grid rather than step counts."""
    labels = np.isfinite(_values(column(list(rows))))
    return bool(labels.all()) and all(_header(name) is not None and not name.isdigit() for name in across)


def melt(raw: RawTable, columns: Mapping[str, str | None] | None = None) -> RawTable:
    """Return a grid as one row per run, any other table unchanged.

    Args:
        raw: the columns of the source.
        columns: quantity -> column, as the user named them; decides the quantity of the row labels.

    Raises:
        NeedsAnswer: the table is a grid, but it is unclear which side is the size.
    """
    as_read, raw = raw, _with_named_labels(raw)
    given = {quantity: name for quantity, name in (columns or {}).items() if name}
    headers = {name: found for name in raw.columns if (found := _header(name))}
    if not raw.by_hand or len(headers) < _FEWEST or set(given.values()) & set(headers):
        return as_read
    if not all(_holds_losses(raw.columns[name]) for name in headers) or _has_target(raw, headers):
        return as_read
    label = _label(raw, headers, given)
    if label is None:
        return as_read
    values = _values(raw.columns[label], label)
    here, there = _sides(raw, label, values, headers, given)
    return _melted(raw, label, values, headers, (here, there), keep=label in given.values())


def _with_named_labels(raw: RawTable) -> RawTable:
    """Name an unnamed column ``rows``, so that options can refer to it."""
    if "" not in raw.columns or ROWS in raw.columns:
        return raw
    return replace(raw, columns={name or ROWS: cells for name, cells in raw.columns.items()})


def _header(name: str) -> _Header | None:
    """Read a column name that is a number with a unit, suffix or size; None for other names."""
    name = name.replace("(", " ").replace(")", " ").strip()
    match = _NUMBER.search(name)
    if match is None:
        return None
    before, rest = name[: match.start()], _TRAILING.sub("", name[match.start() :])
    try:
        value = parse_number(rest)
    except BadNumber:
        return None
    given, lead = words(rest[match.end() - match.start() :]), words(before)
    known = frozenset().union(*_WORDS.values())
    if any(word not in known | _FILLERS for word in lead) or value < _LEAST:
        return None
    metric = read_name(before) if before.strip() else None
    unit = "flops" if "flop" in rest.lower() or "pf" in rest.lower() else _quantity(given)
    named = before.strip(" _@:=-/") if metric is not None and metric.quantity in METRICS else "loss"
    return _Header(value, unit or _quantity(lead), named)


def _quantity(given: list[str]) -> str | None:
    """Return the one quantity that these words name, None for none or several."""
    found = [name for name, known in _WORDS.items() if known & set(given)]
    return found[0] if len(found) == 1 else None


def _holds_losses(cells: RawColumn) -> bool:
    """Return whether a column holds mostly numbers that may be losses."""
    numbers = read_numbers(cells)
    values = numbers.values[numbers.present]
    finite = values[np.isfinite(values)]
    return len(finite) > 0 and not numbers.unreadable.any() and bool(np.all((finite > 0) & (finite < _MOST_LOSS)))


def _has_target(raw: RawTable, headers: Mapping[str, _Header]) -> bool:
    """Return whether a column outside the grid is a loss by name."""
    others = [name for name in raw.columns if name not in headers]
    return any(recognise(name) in METRICS for name in others)


def _label(raw: RawTable, headers: Mapping[str, _Header], given: Mapping[str, str]) -> str | None:
    """Return the column of row labels: the user's, one with a known name, or the first with sizes."""
    others = [name for name in raw.columns if name not in headers]
    chosen = [given[quantity] for quantity in ("params", "tokens", "flops") if given.get(quantity) in others]
    usable = [name for name in others if np.mean(np.isfinite(_values(raw.columns[name], name))) >= _LABELLED]
    named = [name for name in usable if _named(name) is not None]
    return next(iter([*chosen, *named, *usable]), None)


def _named(name: str) -> str | None:
    """Return the quantity in the name of the labels, the first part of ``size / budget``."""
    first = _BETWEEN.split(split_unit(name)[0].strip())[0]
    known = recognise(name) or recognise(first)
    known = {"planned_flops": "flops", "planned_tokens": "tokens"}.get(known or "", known)
    return known if known in _WORDS or (known or "").startswith("params") else _quantity(words(first))


def _values(cells: RawColumn, name: str = "") -> Array:
    """Return the labels as numbers, also from names such as ``pythia-70m``; NaN without one."""
    numbers = read_numbers(cells)
    values = np.where(numbers.present, numbers.values, np.nan)
    bare, unit = split_unit(name)
    quantity = recognise(bare) or ""
    if unit and quantity in _WORDS and is_unit(unit, quantity):
        values = np.where(numbers.suffixed, values, convert(values, unit, quantity))
    if cells.numeric or np.isfinite(values).any():
        return np.where(values >= _LEAST, values, np.nan)
    return np.array([_in_name(str(cell)) if cell is not None else np.nan for cell in cells.values])


def _in_name(text: str) -> float:
    """Return the number in a label such as ``N=1e7`` or ``pythia-70m``; NaN for none or several."""
    if (labelled := _header(text)) is not None:
        return labelled.value
    inside = _INSIDE.findall(text)
    return parse_number("".join(inside[0])) if len(inside) == 1 else np.nan


def _sides(
    raw: RawTable, label: str, values: Array, headers: Mapping[str, _Header], given: Mapping[str, str]
) -> tuple[str, str]:
    """Return the quantities of the rows and of the columns."""
    chosen = next((quantity for quantity, name in given.items() if name == label), None)
    here = chosen or _named(label) or _unit(raw.columns[label])
    units = {header.quantity for header in headers.values()} - {None}
    there = next(iter(units)) if len(units) == 1 else None
    parts = _BETWEEN.split(label.strip())
    if there is None and len(parts) > 1:
        there = _quantity(words(parts[1])) or recognise(parts[1])
    across = np.array([header.value for header in headers.values()])
    if there is None and across.min() >= _LARGE:
        there = "flops"
    if here is None and np.nanmin(values) >= _LARGE:
        here = "flops"
    if here is None and there is not None:
        here = "params" if there != "params" else None
    if there is None and here is not None:
        there = "params" if not here.startswith("params") else "tokens"
    if here is None and there is None:
        ratio = across[None, :] / values[np.isfinite(values)][:, None]
        if np.all(ratio > _TIMES):
            here, there = "params", "tokens"
        elif np.all(ratio < 1 / _TIMES):
            here, there = "tokens", "params"
    if here is None or there is None or here == there:
        raise _question(raw, label, headers)
    return here, there


def _unit(cells: RawColumn) -> str | None:
    """Return the quantity implied by the units of the labels, as in ``1B tokens``."""
    found = {_quantity(words(str(cell))) for cell in cells.values if isinstance(cell, str)}
    return found.pop() if len(found) == 1 else None


def _question(raw: RawTable, label: str, headers: Mapping[str, _Header]) -> NeedsAnswer:
    first = ", ".join(list(headers)[:3])
    message = (
        f"{raw.source} is a grid of losses: {len(headers)} columns ({first}, ...) under labels in {label!r}, "
        "but it is unclear which side is the model size"
    )
    fix = (
        f'name the quantity of the rows with columns={{"params": {label!r}}} or columns={{"tokens": {label!r}}} '
        f"(CLI: --column {quoted(f'params={label}')} or --column {quoted(f'tokens={label}')})"
    )
    answers = tuple(Answer(f"the rows are {name}", {"columns": {name: label}}) for name in ("params", "tokens"))
    finding = Finding("RUNS_GRID", Grade.ASK, message, len(raw), fix, answers)
    return NeedsAnswer(f"{finding} [{finding.code}]", [finding])


def _melted(
    raw: RawTable, label: str, values: Array, headers: Mapping[str, _Header], sides: tuple[str, str], *, keep: bool
) -> RawTable:
    """Return the table with one row per cell that holds a loss."""
    here, there = sides
    cells = {name: read_numbers(raw.columns[name]) for name in headers}
    at = [(row, name) for row in range(len(raw)) for name in headers if cells[name].present[row] and values[row] > 0]
    rows = np.array([row for row, _ in at], dtype=int)
    rest = {name: fill_blocks(found) for name, found in raw.columns.items() if name != label and name not in headers}
    name = label if keep or (recognise(label) == here and split_unit(label)[1] is None) else here
    metric = next(iter(headers.values())).metric
    melted = {
        name: column(values[rows]),
        there: column([headers[header].value for _, header in at]),
        metric: column([cells[header].values[row] for row, header in at]),
        **{other: RawColumn(found.values[rows], found.missing[rows]) for other, found in rest.items()},
    }
    return replace(raw, columns=melted, findings=(*raw.findings, _finding(raw, label, values, headers, sides, len(at))))


def _finding(
    raw: RawTable, label: str, values: Array, headers: Mapping[str, _Header], sides: tuple[str, str], count: int
) -> Finding:
    here, there = sides
    across = [header.value for header in headers.values()]
    span = [f"{format_number(min(each), 3)} to {format_number(max(each), 3)}" for each in (across, values[values > 0])]
    called = f" ({label!r})" if not _NAMELESS.fullmatch(label) else ""
    blank = len(raw) * len(headers) - count
    unread = [str(cell) for cell, value in zip(raw.columns[label].values, values, strict=True) if not value > 0]
    blank -= len(unread) * len(headers)
    message = (
        f"a grid of losses: rows are {here}{called}, {span[1]}; columns are {there}, {span[0]}; "
        f"{count} cells are {count} runs{f', {blank} blank' if blank else ''}"
        f"{'; left out without a number: ' + ', '.join(unread[:_SHOWN]) if unread else ''}"
    )
    other = {"params": "tokens", "tokens": "params"}.get(here, "tokens" if there == "params" else "params")
    sure = _named(label) is not None or any(header.quantity == other for header in headers.values())
    option = quoted(f"{other}={label}")
    fix = f'if the rows are something else, pass e.g. columns={{"{other}": {label!r}}} (CLI: --column {option})'
    return Finding("RUNS_GRID", Grade.WARN, message, count, "" if sure or not called else fix)
