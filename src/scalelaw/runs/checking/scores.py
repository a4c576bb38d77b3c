"""Check the rows of a score or an error: items, chance, direction, and what one target pools.

code                grade  when
RUNS_NO_ITEMS       warn   neither the items behind a score nor its standard error are known
RUNS_BELOW_CHANCE   warn   many runs score significantly below the chance level
RUNS_TURNED_SCORE   warn   a score falls as compute grows, as an error does, or an error rises as a score does
RUNS_POOLED_SCORES  warn   one target pools numbers of shots, acc with acc_norm, or harnesses
"""

import shlex
from collections.abc import Iterable, Iterator
from dataclasses import replace

import numpy as np

from scalelaw.core.benchmarks.spelt import read_benchmark
from scalelaw.core.findings import Finding, Grade
from scalelaw.core.numbers import counted
from scalelaw.core.quantities import SHARES, first_in, spelling
from scalelaw.core.types import AnyArray, Array
from scalelaw.runs.observations import Observations

CODES = frozenset({"RUNS_NO_ITEMS", "RUNS_BELOW_CHANCE", "RUNS_TURNED_SCORE", "RUNS_POOLED_SCORES"})
_SIGNIFICANT = 1e-3
_MARGIN = 0.1
"""Least distance below chance, relative to it: a model that always gives one answer scores a little below it."""
_MARGIN_UNKNOWN = 0.15
_MANY, _FEWEST_BELOW = 0.2, 3
_FEWEST, _FALLING, _SURELY_FALLING = 5, -0.7, -0.9
_SHOTS = frozenset(
    {"shots", "shot", "n_shots", "n_shot", "nshot", "nshots", "num_shots", "num_fewshot", "fewshot", "few_shot",
     "n_fewshot", "k_shot"}
)  # fmt: skip
_METRIC = frozenset({"metric", "metric_name", "score_metric", "acc_metric", "score_type"})
_SETS = frozenset({"benchmark", "benchmark_name", "task", "task_name"})
_HARNESS = frozenset({"harness", "eval_harness", "harness_version", "evaluator"})
_MOST_LEVELS, _SHOWN = 6, 3


def check_scores(observed: Observations) -> list[Finding]:
    """Return the findings on rows of a score or an error; none for other targets."""
    if observed.target.partition("@")[0] not in SHARES or not len(observed):
        return []
    turned = _turned(observed)
    return [*_no_items(observed), *(turned or _below_chance(observed)), *_pooled(observed)]


def joined_by_code(findings: Iterable[Finding]) -> list[Finding]:
    """Join findings of one code in ``CODES`` over targets: keep the first and add the number of other targets."""
    kept, alike = list[Finding](), dict[tuple[str, str], list[Finding]]()
    for each in findings:
        if each.code in CODES:
            alike.setdefault((each.code, each.message.partition(" ")[2]), []).append(each)
        else:
            kept.append(each)
    for same in alike.values():
        names = list(dict.fromkeys(each.message.partition(" ")[0] for each in same))
        more = f" and {counted(len(names) - _SHOWN, 'more target')}" if len(names) > _SHOWN else ""
        message = f"{', '.join(names[:_SHOWN])}{more} {same[0].message.partition(' ')[2]}"
        kept.append(replace(same[0], message=message) if len(names) > 1 else same[0])
    return kept


def _no_items(observed: Observations) -> Iterator[Finding]:
    items = observed.columns.get("n_items")
    known = np.zeros(len(observed), dtype=bool) if items is None else np.asarray(items, float) > 0
    if observed.se is not None:
        known |= np.isfinite(observed.se)
    lacking = int(np.sum(~known))
    if not lacking:
        return
    name = observed.target.partition("@")[2]
    column = f"n_items_{name}" if name else "n_items"
    which = "" if lacking == len(observed) else f" in {counted(lacking, 'run')}"
    message = f"{observed.target} with unknown noise: neither a number of items nor a standard error is known{which}"
    fix = f"add a column {column!r}; without it intervals leave out the noise of the items"
    yield Finding("RUNS_NO_ITEMS", Grade.WARN, message, lacking, fix)


def _below_chance(observed: Observations) -> list[Finding]:
    """Warn where many scores are below chance by more than items and one-sided answers explain."""
    from scipy.special import betainc

    chance = np.asarray(observed.columns.get("chance", np.full(len(observed), np.nan)), float)
    score = _scores(observed)
    items = np.asarray(observed.columns.get("n_items", np.full(len(observed), np.nan)), float)
    with np.errstate(invalid="ignore"):
        right = np.round(score * items)
        tail = betainc(np.maximum(np.round(items) - right, 1e-9), right + 1, 1 - chance)  # P(as few right or fewer)
        known = np.isfinite(tail)
        below = np.where(
            known, (tail < _SIGNIFICANT) & (score < (1 - _MARGIN) * chance), score < (1 - _MARGIN_UNKNOWN) * chance
        )
    count = int(np.sum(below))
    if count < max(_FEWEST_BELOW, _MANY * len(observed)):
        return []
    name = observed.target.partition("@")[2] or observed.target
    level = float(np.nanmedian(chance[below]))
    message = (
        f"{observed.target} is below its chance level {level:.4g} in {count} of {len(observed)} runs, by more "
        f"than items explain (lowest score {float(np.nanmin(score)):.3g})"
    )
    fix = (
        f'check the level, and state another with chance={{"{name}": ...}} (CLI: --chance {name}=...); questions '
        "chosen to mislead small models also score below it"
    )
    return [Finding("RUNS_BELOW_CHANCE", Grade.WARN, message, count, fix)]


def _turned(observed: Observations) -> list[Finding]:
    """Warn of scores that fall as compute grows from where errors start, and of errors that rise."""
    axis = first_in(("flops", "tokens", "params", "params_non_embedding", "params_active"), observed.columns)
    if axis is None:
        return []
    x, score = np.asarray(observed.columns[axis], float), _scores(observed)
    there = np.isfinite(x) & np.isfinite(score)
    if np.sum(there) < _FEWEST or len(np.unique(x[there])) < _FEWEST:
        return []
    x, score = x[there], score[there]
    order = np.argsort(x, kind="stable")
    third = max(len(order) // 3, 1)
    start, end = float(score[order[:third]].mean()), float(score[order[-third:]].mean())
    chance = np.asarray(observed.columns.get("chance", np.full(len(there), np.nan)), float)[there]
    level = float(np.nanmedian(chance)) if np.isfinite(chance).any() else float("nan")
    trend = _rank_correlation(x, score)
    starts_as_error = end < level if level == 0.5 else abs(start - (1 - level)) < abs(start - level)
    if trend > (_FALLING if np.isfinite(level) and starts_as_error else _SURELY_FALLING) or (
        np.isfinite(level) and not starts_as_error
    ):
        return []
    metric, _, eval_set = observed.target.partition("@")
    other = "error" if metric == "score" else "score"
    ends = (start, end) if metric == "score" else (1 - start, 1 - end)
    moves = "falls" if metric == "score" else "rises"
    message = (
        f"{observed.target} {moves} from {ends[0]:.3g} to {ends[1]:.3g} as {axis} grow, "
        f"as {'an error' if other == 'error' else 'a score'} does"
    )
    named = f"{other}@{eval_set}" if eval_set else other
    column = observed.others.origins.get(observed.target, observed.target) if observed.others else observed.target
    option = shlex.quote(f"{named}={column}")
    fix = f'if it is one, name it so with columns={{"{named}": "{column}"}} (CLI: --column {option})'
    return [Finding("RUNS_TURNED_SCORE", Grade.WARN, message, len(observed), fix)]


def _pooled(observed: Observations) -> Iterator[Finding]:
    """Warn of columns, or names of runs, by which one target pools several ways to evaluate."""
    others = observed.others
    for name, cells in (others.columns if others else {}).items():
        what = _kind(name)
        if what is not None and others is not None:
            yield from _of_levels(observed, what, name, _texts(cells[others.run]))
    shots = [read_benchmark(str(name)).shots for name in observed.run_names()]
    if len(set(shots) - {None}) > 1:
        texts = np.array(["" if each is None else str(each) for each in shots], dtype=object)
        yield from _of_levels(observed, "numbers of shots", "", texts)


def _kind(name: str) -> str | None:
    word = spelling(name)
    for known, what in (
        (_SHOTS, "numbers of shots"),
        (_METRIC, "metrics"),
        (_HARNESS, "harnesses"),
        (_SETS, "benchmarks"),
    ):
        if word in known:
            return what
    return None


def _of_levels(observed: Observations, what: str, column: str, texts: AnyArray) -> Iterator[Finding]:
    levels, count = np.unique(texts[texts != ""].astype(str), return_counts=True)
    if not 2 <= len(levels) <= _MOST_LEVELS:
        return
    order = np.argsort(-count, kind="stable")
    some = ", ".join(f"{levels[at]} in {counted(int(count[at]), 'run')}" for at in order[:_SHOWN])
    by = f"by the column {column!r}" if column else "by the names of the runs"
    message = f"{observed.target} pools {len(levels)} {what}, {by} ({some}); their scores differ for one model"
    keep = shlex.quote(f"{column}={levels[order[0]]}")
    fix = (
        f"keep one with --where {keep} (Python: runs.where)"
        if column
        else "keep the runs of one with runs.where(run=...)"
    )
    if spelling(column) in _SETS:
        fix = (
            f'make each a target with columns={{"eval_set": "{column}"}} (CLI: --column eval_set={shlex.quote(column)})'
        )
    yield Finding("RUNS_POOLED_SCORES", Grade.WARN, message, len(observed), fix)


def _texts(cells: AnyArray) -> AnyArray:
    """Return cells as text, numbers without a fraction as whole ones, and missing ones empty."""
    return np.array([_text(cell) for cell in cells.tolist()], dtype=object)


def _text(cell: object) -> str:
    if cell is None or (isinstance(cell, float) and np.isnan(cell)):
        return ""
    return str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell)


def _scores(observed: Observations) -> Array:
    """Return the values as scores: one minus an error."""
    return np.asarray(1 - observed.y if observed.target.partition("@")[0] == "error" else observed.y)


def _rank_correlation(x: Array, y: Array) -> float:
    """Return Spearman's correlation; ties rank by position."""
    if np.ptp(x) == 0 or np.ptp(y) == 0:
        return 0.0
    ranks = [np.argsort(np.argsort(each, kind="stable"), kind="stable") for each in (x, y)]
    return float(np.corrcoef(ranks[0], ranks[1])[0, 1])
