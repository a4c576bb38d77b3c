"""Exclude runs that are not a valid (N, D, loss) point, each for one reason, the first that holds.

The order: deleted and impossible runs, runs that a later one replaced, then runs without a finished model (diverged,
unfinished, undecayed). A learning rate at a tenth of its peak counts as decayed.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from scalelaw.core.findings import Finding, Grade
from scalelaw.core.nouns.brief import Brief
from scalelaw.core.numbers import counted
from scalelaw.core.quantities import SHARES
from scalelaw.core.types import AnyArray, Array
from scalelaw.runs.checking.values import outside
from scalelaw.runs.reducing.states import DELETED, UNFINISHED, states
from scalelaw.runs.reducing.superseded import superseded

if TYPE_CHECKING:
    from scalelaw.runs.table import RunTable

_REACHED = 0.98
_FLOOR = 0.12
_FAR_ABOVE = 1.5
_LARGEST_VOCABULARY = 262_144


@dataclass(frozen=True, eq=False)
class Exclusion(Brief):
    """A reason to exclude some evaluations.

    Attributes:
        where: the evaluations, (n,).
        reason: the reason in words, shown to the user.
        code: finding code, empty where ``check_values`` reports it.
    """

    where: AnyArray
    reason: str
    code: str = ""


def verdicts(table: "RunTable", target: str, at: AnyArray) -> AnyArray:
    """Return the reason to exclude each evaluation as an end point, empty where it is valid.

    Args:
        table: the runs.
        target: one of its targets.
        at: entry of one evaluation per run, in any order, (n,).
    """
    return first_reasons([*against_runs(table, table.evals["run"][at]), *_against_ends(table, target, at)], len(at))


def first_reasons(objections: list[Exclusion], count: int) -> AnyArray:
    """Return the first reason that holds for each evaluation, empty without one, (count,)."""
    reasons = np.full(count, "", dtype=object)
    for objection in objections:
        reasons[objection.where & (reasons == "")] = objection.reason
    return reasons


def check_runs(table: "RunTable", ends: Mapping[str, AnyArray]) -> list[Finding]:
    """Return one finding for each exclusion that single values do not show.

    Args:
        table: the runs.
        ends: target -> entry of the last evaluation of each run.
    """
    found: dict[tuple[str, str], AnyArray] = {}
    for target, at in ends.items():
        run, open_ = table.evals["run"][at], np.ones(len(at), dtype=bool)
        for objection in (*against_runs(table, run), *_against_ends(table, target, at)):
            mask = found.setdefault((objection.code, objection.reason), np.zeros(len(table), dtype=bool))
            mask[run[objection.where & open_]] = True
            open_ &= ~objection.where
    return [
        Finding(code, Grade.SET_ASIDE, f"{reason} in {counted(count, 'run')}", count)
        for (code, reason), mask in found.items()
        if code and (count := int(mask.sum()))
    ]


def against_values(target: str, values: Array) -> Iterator[Exclusion]:
    """Yield values outside the target's valid range."""
    yield Exclusion(np.isnan(values), f"diverged: {target} is NaN")
    yield Exclusion(np.isinf(values), f"diverged: {target} is infinite")
    with np.errstate(invalid="ignore"):
        metric = target.partition("@")[0]
        words = "outside [0, 1]" if metric in SHARES else "not positive"
        yield Exclusion(outside(metric, values), f"impossible: {target} is {words}")


def against_runs(table: "RunTable", run: AnyArray) -> Iterator[Exclusion]:
    """Yield the runs that no reduction may use: deleted, impossible or superseded."""
    state = states(table.runs, len(table))[run]
    yield Exclusion(np.isin(state, list(DELETED)), "deleted", "RUNS_DELETED")
    with np.errstate(invalid="ignore"):
        for small, large in (("top_k", "experts"), ("params_active", "params")):
            over = _numbers(table, small) > _numbers(table, large)
            yield Exclusion(over[run], f"impossible: {small} is above {large}", "RUNS_IMPOSSIBLE")
    for mask, reason in superseded(table.runs, len(table)):
        yield Exclusion(mask[run], reason, "RUNS_SUPERSEDED")


def against_diverged(table: "RunTable", target: str, at: AnyArray) -> Iterator[Exclusion]:
    """Yield losses at the level of guessing, and losses far above the lowest loss of the same run.

    Guessing costs ln(vocabulary). An unknown vocabulary is taken to be the largest in use, so that only losses above
    any guess are excluded. If half of all runs lie above that level, the loss is not per token and nothing is excluded.
    """
    if target.partition("@")[0] != "loss":
        return
    run, values = table.evals["run"][at], table.evals["value"][at]
    vocabulary = _numbers(table, "vocab_size")[run]
    with np.errstate(invalid="ignore", divide="ignore"):
        guessing = np.log(np.where(vocabulary > 1, vocabulary, np.nan))
        known = values >= guessing
        unknown = np.isnan(guessing) & (values >= math.log(_LARGEST_VOCABULARY))
        far = values / _FAR_ABOVE > _best_of_run(table, target)[run]
    for size in np.unique(vocabulary[known]):
        text = f"diverged: {target} is at or above ln({size:.0f}) = {math.log(size):.3f}"
        yield Exclusion(known & (vocabulary == size), text, "RUNS_DIVERGED")
    if 2 * unknown.sum() < len(values):
        text = f"diverged: {target} is above ln({_LARGEST_VOCABULARY}), worse than guessing any token"
        yield Exclusion(unknown, text, "RUNS_DIVERGED")
    yield Exclusion(far, f"diverged: {target} ends far above the best value of the run", "RUNS_DIVERGED")


def _against_ends(table: "RunTable", target: str, at: AnyArray) -> Iterator[Exclusion]:
    run = table.evals["run"][at]
    yield from against_values(target, table.evals["value"][at])
    yield from against_diverged(table, target, at)
    state = states(table.runs, len(table))[run]
    for unfinished in sorted(UNFINISHED & set(state.tolist())):
        yield Exclusion(state == unfinished, f"unfinished: {unfinished}", "RUNS_UNFINISHED")
    if "weight" in table.runs:
        yield Exclusion(~(_numbers(table, "weight")[run] > 0), "no positive weight")
    yield Exclusion(_undecayed(table, at), "undecayed: the learning rate is not at its end", "RUNS_UNDECAYED")
    for done, planned in (("tokens", "planned_tokens"), ("steps", "planned_steps")):
        with np.errstate(invalid="ignore", divide="ignore"):
            short = _at(table, done, at) / _numbers(table, planned)[run] < _REACHED
        yield Exclusion(short, f"unfinished: stopped before its {planned}", "RUNS_UNFINISHED")


def _undecayed(table: "RunTable", at: AnyArray) -> AnyArray:
    """Return where the learning rate had not decayed, by the column ``decayed`` or by its size."""
    stated = _at(table, "decayed", at)
    with np.errstate(invalid="ignore", divide="ignore"):
        high = _at(table, "lr_now", at) / _numbers(table, "lr")[table.evals["run"][at]] > _FLOOR
    return np.asarray(np.where(np.isnan(stated), high, stated == 0))


def _best_of_run(table: "RunTable", target: str) -> Array:
    """Return the lowest positive value of each run, infinite without one."""
    best = np.full(len(table), np.inf)
    at = np.flatnonzero(table.evals["target"] == target)
    values = table.evals["value"][at]
    positive = np.nan_to_num(values) > 0
    np.minimum.at(best, table.evals["run"][at][positive], values[positive])
    return best


def _numbers(table: "RunTable", name: str) -> Array:
    """Return a numeric column, NaN where the table lacks it."""
    if name not in table.runs or table.runs[name].dtype != np.float64:
        return np.full(len(table), np.nan)
    return table.runs[name]


def _at(table: "RunTable", name: str, at: AnyArray) -> Array:
    """Return a quantity at these evaluations: the value of the evaluation, else of its run."""
    of_run = _numbers(table, name)[table.evals["run"][at]]
    return np.asarray(table.evals[name][at], float) if name in table.evals else of_run
