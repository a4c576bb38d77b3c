"""Ten rules for estimating scaling laws, after Choshen, Zhang and Andreas 2024 (arXiv 2410.11840), as findings.

The wording is ours, the numbers are theirs; ``docs/meta-analysis.md`` shows which hold on the tables we have.

code                  grade  when
GUIDE_NO_HELD_OUT     warn   rule 1: too few larger runs to hold out and measure a forecast's error
GUIDE_NO_SEEDS        warn   rule 2: no replicate runs, though seeds alone move a loss by up to 4 %
GUIDE_ENDS_ONLY       warn   rule 3: one value per run; checkpoints along the run would show more
GUIDE_EARLY           warn   rule 4: checkpoints of the first tenth of a run, or before 10B tokens, are among the values
GUIDE_FEW_SIZES       warn   rule 5: fewer than five sizes
GUIDE_FAR             warn   rule 6: the largest size is more than 34 times the next
GUIDE_A_THIRD         warn   rule 7: a run in flight has passed 30 % of its tokens, enough to forecast its end
GUIDE_BORROW          warn   rule 8: too few runs to fit exponents; borrow them from a similar family
GUIDE_FIVE_FREE       warn   rule 9: five free coefficients on few runs; three explain nearly all
GUIDE_POOLED          warn   rule 10: runs of several families, data sets or tokenizers in one table
"""

from collections.abc import Iterator

import numpy as np

from scalelaw.core.findings import Finding, Grade
from scalelaw.core.numbers import counted, format_number
from scalelaw.core.types import AnyArray, Array
from scalelaw.runs.observations import Observations
from scalelaw.runs.reducing.select import evaluations
from scalelaw.runs.table import RunTable

_TO_FIT, _TO_HOLD_OUT = 8, 4
_COMPUTE_SPAN = 3.0
_FIRST = 0.1
_SETTLED_TOKENS = 1e10
_FEWEST_SIZES = 5
_FARTHEST = 34.0
_A_THIRD, _NEARLY = 0.3, 0.98
_BORROW_BELOW = 5
_FREE_BELOW = 15
_SAME = 1e-3
_KINDS = ("params", "params_non_embedding", "params_active")
_FAMILIES = ("family", "dataset", "tokenizer", "recipe")
_SHOWN = 3


def check_guide(table: RunTable, observed: Observations) -> list[Finding]:
    """Return advice on this table by the ten rules.

    Args:
        table: the runs, finished or not.
        observed: the end points of one of its targets.
    """
    return [*_of_ends(observed), *_of_curves(table, observed), *_of_sizes(table), *_of_flights(table, observed.target)]


def _of_ends(observed: Observations) -> Iterator[Finding]:
    """Yield rules 1, 2, 8, 9 and 10, on end points."""
    count = len(observed)
    cost = observed.columns.get("flops", observed.columns.get("tokens"))
    if cost is None or not _can_hold_out(np.asarray(cost, float)):
        message = (
            f"no cut in compute leaves {_TO_FIT} runs below it and {_TO_HOLD_OUT} above, so a forecast cannot be tested"
        )
        yield _rule(
            "GUIDE_NO_HELD_OUT", message, count, f"train small runs over {_COMPUTE_SPAN:g}x of compute, then backtest"
        )
    if count and not _replicated(observed):
        message = "there are no replicate runs, so the seed noise is unknown (up to 4 % of the loss)"
        yield _rule("GUIDE_NO_SEEDS", message, count, "repeat one cheap run with another seed")
    if count < _BORROW_BELOW:
        message = f"{counted(count, 'run')} cannot determine the exponents"
        yield _rule("GUIDE_BORROW", message, count, 'borrow them: prior="literature" (CLI: --prior literature)')
    elif count < _FREE_BELOW:
        why = "Choshen et al. found that three explain most differences"
        message = f"{counted(count, 'run')} for five free coefficients; {why}"
        fix = 'borrow exponents with prior="literature" (CLI: --prior literature), or tie them: ties={"alpha": "beta"}'
        yield _rule("GUIDE_FIVE_FREE", message, count, fix)
    for name in _FAMILIES:
        levels = _levels(observed.columns[name]) if name in observed.columns else []
        if len(levels) > 1:
            some = ", ".join(levels[:_SHOWN]) + (", ..." if len(levels) > _SHOWN else "")
            message = f"one law is fitted to runs of {len(levels)} values of {name} ({some})"
            yield _rule("GUIDE_POOLED", message, count, f'fit each alone, e.g. where({name}="{levels[0]}")')
            return


def _of_curves(table: RunTable, observed: Observations) -> Iterator[Finding]:
    """Yield rules 3 and 4, on values along the runs."""
    at = evaluations(table, observed.target)
    run, count = table.evals["run"][at], len(observed)
    if len(at) == len(np.unique(run)):
        fix = "log the loss along each run; it shows the noise and whether the run finished"
        yield _rule("GUIDE_ENDS_ONLY", f"one value of {observed.target} per run", count, fix)
        return
    if "tokens" not in table.evals:
        return
    tokens = np.asarray(table.evals["tokens"][at], float)
    last = np.zeros(len(table))
    np.maximum.at(last, run, np.nan_to_num(tokens))
    with np.errstate(invalid="ignore"):
        early = (tokens < _FIRST * last[run]) | ((tokens < _SETTLED_TOKENS) & (last[run] > 2 * _SETTLED_TOKENS))
    if early.any():
        message = f"{int(early.sum())} of {len(at)} values of {observed.target} are from the start of a run"
        yield _rule("GUIDE_EARLY", message, int(early.sum()), 'leave them out of use="curves": table.after(0.1)')


def _of_sizes(table: RunTable) -> Iterator[Finding]:
    """Yield rules 5 and 6, on the number of sizes and the distance of the largest."""
    kind = next((name for name in _KINDS if name in table.runs), None)
    if kind is None:
        return
    sizes = _distinct(np.asarray(table.runs[kind], float))
    if 0 < len(sizes) < _FEWEST_SIZES:
        message = f"{counted(len(sizes), 'size')} of model: the noise of single runs dominates"
        yield _rule(
            "GUIDE_FEW_SIZES", message, len(table), f"train {_FEWEST_SIZES} or more, rather small ones than one large"
        )
    if len(sizes) > 1 and sizes[-1] > _FARTHEST * sizes[-2]:
        times = f"{sizes[-1] / sizes[-2]:.0f} times"
        size = f"{kind} {format_number(float(sizes[-1]))}"
        message = f"{size} is {times} the next size; Choshen et al. saw such gaps always fail"
        yield _rule("GUIDE_FAR", message, 1, "train a size in between")


def _of_flights(table: RunTable, target: str) -> Iterator[Finding]:
    """Yield rule 7, on unfinished runs that are far enough to forecast their end."""
    if "planned_tokens" not in table.runs or "tokens" not in table.evals:
        return
    at = evaluations(table, target)
    last = np.zeros(len(table))
    np.maximum.at(last, table.evals["run"][at], np.nan_to_num(np.asarray(table.evals["tokens"][at], float)))
    with np.errstate(invalid="ignore", divide="ignore"):
        share = last / np.asarray(table.runs["planned_tokens"], float)
        ripe = (share >= _A_THIRD) & (share < _NEARLY)
    if ripe.any():
        message = f"{counted(int(ripe.sum()), 'run')} in flight passed {_A_THIRD:.0%} of their planned tokens"
        yield _rule("GUIDE_A_THIRD", message, int(ripe.sum()), "`scalelaw extrapolate` forecasts where they end")


def _can_hold_out(cost: Array) -> bool:
    """Return whether some compute cut leaves enough runs below and above it."""
    ordered = np.sort(cost[np.isfinite(cost) & (cost > 0)])
    if len(ordered) < _TO_FIT + _TO_HOLD_OUT:
        return False
    return bool(
        ordered[-1] >= _COMPUTE_SPAN * ordered[-_TO_HOLD_OUT - 1]
        or ordered[-_TO_HOLD_OUT] >= _COMPUTE_SPAN * ordered[0]
    )


def _replicated(observed: Observations) -> bool:
    """Return whether two runs are replicates: equal in every recorded setting but the seed."""
    names = [name for name in (*_KINDS, "tokens", "flops", "lr", "batch_tokens") if name in observed.columns]
    if not names:
        return False
    columns = (np.clip(np.asarray(observed.columns[name], float), 1e-300, 1e300) for name in names)
    values = np.column_stack([np.log(column) for column in columns])
    rounded = np.round(np.nan_to_num(values) / _SAME).astype(np.int64)
    if observed.setting is not None:
        rounded = np.column_stack([rounded, observed.setting])
    return len(np.unique(rounded, axis=0)) < len(rounded)


def _distinct(sizes: Array) -> Array:
    """Return the sorted distinct sizes, merged within rounding."""
    ordered = np.sort(sizes[np.isfinite(sizes) & (sizes > 0)])
    return ordered[np.append(True, ordered[1:] > ordered[:-1] * 1.01)] if len(ordered) else ordered


def _levels(values: AnyArray) -> list[str]:
    return sorted({str(value) for value in values.tolist() if value is not None and value == value and str(value)})


def _rule(code: str, message: str, rows: int, fix: str) -> Finding:
    return Finding(code, Grade.WARN, message, rows, fix)
