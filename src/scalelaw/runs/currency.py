"""Detect how a table counts compute: C = 6 N D, or its own FLOPs (with attention and output head, or with less).

code                 grade  when
DESIGN_STATED_FLOPS  warn   the stated FLOPs differ from 6 N D by more than 1.5 times
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np

from scalelaw.accounting.cost import StatedCost
from scalelaw.accounting.flops import BY_CONVENTION, COUNTINGS, FLOPS_PER_PARAM_TOKEN, counting_for
from scalelaw.accounting.stated import stated_cost
from scalelaw.core.findings import Finding, Grade
from scalelaw.core.types import AnyArray
from scalelaw.runs.observations import Observations

_FAR = 1.5
_SAME = 1e-12


def states_flops(columns: Iterable[str], notes: Iterable[str]) -> bool:
    """Return whether a table has FLOPs that are not derived from its N and D."""
    return "flops" in columns and not any(note.startswith("flops = ") and BY_CONVENTION in note for note in notes)


def currency(observed: Observations, inputs: Sequence[str]) -> StatedCost | None:
    """Return the stated C / (6 N D) by size; None where that is 1, or N or D is not an input.

    Args:
        observed: the rows.
        inputs: quantities the law takes; the first kind of N among them counts.
    """
    kind = next((name for name in inputs if name in COUNTINGS), None)
    if kind is None or "tokens" not in inputs or not {kind, "tokens"} <= set(observed.columns):
        return None
    if not states_flops(observed.columns, observed.notes):
        return None
    return stated_cost(_log_factor(observed, kind), observed.inputs([kind])[kind])


def by_convention(observed: Observations) -> Observations:
    """Mark the rows, by a note, so that compute counts as 6 N D whatever the table states."""
    return replace(observed, notes=(*observed.notes, f"flops = 6 N D, {BY_CONVENTION}"))


def check_currency(observed: Observations, inputs: Sequence[str]) -> list[Finding]:
    """Warn where the stated FLOPs are far from 6 N D, with both numbers."""
    cost = currency(observed, inputs)
    if cost is None or max(cost.range[1], 1 / cost.range[0]) <= _FAR:
        return []
    kind = next(name for name in inputs if name in COUNTINGS)
    if any(_is_plain(observed, other) for other in COUNTINGS if other in observed.columns):
        return []
    y = _log_factor(observed, kind)
    at = int(np.nanargmax(np.where(np.isfinite(y), np.abs(y), np.nan)))
    stated, plain = float(observed.inputs(["flops"])["flops"][at]), float(_plain(observed, kind)[at])
    low, high = (f"{end:.3g}" for end in cost.range)
    times = f"{low} to {high}" if low != high else low
    message = (
        f"the table's flops are {times} times 6 x {kind} x tokens (most in a run with {stated:.3g} FLOP, where "
        f"6 N D is {plain:.3g}); compute is counted as in the table"
    )
    six = f"flops={FLOPS_PER_PARAM_TOKEN:g}*{kind}*tokens"
    fix = f'budgets are in the table\'s FLOPs; to use 6 N D instead, derive it (CLI: --derive "{six}")'
    return [Finding("DESIGN_STATED_FLOPS", Grade.WARN, message, len(observed), fix)]


def _is_plain(observed: Observations, kind: str) -> bool:
    """Return whether the stated compute is exactly 6 N D with this kind of N."""
    y = _log_factor(observed, kind)
    return bool(np.isfinite(y).any() and np.nanmax(np.abs(y)) < _SAME)


def _plain(observed: Observations, kind: str) -> AnyArray:
    x = observed.inputs([kind, "tokens"])
    return counting_for(kind).flops(x[kind], x["tokens"])


def _log_factor(observed: Observations, kind: str) -> AnyArray:
    """Return ln(C / (6 N D)) of each row, NaN where unknown."""
    with np.errstate(all="ignore"):
        ratio = observed.inputs(["flops"])["flops"] / _plain(observed, kind)
        return np.asarray(np.where(ratio > 0, np.log(ratio), math.nan))
