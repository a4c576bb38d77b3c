"""Select the best run of each swept cell, with the selection noise and a warning where the sweep was too narrow."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from scalelaw.core.direction import demerit
from scalelaw.core.errors import BadInput
from scalelaw.core.findings import Finding, Grade
from scalelaw.core.numbers import format_number
from scalelaw.core.types import AnyArray, Array, frozen
from scalelaw.runs.checking.scores import check_scores
from scalelaw.runs.observations import Observations
from scalelaw.runs.reducing.exclusions import verdicts
from scalelaw.runs.reducing.select import check_left, last_evaluations, observe, without
from scalelaw.runs.reducing.split import check_split
from scalelaw.runs.reducing.suspects import with_suspects
from scalelaw.runs.reducing.sweeps import cells

if TYPE_CHECKING:
    from scalelaw.runs.table import RunTable

_FEWEST = 3
_MOST_NAMED = 3


@dataclass(frozen=True)
class _Sweep:
    """One cell: its runs, its usable runs and the best of those, as row numbers."""

    members: AnyArray
    usable: AnyArray
    best: int
    name: str


def best(table: "RunTable", target: str, over: Sequence[str]) -> Observations:
    """Return the best usable run of each cell; see ``RunTable.best``.

    Raises:
        BadInput: ``over`` is empty or names a column that is not numeric.
        BadTable: no run has a usable value.
    """
    swept = {name: _swept_column(table, name) for name in _named(over)}
    at = last_evaluations(table, target)
    run = table.evals["run"][at]
    ends = observe(table, target, at, "best")
    reasons = verdicts(table, target, at)
    check_left(without(ends, reasons))
    cell = cells(table, run, swept)
    merit = np.where(reasons == "", demerit(target, ends.y), np.inf)
    sweeps = [sweep for number in range(cell.max() + 1) if (sweep := _sweep(table, run, cell == number, merit))]
    values = {name: column[run] for name, column in swept.items()}
    chosen = np.array([sweep.best for sweep in sweeps])
    se = np.full(len(at), np.nan)
    se[chosen] = [_selection_se(ends.y, values, sweep) for sweep in sweeps]
    lost = (reasons == "") & ~np.isin(np.arange(len(at)), chosen)
    reasons[lost] = "not best of their cell"
    kept = without(replace(ends, se=frozen(se)), reasons)
    note = f"the best of each cell over {', '.join(swept)}: {len(sweeps)} cells of {len(at)} runs"
    found = [
        *_at_edges(values, reasons, sweeps),
        *_small(sweeps),
        *check_split(table, run[reasons == ""]),
        *check_scores(kept),
    ]
    kept = replace(kept, findings=(*kept.findings, *found), notes=(*kept.notes, note))
    return with_suspects(table, run[reasons == ""], kept)


def _named(over: Sequence[str]) -> tuple[str, ...]:
    names = (over,) if isinstance(over, str) else tuple(over)
    if not names:
        raise BadInput('best needs the swept columns, e.g. best(over=("lr", "batch_tokens"))')
    return names


def _swept_column(table: "RunTable", name: str) -> Array:
    values = table.values(name)
    if values.dtype != np.float64:
        raise BadInput(f"best(over={name!r}): {name} holds text; name a swept column of numbers")
    return values


def _sweep(table: "RunTable", run: AnyArray, mask: AnyArray, merit: Array) -> _Sweep | None:
    """Return the cell, or None without a usable run; ties go to the first run by name."""
    members = np.flatnonzero(mask)
    usable = members[np.isfinite(merit[members])]
    if not len(usable):
        return None
    names = table.runs["run"][run[usable]].astype(str) if "run" in table.runs else np.arange(len(usable))
    best = int(usable[np.lexsort((names, merit[usable]))[0]])
    sizes = [name for name in table.runs if name.startswith("params") or name == "tokens"]
    place = ", ".join(f"{name} {format_number(float(table.runs[name][run[best]]))}" for name in sizes)
    return _Sweep(members, usable, best, place)


def _selection_se(y: Array, values: dict[str, Array], sweep: _Sweep) -> float:
    """Return the selection noise: the residual sd of a quadratic bowl through the lowest runs of the cell.

    The bowl is in logarithms of the swept columns, without cross terms, through twice as many runs as coefficients.
    NaN where a cell has too few runs, or a swept value is zero.
    """
    varied = [name for name in values if len(np.unique(values[name][sweep.usable])) > 1]
    order = sweep.usable[np.argsort(np.abs(y[sweep.usable] - y[sweep.best]))]
    wanted = 2 * (1 + 2 * len(varied))
    near = order[:wanted]
    logs = np.array([values[name][near] for name in varied])
    if len(near) < wanted or not varied or not np.all(logs > 0):
        return float("nan")
    logs = np.log(logs)
    centred = (logs - logs.mean(axis=1, keepdims=True)) / logs.std(axis=1, keepdims=True).clip(1e-12)
    design = np.column_stack([np.ones(len(near)), *centred, *centred**2])
    coef, _, rank, _ = np.linalg.lstsq(design, y[near], rcond=None)
    residual = y[near] - design @ coef
    return float(np.sqrt(residual @ residual / (len(near) - rank)))


def _at_edges(values: dict[str, Array], reasons: AnyArray, sweeps: Sequence[_Sweep]) -> list[Finding]:
    """Warn of optima at an edge of the sweep; runs that diverged there count as tried."""
    edges = []
    for sweep in sweeps:
        diverged = [row for row in sweep.members if str(reasons[row]).startswith("diverged")]
        tried = np.array([*sweep.usable, *diverged], dtype=int)
        edges += [f"{sweep.name}: {edge}" for name in values if (edge := _edge(values, name, tried, sweep.best))]
    if not edges:
        return []
    message = f"{len(edges)} optim{'a lie' if len(edges) > 1 else 'um lies'} on the edge of the sweep ({_some(edges)})"
    fix = "extend the sweep there, or leave out these cells: their true optimum is better"
    return [Finding("RUNS_EDGE_OPTIMUM", Grade.WARN, message, len(edges), fix)]


def _edge(values: dict[str, Array], name: str, tried: AnyArray, best: int) -> str:
    """Return the side on which the best run has no neighbour in this column, empty if it has both.

    A neighbour is equal in every other swept column; without any such run, all runs of the cell count.
    """
    others = [column[tried] == column[best] for other, column in values.items() if other != name]
    alike = tried[np.logical_and.reduce([np.ones(len(tried), dtype=bool), *others])]
    for rows in (alike, tried):
        column = values[name]
        span = np.unique(column[rows][np.isfinite(column[rows])])
        if len(span) > 1:
            side = "lowest" if column[best] == span[0] else "highest" if column[best] == span[-1] else ""
            return f"{side} {name} {column[best]:g}" if side else ""
    return ""


def _small(sweeps: Sequence[_Sweep]) -> list[Finding]:
    small = sum(len(sweep.usable) < _FEWEST for sweep in sweeps)
    if not small:
        return []
    single = sum(len(sweep.usable) < 2 for sweep in sweeps)
    few = [f"{sweep.name}: {len(sweep.usable)}" for sweep in sweeps if 2 <= len(sweep.usable) < _FEWEST]
    pairs = f", {len(few)} by fewer than {_FEWEST} runs ({_some(few)})" if few else ""
    rest = f"; the other {single} {'have one run' if single != 1 else 'has one run'}" if single else ""
    message = f"{len(sweeps) - single} of {len(sweeps)} settings were swept{pairs}{rest}"
    return [Finding("RUNS_SMALL_CELL", Grade.WARN, message, small, "sweep all cells, or fit only the swept cells")]


def _some(texts: Sequence[str]) -> str:
    more = f"; ... {len(texts) - _MOST_NAMED} more" if len(texts) > _MOST_NAMED else ""
    return "; ".join(texts[:_MOST_NAMED]) + more
