"""The compute-optimal path over C under limits on N and D, and the point where it reaches a goal."""

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from scalelaw.core.nouns.brief import Brief
from scalelaw.core.types import Array
from scalelaw.planning.surfaces.surface import Points, Surface

_EVERYWHERE = (math.log(1e3), math.log(1e45))
"""Range of ln C searched for a single surface."""
_SEARCH_POINTS, _ZOOM_POINTS, _ZOOMS = 33, 9, 7
"""The search gives a bracket of 3 in ln C, and each zoom an eighth of it; within 1e-6 the path is linear."""
AROUND = 1e6
"""Draws are searched from C / AROUND to C * AROUND."""
_TABLE_POINTS = 121
"""Ten per decade; linear interpolation is then accurate to 0.2 % of C for exponents up to 0.3."""

Goal = Literal["params", "tokens", "loss"]


@dataclass(frozen=True)
class Caps:
    """The largest N and D allowed."""

    params: float = math.inf
    tokens: float = math.inf

    @property
    def free(self) -> bool:
        """Whether N and D are unlimited."""
        return math.isinf(self.params) and math.isinf(self.tokens)


ANY = Caps()
"""No limits."""


@dataclass(frozen=True, eq=False)
class OptimalPath(Brief):
    """The compute-optimal path of b surfaces at n budgets, each of shape (b, n)."""

    params: Array
    tokens: Array
    loss: Array


def optimal_path(surface: Surface, flops: Array, caps: Caps = ANY) -> OptimalPath:
    """Return N, D and loss of the best point at each budget within the caps.

    A loss with one minimum along C = 6 N D is least at the allowed N nearest to N*. If both caps bind, the point is
    (max N, max D) and the rest of the budget stays unspent.

    Args:
        surface: b surfaces.
        flops: C, shape (n,).
        caps: the largest N and D allowed; none by default.
    """
    counting = surface.counting
    best, loss = surface.optimum(flops)
    spent = np.minimum(flops, counting.flops(caps.params, caps.tokens))
    smallest = counting.params_for(caps.tokens, spent)
    params = np.clip(best, smallest, caps.params)
    if math.isfinite(caps.tokens):
        loss = np.where(best < smallest, surface.loss(smallest, np.full_like(spent, caps.tokens)), loss)
    if math.isfinite(caps.params):
        largest = np.full_like(spent, caps.params)
        loss = np.where(best > caps.params, surface.loss(largest, counting.tokens(largest, spent)), loss)
    return OptimalPath(params, counting.tokens(params, spent), loss)


def first_reaching(
    surface: Surface, goal: Goal, target: Array, caps: Caps = ANY, around: float | None = None
) -> Points:
    """Return the smallest C, with its N and D, at which each surface's path reaches the goal.

    Args:
        surface: b surfaces.
        goal: ``params`` or ``tokens`` that should be compute-optimal, or ``loss`` to reach.
        target: its value for each surface, shape (b,) or (1,).
        caps: the largest N and D allowed; none by default.
        around: C in FLOP; draws are searched on a grid within a factor of ``AROUND`` of it. None, for a single surface
            only, searches everywhere and zooms in.

    Returns:
        Points; 0 if the goal is met below the searched range, infinite if it is not met inside it.
    """
    if around is not None:
        reach = math.log(AROUND)
        grid = np.linspace(math.log(around) - reach, math.log(around) + reach, _TABLE_POINTS)
        return _crossing(surface, goal, target, caps, grid)[0]
    grid = np.linspace(*_EVERYWHERE, _SEARCH_POINTS)
    points, after = _crossing(surface, goal, target, caps, grid)
    for _ in range(_ZOOMS):
        if not 0 < points.flops[0] < math.inf:
            break
        grid = np.linspace(grid[after - 1], grid[after], _ZOOM_POINTS)
        points, after = _crossing(surface, goal, target, caps, grid)
    return points


def _crossing(surface: Surface, goal: Goal, target: Array, caps: Caps, log_flops: Array) -> tuple[Points, int]:
    """Return the points where each path first meets the goal, interpolated, and the first surface's grid index."""
    path = optimal_path(surface, np.exp(log_flops), caps)
    wanted = np.reshape(target, (-1, 1))
    gap = path.loss - wanted if goal == "loss" else np.log(wanted / (path.params if goal == "params" else path.tokens))
    met = gap <= 0
    outcome = np.select([np.isnan(gap).all(axis=1), met[:, 0], ~met.any(axis=1)], [math.nan, 0.0, math.inf], 1.0)
    rows, after = np.arange(surface.size), np.maximum(np.argmax(met, axis=1), 1)
    before, log_params = after - 1, np.log(path.params)
    with np.errstate(divide="ignore", invalid="ignore"):
        part = gap[rows, before] / (gap[rows, before] - gap[rows, after])
        flops = np.exp(log_flops[before] + part * (log_flops[after] - log_flops[before]))
        params = np.exp(log_params[rows, before] + part * (log_params[rows, after] - log_params[rows, before]))
        params = np.minimum(params, caps.params)  # a line would cut the corner where a cap begins to bind
        tokens = np.minimum(surface.counting.tokens(params, flops), caps.tokens)
        flops = surface.counting.flops(params, tokens)
    crossed = outcome == 1.0
    return Points(*(np.where(crossed, found, outcome) for found in (params, tokens, flops))), int(after[0])
