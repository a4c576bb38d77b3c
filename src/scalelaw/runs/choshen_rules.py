"""Ten rules for whoever estimates scaling laws, after Choshen, Zhang and Andreas 2024 (arXiv 2410.11840), as findings.

The rules are in our words and numbers of theirs; ``docs/meta-analysis.md`` says which hold on the tables we have.

code                  grade  when
GUIDE_NO_HELD_OUT     warn   rule 1: too few larger runs to hold out, so that no error of a forecast can be measured
GUIDE_NO_SEEDS        warn   rule 2: no run has a replicate, and seeds alone move a loss by up to 4 %
GUIDE_ENDS_ONLY       warn   rule 3: one value a run, where checkpoints along the run would show more
GUIDE_EARLY           warn   rule 4: checkpoints of the first tenth of a run, or before 10B tokens, are among the values
GUIDE_FEW_SIZES       warn   rule 5: fewer than five sizes
GUIDE_FAR             warn   rule 6: the largest size is more than 34 times the next
GUIDE_A_THIRD         warn   rule 7: a run in flight has passed 30 % of its tokens, and its end can be forecast
GUIDE_BORROW          warn   rule 8: so few runs that exponents are better borrowed from a similar family
GUIDE_FIVE_FREE       warn   rule 9: five free coefficients on few runs, where three explain nearly all
GUIDE_POOLED          warn   rule 10: runs of several families, data sets or tokenizers in one table
"""

from collections.abc import Iterator

import numpy as np

from scalelaw.core.findings import Finding, Grade
from scalelaw.core.numbers import format_number
from scalelaw.core.types import AnyArray, Array
from scalelaw.runs.observations import Observations
from scalelaw.runs.reducing.select import evaluations
from scalelaw.runs.table import RunTable

_TO_FIT, _TO_HOLD_OUT = 8, 4
_DEARER = 3.0
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
    """Return what the guide would do otherwise with this table.

    Args:
        table: the runs, finished or not.
        observed: the end points of one of its targets.
    """
    return [*_of_ends(observed), *_of_curves(table, observed), *_of_sizes(table), *_of_flights(table, observed.target)]


def _of_ends(observed: Observations) -> Iterator[Finding]:
    """Yield rules 1, 2, 8, 9 and 10: what the end points are good for."""
    count = len(observed)
    cost = observed.columns.get("flops", observed.columns.get("tokens"))
    if cost is None or not _can_hold_out(np.asarray(cost, float)):
        message = f"no {_TO_HOLD_OUT} runs took more compute than {_TO_FIT} others: they can test no forecast"
        yield _rule(
            "GUIDE_NO_HELD_OUT", message, count, f"train small runs over {_DEARER:g}x of compute, then backtest"
        )
    if count and not _replicated(observed):
        message = "no run was trained twice alike, so that the noise of a seed is unknown (up to 4 % of the loss)"
        yield _rule("GUIDE_NO_SEEDS", message, count, "train one cheap run again with another seed")
    if count < _BORROW_BELOW:
        message = f"{_runs(count)} cannot determine the exponents"
        yield _rule("GUIDE_BORROW", message, count, 'borrow them: prior="literature" (CLI: --prior literature)')
    elif count < _FREE_BELOW:
        message = f"five free coefficients on {_runs(count)}, where three explain most of what differs between families"
        fix = 'borrow some with prior="literature" (CLI: --prior literature), or share them with ties={"alpha": "beta"}'
        yield _rule("GUIDE_FIVE_FREE", message, count, fix)
    for name in _FAMILIES:
        levels = _levels(observed.columns[name]) if name in observed.columns else []
        if len(levels) > 1:
            some = ", ".join(levels[:_SHOWN]) + (", ..." if len(levels) > _SHOWN else "")
            message = f"runs of {len(levels)} values of {name} ({some}) in one law"
            yield _rule("GUIDE_POOLED", message, count, f'fit each by itself, where({name}="{levels[0]}")')
            return


def _of_curves(table: RunTable, observed: Observations) -> Iterator[Finding]:
    """Yield rules 3 and 4: what the values along the runs are good for."""
    at = evaluations(table, observed.target)
    run, count = table.evals["run"][at], len(observed)
    if len(at) == len(np.unique(run)):
        fix = "log the loss along each run; it shows the noise, and whether the run came to its end"
        yield _rule("GUIDE_ENDS_ONLY", f"one value of {observed.target} a run", count, fix)
        return
    if "tokens" not in table.evals:
        return
    tokens = np.asarray(table.evals["tokens"][at], float)
    last = np.zeros(len(table))
    np.maximum.at(last, run, np.nan_to_num(tokens))
    with np.errstate(invalid="ignore"):
        early = (tokens < _FIRST * last[run]) | ((tokens < _SETTLED_TOKENS) & (last[run] > 2 * _SETTLED_TOKENS))
    if early.any():
        message = f"{int(early.sum())} of {len(at)} values of {observed.target} are of the start of a run"
        yield _rule("GUIDE_EARLY", message, int(early.sum()), 'leave them out of use="curves": table.after(0.1)')


def _of_sizes(table: RunTable) -> Iterator[Finding]:
    """Yield rules 5 and 6: how many sizes there are, and how far the largest is from the others."""
    kind = next((name for name in _KINDS if name in table.runs), None)
    if kind is None:
        return
    sizes = _distinct(np.asarray(table.runs[kind], float))
    if 0 < len(sizes) < _FEWEST_SIZES:
        message = f"{len(sizes)} size{'' if len(sizes) == 1 else 's'} of model: noise of single runs shows through"
        yield _rule(
            "GUIDE_FEW_SIZES", message, len(table), f"train {_FEWEST_SIZES} or more, small ones rather than one large"
        )
    if len(sizes) > 1 and sizes[-1] > _FARTHEST * sizes[-2]:
        times = f"{sizes[-1] / sizes[-2]:.0f} times"
        message = (
            f"{kind} {format_number(float(sizes[-1]))} is {times} the next size, beyond what was ever seen to work"
        )
        yield _rule("GUIDE_FAR", message, 1, "train a size in between")


def _of_flights(table: RunTable, target: str) -> Iterator[Finding]:
    """Yield rule 7: runs under way that are far enough to be carried on."""
    if "planned_tokens" not in table.runs or "tokens" not in table.evals:
        return
    at = evaluations(table, target)
    last = np.zeros(len(table))
    np.maximum.at(last, table.evals["run"][at], np.nan_to_num(np.asarray(table.evals["tokens"][at], float)))
    with np.errstate(invalid="ignore", divide="ignore"):
        share = last / np.asarray(table.runs["planned_tokens"], float)
        ripe = (share >= _A_THIRD) & (share < _NEARLY)
    if ripe.any():
        message = f"{_runs(int(ripe.sum()))} under way past {_A_THIRD:.0%} of the tokens planned"
        yield _rule("GUIDE_A_THIRD", message, int(ripe.sum()), "`scalelaw extrapolate` forecasts where they end")


def _can_hold_out(cost: Array) -> bool:
    """Return whether some cut leaves enough runs below it, and enough above that took still more."""
    ordered = np.sort(cost[np.isfinite(cost) & (cost > 0)])
    if len(ordered) < _TO_FIT + _TO_HOLD_OUT:
        return False
    return bool(ordered[-1] >= _DEARER * ordered[-_TO_HOLD_OUT - 1] or ordered[-_TO_HOLD_OUT] >= _DEARER * ordered[0])


def _replicated(observed: Observations) -> bool:
    """Return whether two runs differ in nothing recorded but their seed."""
    names = [name for name in (*_KINDS, "tokens", "flops", "lr", "batch_tokens") if name in observed.columns]
    if not names:
        return False
    values = np.column_stack([np.log(np.maximum(np.asarray(observed.columns[name], float), 1e-300)) for name in names])
    rounded = np.round(np.nan_to_num(values) / _SAME).astype(np.int64)
    if observed.setting is not None:
        rounded = np.column_stack([rounded, observed.setting])
    return len(np.unique(rounded, axis=0)) < len(rounded)


def _distinct(sizes: Array) -> Array:
    """Return the sizes in order, those within rounding of each other once."""
    ordered = np.sort(sizes[np.isfinite(sizes) & (sizes > 0)])
    return ordered[np.append(True, ordered[1:] > ordered[:-1] * 1.01)] if len(ordered) else ordered


def _levels(values: AnyArray) -> list[str]:
    return sorted({str(value) for value in values.tolist() if value is not None and value == value and str(value)})


def _runs(count: int) -> str:
    return f"{count} run{'' if count == 1 else 's'}"


def _rule(code: str, message: str, rows: int, fix: str) -> Finding:
    return Finding(code, Grade.WARN, message, rows, fix)
