"""Find budgets whose lowest loss is at the smallest or largest trained size.

code         grade  when
DESIGN_EDGE  warn   at the largest budgets the loss has no minimum between the trained sizes
"""

from collections.abc import Sequence

import numpy as np

from scalelaw.allocation.isoflop_spec import IsoFlopSpec
from scalelaw.allocation.sweep import Sweep, sweep
from scalelaw.core.errors import ScalelawError
from scalelaw.core.findings import Finding, Grade
from scalelaw.core.numbers import format_number
from scalelaw.core.types import Array
from scalelaw.runs.observations import Observations

CODE = "DESIGN_EDGE"
_FEWEST = 4
"""Sizes that a budget needs to be checked."""
_NEAREST = 5
"""Sizes at the end of a budget to which a parabola is fitted."""
_NEAR = 2.0
"""A budget within this factor of the largest counts as one of the largest."""
_NAMED = 3


def check_edges(observed: Observations, n: str) -> list[Finding]:
    """Warn if the largest budgets have their lowest loss at the smallest or largest trained size.

    Only budgets with four sizes or more are checked. A budget lacks a best size if a parabola through the sizes at that
    end has its minimum beyond the last size but one. The lowest loss does not show this: in a flat budget, noise can
    move it to the end.

    Args:
        observed: rows of one target.
        n: kind of N.
    """
    spec = IsoFlopSpec(n=n)
    try:
        whole = sweep(observed, n, None, spec.tolerance)
    except ScalelawError:
        return []
    sides = {at: _side(*_profile(whole, at)) for at in range(len(whole)) if whole.sizes[at] >= _FEWEST}
    if not sides or whole.flops[max(sides)] * _NEAR < np.max(np.asarray(observed.columns["flops"], float)):
        return []
    top: list[int] = []
    for at in sorted(sides, reverse=True):
        if sides[at] == 0 or (top and sides[at] != sides[top[0]]):
            break
        top.append(at)
    return [_said(whole, top[::-1], sides[top[0]], len(sides))] if top else []


def _profile(whole: Sweep, at: int) -> tuple[Array, Array]:
    """Return ln N and loss of the distinct sizes of a budget, ascending, with the best run of each size."""
    mine = whole.group == at
    size, loss = np.log(np.asarray(whole.rows.columns[whole.n], float))[mine], whole.rows.y[mine]
    sizes = np.unique(size)
    return sizes, np.array([loss[size == each].min() for each in sizes])


def _side(size: Array, loss: Array) -> int:
    """Return 1 if the loss still falls at the largest size, -1 if at the smallest, 0 if it has a minimum between."""
    best = int(np.argmin(loss))
    if best not in (0, len(size) - 1):
        return 0
    side = 1 if best else -1
    t, y = (side * size)[::side][-_NEAREST:], loss[::side][-_NEAREST:]
    bend, slope, _ = np.polyfit(t - t[-1], y, 2)
    return side if bend <= 0 or -slope / (2 * bend) > t[-2] - t[-1] else 0


def _said(whole: Sweep, top: Sequence[int], side: int, known: int) -> Finding:
    """Return the warning that names these budgets."""
    which = "the largest budget" if len(top) == 1 else f"the {len(top)} largest budgets"
    named = ", ".join(format_number(float(whole.flops[at]), 3) for at in top[-_NAMED:])
    more = f" and {len(top) - _NAMED} more" if len(top) > _NAMED else ""
    end, word = ("largest", "larger") if side > 0 else ("smallest", "smaller")
    ends = np.exp([_profile(whole, at)[0][-1 if side > 0 else 0] for at in top])
    size = format_number(float(ends[-1]), 3)
    at_end = f"the {end} size trained, {size}" if np.allclose(ends, ends[-1]) else f"the {end} size trained"
    has, there = ("has", "this budget") if len(top) == 1 else ("have", "these budgets")
    message = (
        f"{which} of {known} ({named}{more} FLOP) {has} no best size between the trained ones: the loss is lowest at "
        f"{at_end}, so the planned size is extrapolated"
    )
    return Finding(CODE, Grade.WARN, message, int(np.isin(whole.group, top).sum()), f"train {word} sizes at {there}")
