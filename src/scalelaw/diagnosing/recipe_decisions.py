"""Whether small runs order recipes as large runs do: decision accuracy (Magnusson et al. 2025, arXiv 2504.11393)."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import permutations
from statistics import NormalDist
from typing import Any

import numpy as np

from scalelaw.core.direction import higher_is_better
from scalelaw.core.types import AnyArray, Array
from scalelaw.runs.observations import Observations

RECIPES = ("recipe", "dataset", "corpus", "data_recipe", "mix", "train_dataset", "data")
"""Columns whose values are recipes, in order of preference."""
_SIZES = ("params", "params_non_embedding", "params_active")
_SAME_SIZE = 0.03
_MOST_ORDERS = 5040

_Task = tuple[Array, Array, float]
"""Values at a small and at the largest size, and the difference that items resolve."""


@dataclass(frozen=True)
class Decisions:
    """How often one size orders pairs of recipes as the largest does.

    Attributes:
        params: the size that decides.
        against: the largest size.
        share: of the pairs of recipes and tasks, those in the same order; a tie at the small size counts half.
        pairs: their number.
        share_resolved: the same, of the pairs that differ at the largest size by more than item noise; NaN without.
        resolved: their number.
        recipes: recipes compared.
        tasks: tasks compared.
        chance: interval of the share if the small size orders the recipes at random, the same for every task.
    """

    params: float
    against: float
    share: float
    pairs: int
    share_resolved: float
    resolved: int
    recipes: int
    tasks: int
    chance: tuple[float, float]

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        values = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return {**values, "share_resolved": self.share_resolved if self.resolved else None, "chance": list(self.chance)}


def decide_recipes(
    ends: Mapping[str, Observations], recipe: Mapping[str, AnyArray], item_sd: Mapping[str, float], level: float
) -> tuple[Decisions, ...]:
    """Return the decision accuracy of every smaller size, over all tasks.

    Of each recipe and size, the runs count whose tokens per parameter are nearest to those of the largest size; seeds
    are averaged.

    Args:
        ends: end points by task.
        recipe: recipe of each end point, by task.
        item_sd: standard error of a score from its items, by task; 0 where unknown.
        level: probability of the interval of chance.
    """
    by_size: dict[float, list[_Task]] = {}
    names = np.unique(np.concatenate([*recipe.values(), np.zeros(0, dtype=str)]))
    largest = 0.0
    z = NormalDist().inv_cdf((1 + level) / 2) * math.sqrt(2)
    for target, observed in ends.items():
        cells = _cells(observed, recipe[target], names)
        if cells is None:
            continue
        sizes, scores = cells
        largest = max(largest, float(sizes[-1]))
        goal = scores[-1] if higher_is_better(target) else -scores[-1]
        for size, row in zip(sizes[:-1], scores[:-1], strict=True):
            small = row if higher_is_better(target) else -row
            if np.sum(np.isfinite(small) & np.isfinite(goal)) >= 2:
                by_size.setdefault(float(size), []).append((small, goal, z * item_sd[target]))
    return tuple(_decisions(size, largest, tasks, level) for size, tasks in sorted(by_size.items()))


def agreement(small: Array, large: Array, beyond: float = 0.0) -> tuple[float, int]:
    """Return how many pairs of recipes have the same order in both, and how many differ at the large size.

    Args:
        small: one value per recipe, at the small size; NaN leaves a recipe out.
        large: the same at the large size.
        beyond: difference that the large size must exceed.

    Example:
        >>> agreement(np.array([0.3, 0.2, 0.1]), np.array([0.6, 0.4, 0.5]))
        (2.0, 3)
    """
    first, second = np.triu_indices(len(small), 1)
    apart, goal = small[first] - small[second], large[first] - large[second]
    there = np.isfinite(apart) & np.isfinite(goal) & (np.abs(goal) > beyond)
    same = np.where(apart == 0, 0.5, np.sign(apart) == np.sign(goal))
    return float(np.sum(same[there])), int(np.sum(there))


def _decisions(size: float, largest: float, tasks: Sequence[_Task], level: float) -> Decisions:
    recipes = len(tasks[0][0])
    agreed, pairs = _agreed(tasks, np.arange(recipes))
    guesses = (_agreed(tasks, order) for order in _orders(recipes))
    by_chance = np.sort([agree / of for agree, of in guesses if of] or [math.nan])
    tail = (1 - level) / 2
    last = len(by_chance) - 1
    low, high = float(by_chance[math.floor(tail * last)]), float(by_chance[math.ceil((1 - tail) * last)])
    clear, resolved = _agreed(tasks, np.arange(recipes), beyond_items=True)
    share, share_resolved = (each / of if of else math.nan for each, of in ((agreed, pairs), (clear, resolved)))
    return Decisions(size, largest, share, pairs, share_resolved, resolved, recipes, len(tasks), (low, high))


def _agreed(tasks: Sequence[_Task], order: AnyArray, *, beyond_items: bool = False) -> tuple[float, int]:
    found = [agreement(small[order], large, beyond if beyond_items else 0.0) for small, large, beyond in tasks]
    return sum(each for each, _ in found), sum(pairs for _, pairs in found)


def _orders(recipes: int) -> list[AnyArray]:
    """Return every order of the recipes, or a sample where they are too many."""
    if math.factorial(min(recipes, 20)) <= _MOST_ORDERS:
        return [np.array(order) for order in permutations(range(recipes))]
    rng = np.random.default_rng(0)
    return [rng.permutation(recipes) for _ in range(1000)]


def _cells(observed: Observations, recipe: AnyArray, names: AnyArray) -> tuple[Array, Array] | None:
    """Return the sizes (s,) and the mean value of each size and recipe (s, r), NaN where missing; None without both."""
    name = next((each for each in _SIZES if each in observed.columns), None)
    if name is None:
        return None
    params = np.asarray(observed.columns[name], float)
    there = np.isfinite(params) & (params > 0) & np.isfinite(observed.y)
    if not there.any():
        return None
    order = np.argsort(params[there], kind="stable")
    logs = np.log(params[there][order])
    rung = np.full(len(params), -1)
    rung[np.flatnonzero(there)[order]] = np.cumsum(np.diff(logs, prepend=logs[0]) > _SAME_SIZE)
    sizes = np.array([params[rung == at].mean() for at in range(rung.max() + 1)])
    tokens = np.asarray(observed.columns.get("tokens", np.full(len(params), np.nan)), float)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.nan_to_num(np.log(tokens / params), posinf=0.0, neginf=0.0)
    scores = np.full((len(sizes), len(names)), np.nan)
    top = rung == rung.max()
    wanted = float(np.median([ratio[top & (recipe == each)].max() for each in np.unique(recipe[top])]))
    for at in range(len(sizes)):
        for number, each in enumerate(names):
            rows = np.flatnonzero((rung == at) & (recipe == each))
            if len(rows):
                off = np.abs(ratio[rows] - wanted)
                scores[at, number] = observed.y[rows[off <= off.min() + _SAME_SIZE]].mean()
    both = np.isfinite(scores).sum(axis=1) >= 2
    if not both.any():
        return None
    last = int(np.flatnonzero(both)[-1])
    return (sizes[: last + 1][both[: last + 1]], scores[: last + 1][both[: last + 1]]) if both.sum() > 1 else None
