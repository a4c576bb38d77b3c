"""Noise of benchmark scores by task: items, clusters of items, seeds and checkpoints, and the gains they hide.

code                 grade  when
EVAL_NO_ITEMS        warn   a share of right answers has neither a number of items nor a standard error
EVAL_GAIN_TOO_SMALL  warn   the items of a task cannot resolve the gain that was asked about
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from scalelaw.core.benchmarks.chance import find, is_benchmark
from scalelaw.core.benchmarks.item_noise import (
    POWER,
    design_effect,
    items_needed,
    share_se,
    smallest_gain,
    wilson,
)
from scalelaw.core.errors import BadInput, BadTable, UnknownName
from scalelaw.core.findings import Finding, Grade
from scalelaw.core.forecaster import check_level
from scalelaw.core.numbers import counted, parse_number
from scalelaw.core.quantities import METRICS, SHARES
from scalelaw.core.types import AnyArray
from scalelaw.diagnosing.item_answers import ItemAnswers, of_target, read_answers
from scalelaw.diagnosing.noise_of_tasks import EvalNoise, TaskNoise
from scalelaw.diagnosing.recipe_decisions import RECIPES, decide_recipes
from scalelaw.diagnosing.run_noise import Scatter, checkpoint_scatter, noise_range, seed_scatter, spread
from scalelaw.diagnosing.worth import AT_CHANCE, judged
from scalelaw.runs.observations import Observations
from scalelaw.runs.reading.load import load_runs
from scalelaw.runs.table import RunTable

_SHOWN = 4
_ALONG = ("flops", "tokens", "params")


@dataclass(frozen=True)
class _Asked:
    """What the user states about the items and the gain."""

    gain: float
    level: float
    items: Mapping[str, float] | float | None
    clusters: tuple[float, float] | None
    answers: Mapping[str, ItemAnswers]


def eval_noise(
    runs: Any,
    targets: str | Sequence[str] | None = None,
    *,
    gain: float | str = 0.01,
    level: float = 0.9,
    n_items: Mapping[str, float] | float | None = None,
    clusters: tuple[float, float] | None = None,
    items: Any = None,
    recipe: str | None = None,
) -> EvalNoise:
    """Find the noise of each benchmark score, the smallest gain it resolves, and which tasks are worth forecasting.

    Items: Q (1 - Q) / n at the score of the largest run, times 1 + (m - 1) rho for clusters of m items. Seeds: runs
    that differ only in seed. Checkpoints: the last tenth of each run, five evaluations at least, around a line. The
    total adds the items to the larger of seeds and checkpoints, since the end of each seed is a checkpoint.

    Args:
        runs: a table of runs with scores, or what ``load_runs`` reads.
        targets: ``score@mmlu``, a metric such as ``score`` for all of its tasks, or several; None takes every share of
            right answers, or every target of a table without any.
        gain: difference of two scores, for the items needed.
        level: of the two-sided test and of the intervals; the power is 0.8.
        n_items: items of every task, or by task; else a column ``n_items``, the standard errors, or the table of
            benchmarks.
        clusters: size m and correlation rho of items that belong together; else estimated from ``items``.
        items: per-item answers, a long table with ``item`` and ``correct``, and ``model``, ``task``, ``cluster``; two
            models or more give the correlation of a paired comparison.
        recipe: column whose values are compared at each size; None takes ``recipe``, ``dataset`` or another usual one.

    Raises:
        BadInput: an option cannot be used.
        BadTable: no run has a usable value.

    Example:
        >>> table = {"params": [1e9, 2e9], "tokens": [2e10, 4e10], "score@mmlu": [0.5, 0.7]}
        >>> found = eval_noise(table, level=0.95)
        >>> round(found["score@mmlu"].item_sd, 5), found["score@mmlu"].items_needed
        (0.00387, 32966)
    """
    check_level(level)
    gain = parse_number(gain)
    if not 0 < gain < 1:
        raise BadInput(f"gain={gain:g}: give a difference of scores, like 0.01 for one point")
    table = load_runs(runs)
    chosen = _chosen(table, targets)
    answers = {} if items is None else read_answers(items)
    asked = _Asked(gain, level, n_items, clusters, answers)
    _check_named(asked, chosen)
    ends, lacking = _ends(table, chosen)
    found = tuple(_task(table, observed, asked) for observed in ends.values())
    column, recipes = _recipes(table, recipe, ends)
    able = {task.target: ends[task.target] for task in found if task.verdict != AT_CHANCE}
    hidden = {task.target: task.item_sd or 0.0 for task in found}
    decisions = decide_recipes(able, {name: recipes[name] for name in able}, hidden, level) if recipes else ()
    findings = _findings(found, gain, level)
    return EvalNoise(found, decisions, column, gain, level, POWER, tuple(lacking), findings)


def _chosen(table: RunTable, targets: str | Sequence[str] | None) -> list[str]:
    if targets is None:
        shares = [each for each in table.targets if each.partition("@")[0] in SHARES]
        return shares or list(table.targets)
    chosen: list[str] = []
    for name in [targets] if isinstance(targets, str) else targets:
        of_metric = [each for each in table.targets if each.partition("@")[0] == name] if name in METRICS else []
        chosen += of_metric or [table.target(name)]
    if not chosen:
        raise BadInput(f"targets={targets!r}: name at least one of {', '.join(table.targets[:_SHOWN])}")
    return list(dict.fromkeys(chosen))


def _check_named(asked: _Asked, chosen: Sequence[str]) -> None:
    """Refuse items of a task that was not asked about."""
    sets = [each.partition("@")[2] or each for each in chosen]
    if isinstance(asked.items, Mapping):
        for name in asked.items:
            if not any(_same(name, target) for target in chosen):
                raise UnknownName.among("task in n_items=", name, sets)
    if asked.answers and not any(of_target(dict(asked.answers), target) for target in chosen):
        raise UnknownName.among("task in items=", next(iter(asked.answers)), sets)
    if "" in asked.answers and len(chosen) > 1:
        raise BadInput(f"items= has no column task, but there are {len(chosen)} tasks; add it, or name one target")
    if asked.clusters is not None:
        if not isinstance(asked.clusters, Sequence) or len(asked.clusters) != 2:
            raise BadInput(f"clusters={asked.clusters!r}: give size and correlation, like (5, 0.3)")
        design_effect(*map(parse_number, asked.clusters))


def _same(name: str, target: str) -> bool:
    task = target.partition("@")[2]
    if name in (target, task):
        return True
    return is_benchmark(name) and is_benchmark(task) and find(name) == find(task)


def _ends(table: RunTable, chosen: Sequence[str]) -> tuple[dict[str, Observations], list[str]]:
    """Return the end points of each task, and notes on tasks without any."""
    ends: dict[str, Observations] = {}
    lacking: list[str] = []
    for target in chosen:
        try:
            ends[target] = table.endpoints(target)
        except BadTable as error:
            if len(chosen) == 1:
                raise
            lacking.append(f"{target} is left out: {error}")
    if not ends:
        raise BadTable(lacking[0])
    return ends, lacking


def _task(table: RunTable, ends: Observations, asked: _Asked) -> TaskNoise:
    target = ends.target
    metric = target.partition("@")[0]
    best = _largest(ends)
    score, items, source = float(ends.y[best]), None, ""
    answers = of_target(dict(asked.answers), target) if asked.answers else None
    if metric in SHARES:
        if not 0 <= score <= 1:
            raise BadInput(f"{target} is {score:g}; give scores as fractions of 1, like 0.62")
        items, source = _items(ends, best, asked, answers)
    widened = _design(asked, answers)
    given = None if ends.se is None or not np.isfinite(ends.se[best]) else float(ends.se[best])
    item_sd = _item_sd(score, items, given, widened)
    seeds, late = seed_scatter(ends), checkpoint_scatter(table.curves(target))
    run_sd = max((each.sd for each in (seeds, late) if each is not None), default=None)
    known = [each for each in (item_sd, run_sd) if each is not None]
    total = math.hypot(*known) if known else None
    paired = answers.correlation() if answers is not None else None
    shares = max(0.0, paired or 0.0)
    noise, noise_from = _step_noise(late, seeds, item_sd)
    chance = _chance(ends, best) if metric in SHARES else None
    signal, threshold = spread(ends.y), noise_range(len(ends), asked.level)
    return TaskNoise(
        target=target,
        score=score,
        chance=chance,
        runs=len(ends),
        items=items,
        items_from=source,
        design_effect=widened,
        interval=None if items is None else wilson(score, max(1.0, items / widened), asked.level),
        item_sd=item_sd,
        seed_sd=seeds.sd if seeds else None,
        seed_settings=seeds.groups if seeds else 0,
        checkpoint_sd=late.sd if late else None,
        checkpoint_runs=late.groups if late else 0,
        total_sd=total,
        item_correlation=paired,
        smallest_gain=None if item_sd is None else smallest_gain(item_sd, asked.level, shares),
        smallest_gain_of_runs=_gain_of_runs(item_sd, run_sd, shares, asked.level),
        items_needed=_needed(metric, score, asked, shares, widened),
        signal=signal,
        noise=noise,
        noise_from=noise_from,
        verdict=judged(target, score, chance, total, signal, noise, threshold, asked.level),
    )


def _largest(ends: Observations) -> int:
    along = next((name for name in _ALONG if name in ends.columns), None)
    if along is None:
        return len(ends) - 1
    size = np.nan_to_num(np.asarray(ends.columns[along], float), nan=-1.0)
    return int(np.flatnonzero(size == size.max())[-1])


def _items(ends: Observations, best: int, asked: _Asked, answers: ItemAnswers | None) -> tuple[float | None, str]:
    """Return the items of a score and where their number comes from."""
    if asked.items is not None and not isinstance(asked.items, Mapping):
        return _count(asked.items), "stated"
    stated = [n for name, n in (asked.items or {}).items() if _same(name, ends.target)]
    if stated:
        return _count(stated[0]), "stated"
    column = np.asarray(ends.columns.get("n_items", np.full(len(ends), np.nan)), float)
    if np.isfinite(column[best]) and column[best] >= 1:
        return float(column[best]), "table"
    if answers is not None:
        return float(answers.items), "per item"
    score, se = float(ends.y[best]), None if ends.se is None else float(ends.se[best])
    if se is not None and se > 0 and 0 < score < 1:
        return 1.0 + round(score * (1 - score) / se**2), "stderr"
    benchmark = find(ends.target)
    if benchmark is None or benchmark.items is None:
        return None, ""
    whole = not benchmark.subtasks or is_benchmark(ends.target.partition("@")[2])
    return (float(benchmark.items), "benchmark") if whole else (None, "")


def _count(value: float) -> float:
    number = math.nan if isinstance(value, bool) else value if isinstance(value, float) else parse_number(value)
    if not 1 <= number < math.inf:
        raise BadInput(f"n_items={value!r}: give a number of items, 1 or more")
    return float(number)


def _design(asked: _Asked, answers: ItemAnswers | None) -> float:
    if asked.clusters is not None:
        return design_effect(*map(parse_number, asked.clusters))
    estimated = answers.design_effect() if answers is not None else None
    return 1.0 if estimated is None else estimated


def _item_sd(score: float, items: float | None, given: float | None, widened: float) -> float | None:
    """Return the standard error from items; a score of 0 or 1 counts as half an item away from it."""
    if items is None:
        return given * math.sqrt(widened) if given else None
    inside = min(max(score, 0.5 / items), 1 - 0.5 / items)
    return share_se(inside, items, widened)


def _gain_of_runs(item_sd: float | None, run_sd: float | None, shares: float, level: float) -> float | None:
    if run_sd is None:
        return None
    own = 0.0 if item_sd is None else item_sd * math.sqrt(1 - shares)
    return smallest_gain(math.hypot(own, run_sd), level)


def _needed(metric: str, score: float, asked: _Asked, shares: float, widened: float) -> int | None:
    """Return the items for the gain; scores nearer to 0 or 1 than half of it count as half of it away."""
    if metric not in SHARES:
        return None
    inside = min(max(score, asked.gain / 2), 1 - asked.gain / 2)
    return items_needed(asked.gain, inside, asked.level, shares, design_effect=widened)


def _step_noise(late: Scatter | None, seeds: Scatter | None, item_sd: float | None) -> tuple[float | None, str]:
    """Return the noise of one reading of a run: between checkpoints, else seeds, else what the items give."""
    if late is not None and late.sd > 0:
        return late.sd, "checkpoints"
    if seeds is not None and seeds.sd > 0:
        return seeds.sd, "seeds"
    return (item_sd, "items") if item_sd else (None, "")


def _chance(ends: Observations, best: int) -> float | None:
    column = np.asarray(ends.columns.get("chance", np.full(len(ends), np.nan)), float)
    return float(column[best]) if np.isfinite(column[best]) else None


def _recipes(table: RunTable, recipe: str | None, ends: Mapping[str, Observations]) -> tuple[str, dict[str, AnyArray]]:
    """Return the column of recipes, and the recipe of each end point by task; empty without one."""
    name = recipe or next(
        (each for each in RECIPES if each in table.runs and len({*map(str, table.runs[each].tolist())}) > 1), ""
    )
    if not name:
        return "", {}
    values = np.array([str(each) for each in table.values(name).tolist()])
    of = dict(zip(table.names.tolist(), values.tolist(), strict=True))
    return name, {target: np.array([of[each] for each in ends[target].run_names().tolist()]) for target in ends}


def _findings(tasks: Sequence[TaskNoise], gain: float, level: float) -> tuple[Finding, ...]:
    found = []
    unknown = [task.name for task in tasks if task.target.partition("@")[0] in SHARES and task.item_sd is None]
    if unknown:
        fix = f'state it with n_items={{"{unknown[0]}": 1000}} (CLI: --n-items {unknown[0]}=1000)'
        message = f"the number of items is not known for {_some(unknown)}, so their item noise is left out"
        found.append(Finding("EVAL_NO_ITEMS", Grade.WARN, message, len(unknown), fix))
    hidden = [task for task in tasks if task.smallest_gain is not None and task.smallest_gain > gain]
    if hidden:
        most = max(task.items_needed or 0 for task in hidden)
        message = f"a gain of {gain:g} is below what the items of {_some([task.name for task in hidden])} resolve"
        paired = all(task.item_correlation is not None for task in hidden)
        pair = "" if paired else ", compare per item (items=, CLI: --items)"
        fix = f"use up to {most:,} items{pair}, or ask about a larger gain"
        found.append(Finding("EVAL_GAIN_TOO_SMALL", Grade.WARN, f"{message} at level {level:g}", len(hidden), fix))
    return tuple(found)


def _some(names: Sequence[str]) -> str:
    if len(names) <= _SHOWN:
        return ", ".join(names)
    return f"{', '.join(names[:_SHOWN])} and {counted(len(names) - _SHOWN, 'other')}"
