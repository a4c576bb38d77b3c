"""Keep the best size of each budget when compute is the law's only input.

code             grade  when
DESIGN_FRONTIER  warn   a law of compute got runs of several sizes at one budget; only the best size is fitted
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
    """Return the rows to fit a law of compute to: only the best size of each budget with three or more sizes.

    Rows for other laws, checkpoints, and tables with fewer than two such budgets stay unchanged.
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
    message = f"a law of compute needs the best size of each budget: {budgets} budgets have several sizes"
    fix = "fit a law of params and tokens, such as chinchilla, to use every run"
    excluded = f"{counted(left, 'run')} of other sizes {'is' if left == 1 else 'are'} excluded"
    finding = Finding("DESIGN_FRONTIER", Grade.WARN, f"{message}, so {excluded}", left, fix)
    reduced = observed.keep(kept, "not the best size of its budget")
    return replace(reduced, findings=(*reduced.findings, finding))


def _groups(rows: AnyArray, values: Array, step: float) -> list[AnyArray]:
    """Return rows grouped by value; a new group starts where the next value is larger by more than a step."""
    if not len(rows):
        return []
    order = rows[np.argsort(values[rows], kind="stable")]
    apart = np.flatnonzero(np.diff(np.log(values[order])) > step) + 1
    return np.split(order, apart)
