"""A law of compute alone describes the best size of each budget: rows of several sizes at one budget are reduced to it.

code             grade  when
DESIGN_FRONTIER  warn   a law of compute was given runs of several sizes at one budget, and only the best are fitted
"""

from dataclasses import replace

import numpy as np

from scalelaw.core.direction import demerit
from scalelaw.core.findings import Finding, Grade
from scalelaw.core.numbers import counted
from scalelaw.core.types import AnyArray, Array
from scalelaw.laws import Law
from scalelaw.runs.observations import Observations

_ONE_BUDGET = 0.05
_ONE_SIZE = 0.02
_FEWEST_SIZES, _FEWEST_BUDGETS = 3, 2
_SIZES = ("params", "params_active", "params_non_embedding")


def on_frontier(law: Law, observed: Observations) -> Observations:
    """Return the rows a law of compute may be fitted to: of each budget with three sizes and more, the best size.

    Rows of other laws, checkpoints, and tables with fewer than two such budgets stay as they are.
    """
    size = next((name for name in _SIZES if name in observed.columns), None)
    if law.inputs != ("flops",) or size is None or "flops" not in observed.columns or observed.reduction == "curves":
        return observed
    params, flops = (np.asarray(observed.columns[name], float) for name in (size, "flops"))
    usable = np.isfinite(params) & np.isfinite(flops) & (params > 0) & (flops > 0) & np.isfinite(observed.y)
    kept, budgets = np.ones(len(observed), bool), 0
    for rows in _groups(np.flatnonzero(usable), flops, _ONE_BUDGET):
        sizes = _groups(rows, params, _ONE_SIZE)
        if len(sizes) < _FEWEST_SIZES:
            continue
        merit = demerit(observed.target, observed.y)
        best = min(sizes, key=lambda each: float(merit[each].min()))
        kept[rows] = np.isin(rows, best)
        budgets += 1
    if budgets < _FEWEST_BUDGETS:
        return observed
    left = int(np.sum(~kept))
    message = f"a law of compute describes the best size of a budget: of {budgets} budgets only that is fitted"
    fix = "fit a law of params and tokens, such as chinchilla, to use every run"
    aside = f"{counted(left, 'run')} {'is' if left == 1 else 'are'} set aside"
    finding = Finding("DESIGN_FRONTIER", Grade.WARN, f"{message}, and {aside}", left, fix)
    reduced = observed.keep(kept, "not the best size of its budget")
    return replace(reduced, findings=(*reduced.findings, finding))


def _groups(rows: AnyArray, values: Array, step: float) -> list[AnyArray]:
    """Return rows in groups of one value, a new one where the next is larger by more than a step."""
    if not len(rows):
        return []
    order = rows[np.argsort(values[rows], kind="stable")]
    apart = np.flatnonzero(np.diff(np.log(values[order])) > step) + 1
    return np.split(order, apart)
