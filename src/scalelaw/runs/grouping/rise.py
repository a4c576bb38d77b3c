"""Score the evidence that rows are checkpoints of runs against each row being a separate run."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from scalelaw.core.types import AnyArray, Array

MANY = 10
_FEWEST = 3
_MOST_OF = 0.8
_SAME = 5e-3
_EVEN, _APART = 1.5, 0.1
_EARLY = 0.02
_END = 0.01
_BATCH = 0.02
_LOW = 0.35


@dataclass(frozen=True)
class Rise:
    """Evidence that groups of rows are runs.

    Attributes:
        possible: no group repeats a time or changes size or settings, and most have several rows.
        points: above zero the groups look like runs, below zero like a grid of runs.
        several: at least one size has several groups that end at different times.
        many: the groups have ten rows or more.
    """

    possible: bool
    points: int = 0
    several: bool = False
    many: bool = False


def judge(
    run: AnyArray, times: Mapping[str, Array], size: Array | None, settings: Mapping[str, AnyArray],
    planned: Array | None, lr: Array | None,
) -> Rise:  # fmt: skip
    """Score whether groups of rows look like runs.

    Args:
        run: the group of each row, (n,).
        times: ``tokens`` and ``steps``, those known, each (n,).
        size: N of each row, (n,).
        settings: training settings, numbers or text, each (n,).
        planned: planned tokens or steps, in the unit of the first of ``times``, (n,).
        lr: learning rate of each row, (n,).
    """
    known = np.logical_and.reduce([np.isfinite(values) for values in times.values()])
    if np.mean(known) < _MOST_OF:
        return Rise(False)
    first = next(iter(times.values()))
    groups = _groups(run, first, np.flatnonzero(known))
    long = [at for at in groups if len(at) > 1]
    held = sum(len(at) for at in long)
    if not long or held < _MOST_OF * len(run) or np.median([len(at) for at in long]) < _FEWEST:
        return Rise(False)
    if not all(_rises(values, at) for values in times.values() for at in long):
        return Rise(False)
    if size is not None and not all(_one(size, at) for at in long):
        return Rise(False)
    if any(not _constant(values, at) for values in settings.values() for at in long):
        return Rise(False)
    if lr is not None and not all(_is_schedule(lr[at]) for at in long):
        return Rise(False)
    several = size is not None and _restarts(first, size, groups, settings)
    ladders = [_ladder(first[at]) for at in long if len(at) >= _FEWEST]
    points = int("steps" in times) + 2 * several
    many = bool(np.median([len(at) for at in long]) >= MANY)
    points += 2 * many
    even = _share(ladders, "even")
    points += int(even) - 2 * int(_share(ladders, "doubling"))
    points += 2 * int((even or many) and np.mean([first[at[0]] <= _EARLY * first[at[-1]] for at in long]) > _MOST_OF)
    points -= 3 * int(size is not None and "tokens" in times and _budgets(size * times["tokens"], len(groups)))
    points += 3 * int(planned is not None and _short(first, planned, long))
    points += 3 * int(lr is not None and _falls(lr, long))
    points -= int(len(groups) > 1 and not several and _shared(first, groups) and len(long[0]) < MANY)
    if len(times) == 2 and not _one_batch(times, long):
        points -= 1
    return Rise(True, points, several, many)


def blocks(times: Mapping[str, Array], key: AnyArray) -> AnyArray:
    """Return the block of each row, numbered by first appearance; in a block the key is constant and every time rises.

    Args:
        times: ``tokens`` and ``steps``, each (n,).
        key: number of the shared size and settings of each row, (n,).
    """
    run, count = np.zeros(len(key), dtype=int), 0
    current: dict[int, int] = {}
    last: dict[int, Array] = {}
    stacked = np.column_stack(list(times.values()))
    for row, mine in enumerate(key.tolist()):
        here = stacked[row]
        if mine not in current or np.any(here <= last[mine]):
            current[mine], count = count, count + 1
            last[mine] = here
        run[row], last[mine] = current[mine], np.where(np.isnan(here), last[mine], here)
    return run


def split_chains(run: AnyArray, time: Array) -> AnyArray:
    """Split a group of rows that holds several runs, one after the other, each with evenly spaced times from zero.

    The first log entry of a long run may lie beyond the end of a short one; then time rises from one run to the next.
    """
    parts = run.astype(int)
    count = int(run.max()) + 1
    for number in range(count):
        at = np.flatnonzero(run == number)
        while (cut := _cut(time[at])) is not None:
            at = at[cut:]
            parts[at], count = count, count + 1
    return np.unique(parts, return_inverse=True)[1]


def _cut(time: Array) -> int | None:
    """Return where a second evenly spaced run begins: its first time is its spacing, well above the one before."""
    for at in range(_FEWEST, len(time) - _FEWEST + 1):
        spacing, before = time[at + 1] - time[at], time[at - 1] - time[at - 2]
        from_zero = abs(time[at] / spacing - 1) < 0.1
        if from_zero and time[at] - time[at - 1] > 1.5 * before and _ladder(time[:at]) == "even" == _ladder(time[at:]):
            return at
        if from_zero and spacing > 3 * before and _ladder(time[:at]) == "even":
            return at
    return None


def _groups(run: AnyArray, time: Array, at: AnyArray) -> list[AnyArray]:
    """Return the rows among ``at`` of each group, in order of time."""
    order = at[np.lexsort((time[at], run[at]))]
    edges = np.flatnonzero(np.diff(run[order])) + 1
    return np.split(order, edges)


def _rises(values: Array, at: AnyArray) -> bool:
    return bool(np.all(np.diff(values[at]) > 0))


def _one(values: Array, at: AnyArray) -> bool:
    there = values[at][np.isfinite(values[at])]
    return len(there) == 0 or bool(np.all(np.abs(there / there[0] - 1) < _SAME))


def _constant(values: AnyArray, at: AnyArray) -> bool:
    mine = values[at]
    if mine.dtype == np.float64:
        mine = mine[~np.isnan(mine)]
    return len({str(value) for value in mine.tolist() if value is not None}) <= 1


def _budgets(spent: Array, groups: int) -> bool:
    """Return whether sizes share budgets as in an IsoFLOP sweep: few values of N D, each in several groups."""
    spent = spent[np.isfinite(spent) & (spent > 0)]
    return groups > 1 and 3 * len(np.unique(np.round(np.log(spent) / _BATCH))) <= len(spent)


def _restarts(time: Array, size: Array, groups: list[AnyArray], settings: Mapping[str, AnyArray]) -> bool:
    """Return whether runs of equal size and settings have different ends, as horizons do; replicates end together."""
    ends: dict[tuple[str, ...], list[float]] = {}
    for at in groups:
        key = (f"{size[at[0]]:.4g}", *(str(values[at[0]]) for name, values in settings.items() if name != "run"))
        ends.setdefault(key, []).append(float(time[at[-1]]))
    apart = [max(found) > (1 + _END) * min(found) for found in ends.values() if len(found) > 1]
    return bool(apart) and float(np.mean(apart)) > 0.5


def _ladder(time: Array) -> str:
    """Return ``even`` for about equal spacing, ``doubling`` for a constant factor, else an empty string."""
    if time[0] <= 0:
        time = time[1:]
    if len(time) < _FEWEST:
        return ""
    steps, factors = np.diff(time), np.diff(np.log(time))
    if len(time) > _FEWEST and time[-1] < _EVEN * time[-2] and steps.max() < 2.5 * np.median(steps):
        return "even"
    return "doubling" if np.ptp(factors) < 2 * _APART + 0.3 * np.median(factors) and factors.min() > 0.3 else ""


def _share(ladders: list[str], kind: str) -> bool:
    return bool(ladders) and ladders.count(kind) >= _MOST_OF * len(ladders)


def _shared(time: Array, groups: list[AnyArray]) -> bool:
    """Return whether all groups share one set of times, as the budgets of a grid do."""
    sets = {tuple(f"{value:.3g}" for value in time[at]) for at in groups}
    return len(sets) <= max(1, len(groups) // 4)


def _short(time: Array, planned: Array, long: list[AnyArray]) -> bool:
    """Return whether most first readings lie well before the planned end of their run."""
    cut_short = [_one(planned, at) and bool(planned[at[0]] > (1 + _END) * time[at[0]]) for at in long]
    return float(np.mean(cut_short)) > _MOST_OF


def _is_schedule(lr: Array) -> bool:
    """Return whether rates rise, then fall or stay, as a schedule does; swept rates go up and down."""
    lr = lr[np.isfinite(lr)]
    peak = int(np.argmax(lr)) if len(lr) else 0
    return bool(np.all(np.diff(lr[: peak + 1]) >= 0) and np.all(np.diff(lr[peak:]) <= 0))


def _falls(lr: Array, long: list[AnyArray]) -> bool:
    """Return whether the rate ends far below its peak, as a schedule does; tuned peaks lie closer together."""
    falling = [bool(lr[at[-1]] < _LOW * np.nanmax(lr[at])) for at in long if np.isfinite(lr[at]).any()]
    return bool(falling) and float(np.mean(falling)) > _MOST_OF


def _one_batch(times: Mapping[str, Array], long: list[AnyArray]) -> bool:
    """Return whether tokens per step are constant within each group."""
    with np.errstate(divide="ignore", invalid="ignore"):
        batch = times["tokens"] / times["steps"]
    kept = [batch[at][np.isfinite(batch[at]) & (times["steps"][at] > 20)] for at in long]
    return all(len(mine) < 2 or float(np.ptp(mine)) < 2 * _BATCH * float(np.median(mine)) for mine in kept)
