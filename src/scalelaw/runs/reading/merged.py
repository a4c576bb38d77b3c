"""Fill down merged cells of a spreadsheet where blanks cannot mean anything else.

Exported sheets keep the value of a merged cell in the first row of its block and leave the others blank. Blanks are
filled if the column begins with a value, blanks follow most values, and no value repeats in the next block. The other
columns must agree as well: N and D explain the loss, the loss falls as D rises within a block, and N, D and C keep one
ratio. If few values have blanks below them, these conditions must hold without exception. Other blanks stay; the user
can fill them with ``down(column)`` in ``derive=``.
"""

import re
from collections.abc import Container, Iterator, Mapping
from dataclasses import replace
from itertools import pairwise

import numpy as np

from scalelaw.core.errors import UnknownName
from scalelaw.core.findings import Finding, Grade
from scalelaw.core.quantities import QUANTITIES, first_in
from scalelaw.core.types import AnyArray, Array
from scalelaw.runs.cells import read_numbers
from scalelaw.runs.columns.mapping import Assignment
from scalelaw.runs.raw import RawColumn, RawTable

_DOWN = re.compile(r"\s*down\((.+)\)\s*")
_N = ("params", "params_active", "params_non_embedding")
_COUNTS = (*_N, "tokens", "flops", "planned_flops")
_SINGLE = 1 / 3
_AGREE = 0.75
_APART = 0.5
_MANY = 0.3
_FEWEST = 6
_BLANKS = 2
"""Fewest blank cells to fill: a single one may be a forgotten value."""
_LIKELY, _SURE = 0.9, 0.96
_SHOWN = 3


def fill_down(
    raw: RawTable, assignment: Assignment, derive: Mapping[str, str], left_out: Container[str] = ()
) -> tuple[RawTable, dict[str, str], list[Finding]]:
    """Return the table with merged cells filled, the remaining formulas, and the findings so far.

    Args:
        raw: the columns of the source.
        assignment: what each column holds.
        derive: quantity -> formula; ``down(column)`` is applied here.
        left_out: quantities whose blank cells stay blank.

    Raises:
        UnknownName: ``down`` names an unknown column.
    """
    columns, left, filled = dict(raw.columns), dict(derive), dict[str, int]()
    known = {**assignment.quantities, **assignment.targets}
    for name, formula in derive.items():
        if match := _DOWN.fullmatch(formula):
            column = match[1] if match[1] in columns else known.get(match[1], match[1])
            if column not in columns:
                raise UnknownName.among(f"column in derive={{{name!r}: ...}},", column, columns)
            if known.get(name) == column:
                columns[column] = _filled(columns[column])
                del left[name]
    if raw.by_hand:
        for column in _merged(raw, assignment, left_out):
            if columns[column] is raw.columns[column]:
                filled[column] = int(_blank(columns[column]).sum())
                columns[column] = _filled(columns[column])
    found = [*raw.findings, *([_finding(filled, assignment)] if filled else [])]
    return replace(raw, columns=columns), left, found


def fill_blocks(cells: RawColumn) -> RawColumn:
    """Return the column filled down where its blanks must be merged cells, else unchanged."""
    return _filled(cells) if _in_blocks(cells) and _mostly_blocks(cells) else cells


def _finding(filled: Mapping[str, int], assignment: Assignment) -> Finding:
    names = ", ".join(map(repr, list(filled)[:_SHOWN]))
    most = max(filled.values())
    message = f"{names}: written once per block of rows, like merged cells; {most} blank cells take the value above"
    counts = [name for name in _COUNTS if assignment.quantities.get(name) in filled]
    fix = "if that is wrong, write the value in every row"
    if counts:
        name = counts[0]
        fix = f'if that is wrong, leave the blanks out with units={{"{name}": "drop"}} (CLI: --unit {name}=drop)'
    return Finding("RUNS_MERGED_CELLS", Grade.WARN, message, most, fix)


def _merged(raw: RawTable, assignment: Assignment, left_out: Container[str]) -> Iterator[str]:
    """Yield the columns of merged cells, except those blank in the same rows as a column left out."""
    given = {
        name: column
        for name, column in assignment.quantities.items()
        if name not in left_out and _blank(raw.columns[column]).any()
    }
    run = assignment.quantities.get("run")
    named = run is not None and not _blank(raw.columns[run]).any()
    masks = []
    for name, column in given.items():
        if not _labels(name):
            continue
        cells = raw.columns[column]
        if named and run is not None and _run_has_it(raw.columns[run], cells):
            continue
        few = float(np.mean(_blank(cells))) < _MANY
        if _in_blocks(cells) and not few and _agrees(name, raw, assignment, strict=named or not _mostly_blocks(cells)):
            masks.append(_blank(cells))
            yield column
    for column, cells in raw.columns.items():
        blank = _blank(cells)
        if column in assignment.targets.values() or column in assignment.errors.values():
            continue
        settled = column in given.values() and any(column == of for name, of in given.items() if _labels(name))
        if blank.any() and not settled and any(np.array_equal(blank, mask) for mask in masks):
            yield column


def _labels(name: str) -> bool:
    """Return whether a sheet may write a quantity once per block: a count or a name, but not a result."""
    return name in _COUNTS or (QUANTITIES[name].kind == "text" and name != "state")


def _run_has_it(run: RawColumn, cells: RawColumn) -> bool:
    """Return whether each run has the value on some row, which its other rows then share."""
    blank = _blank(cells)
    have = {str(name) for name in run.values[~blank]}
    return any(str(name) in have for name in run.values[blank])


def _in_blocks(cells: RawColumn) -> bool:
    """Return whether the column begins with a value, has blanks, and no value repeats in the next block."""
    blank = _blank(cells)
    starts = np.flatnonzero(~blank)
    if not len(starts) or starts[0] != 0 or blank.sum() < _BLANKS:
        return False
    lengths = np.diff(np.append(starts, len(blank)))
    if len(starts) == 1 and lengths[0] < 3:
        return False
    values = [str(value).strip() for value in cells.values[starts]]
    return all(one != other for one, other in pairwise(values))


def _mostly_blocks(cells: RawColumn) -> bool:
    """Return whether blanks follow most values."""
    starts = np.flatnonzero(~_blank(cells))
    lengths = np.diff(np.append(starts, len(cells.values)))
    return bool(np.sum(lengths == 1) <= _SINGLE * len(starts))


def _agrees(name: str, raw: RawTable, assignment: Assignment, *, strict: bool) -> bool:
    """Return whether the other columns agree with the value of each block."""
    known = {
        each: read_numbers(_filled(raw.columns[column]) if each == name else raw.columns[column]).values
        for each, column in assignment.quantities.items()
        if each in _COUNTS
    }
    block = np.cumsum(~_blank(raw.columns[assignment.quantities[name]]))
    size = first_in(_N, known)
    if name in known and not _one_ratio(known, size, block):
        return False
    targets = [raw.columns[column] for target, column in assignment.targets.items() if target.startswith("loss")]
    other = "tokens" if name in _N else size if name == "tokens" else None
    if name not in _COUNTS or other not in known or other is None or not targets:
        return _mostly_blocks(raw.columns[assignment.quantities[name]])
    loss = read_numbers(targets[0]).values
    falls, explained = _falls(known[other], loss, block), _explained(known[name], known[other], loss)
    least = (1.0, _SURE) if strict else (_AGREE, _LIKELY)
    return (falls is None or falls >= least[0]) and (explained is None or explained >= least[1])


def _one_ratio(known: Mapping[str, Array], size: str | None, block: AnyArray) -> bool:
    """Return whether N D / C is constant within each block."""
    flops = first_in(("flops", "planned_flops"), known)
    if size is None or flops is None or "tokens" not in known:
        return True
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.log(known[size] * known["tokens"] / known[flops])
    first = ratio[np.searchsorted(block, block)]
    off = np.abs(ratio - first)[np.isfinite(ratio) & np.isfinite(first)]
    return not len(off) or float(off.max()) < _APART


def _falls(x: Array, y: Array, block: AnyArray) -> float | None:
    """Return the share of neighbours in a block whose loss falls as the other input rises."""
    same = block[1:] == block[:-1]
    with np.errstate(invalid="ignore", over="ignore"):
        rise, fall = np.diff(x), np.diff(y)
    seen = same & np.isfinite(rise) & np.isfinite(fall) & (rise != 0)
    return float(np.mean(np.sign(rise[seen]) == -np.sign(fall[seen]))) if seen.any() else None


def _explained(one: Array, other: Array, loss: Array) -> float | None:
    """Return R2 of log loss on N and D, both filled in."""
    with np.errstate(divide="ignore", invalid="ignore"):
        x, y, z = np.log(one), np.log(other), np.log(loss)
    there = np.isfinite(x) & np.isfinite(y) & np.isfinite(z)
    if there.sum() < _FEWEST or np.ptp(z[there]) == 0:
        return None
    design = np.column_stack([np.ones(int(there.sum())), x[there], y[there]])
    rest = z[there] - design @ np.linalg.lstsq(design, z[there], rcond=None)[0]
    return 1.0 - float(np.var(rest) / np.var(z[there]))


def _blank(cells: RawColumn) -> AnyArray:
    """Return a mask of cells that are empty, or NaN in a dataframe or dict."""
    return np.asarray(cells.missing | np.isnan(cells.values) if cells.numeric else cells.missing)


def _filled(cells: RawColumn) -> RawColumn:
    """Return the column with each blank cell set to the cell above."""
    blank = _blank(cells)
    source = np.maximum.accumulate(np.where(blank, -1, np.arange(len(blank))))
    there = source >= 0
    values = cells.values.copy()
    values[there] = cells.values[source[there]]
    return RawColumn(values, cells.missing & ~there)
