"""Group the runs of a size sweep by budget, and build the axes of its profiles."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

import numpy as np

from scalelaw.allocation.size_profiles import Axis
from scalelaw.core.errors import BadInput, BadTable
from scalelaw.core.nouns.brief import Brief
from scalelaw.core.numbers import format_number
from scalelaw.core.types import AnyArray, Array, frozen
from scalelaw.runs.observations import Observations

Side = Literal["params", "tokens"]
"""Axis of a profile: size or tokens of a run."""

_EXACT = 1e-6
_PLANNED = "planned_flops"


@dataclass(frozen=True, eq=False)
class Sweep(Brief):
    """Runs grouped by budget.

    Attributes:
        rows: the runs, each of one budget, with params, tokens and flops, (n,).
        n: the swept kind of N.
        flops: the budgets in FLOP, ascending, (m,).
        group: budget of each run, (n,).
    """

    rows: Observations
    n: str
    flops: Array
    group: AnyArray

    def __len__(self) -> int:
        return len(self.flops)

    @property
    def sizes(self) -> AnyArray:
        """Number of distinct sizes at each budget, (m,)."""
        values = self.rows.columns[self.n]
        return np.array([len(np.unique(values[self.group == at])) for at in range(len(self))])

    @property
    def loss(self) -> Array:
        """Measured losses by budget, (m, w), padded with one."""
        return self.padded(self.rows.y, 1.0)

    @property
    def flops_per_nd(self) -> Array:
        """FLOP per parameter and token at the middle of each budget, (m,)."""
        return np.asarray(np.exp(self._mean(np.log(self._per_nd()))))

    @property
    def exact(self) -> bool:
        """Whether C is the same multiple of N D at every run of a budget and every run is exactly on it."""
        axis = self.axis("params")
        return bool(np.allclose(axis.x, axis.z, rtol=0, atol=_EXACT) and np.all(axis.slope == 1))

    def mirrored(self, params: Array) -> Array:
        """Return ln D* (..., m) that the budget pays for at ln N*, if C is exact."""
        return np.asarray(np.log(self.flops / self.flops_per_nd) - params)

    def padded(self, values: AnyArray, fill: "float | Array") -> Array:
        """Return values (n,) by budget (m, w), padded with a number or one number per budget (m,)."""
        rows = np.repeat(
            np.broadcast_to(np.asarray(fill, float), (len(self),))[:, None], int(self._count.max()), axis=1
        )
        rows[self.group, self._place] = values
        return rows

    def spread(self, values: Array) -> Array:
        """Return values (b, n) by budget, (b, m, w), padded with zero."""
        rows = np.zeros((len(values), len(self), int(self._count.max())))
        rows[:, self.group, self._place] = values
        return rows

    def flat(self, rows: Array) -> Array:
        """Return values by budget (m, w) in the order of the runs, (n,)."""
        return np.asarray(rows[self.group, self._place])

    @cached_property
    def _count(self) -> AnyArray:
        return np.bincount(self.group, minlength=len(self))

    @cached_property
    def _place(self) -> AnyArray:
        """Index of each run among those of its budget, (n,)."""
        order = np.argsort(self.group, kind="stable")
        place = np.empty(len(order), int)
        place[order] = np.concatenate([np.arange(count) for count in self._count])
        return place

    def axis(self, side: Side) -> Axis:
        """Return the axis of params or of tokens; the weight of a run is divided by its squared loss."""
        own, other = (self.n, "tokens") if side == "params" else ("tokens", self.n)
        x, partner = (np.log(np.asarray(self.rows.columns[name], float)) for name in (own, other))
        cost = np.log(self._per_nd())
        t = x - self._mean(x)[self.group]
        level = self._mean(cost)
        spread = self._mean(t**2)
        drift = self._mean(t * (cost - level[self.group])) / np.where(spread > 0, spread, 1.0)
        drift = np.where(np.abs(drift) < _EXACT, 0.0, drift)
        z = np.log(self.flops)[self.group] - level[self.group] - partner
        middle = self._mean(x)
        return Axis(
            x=self.padded(x, middle),
            z=self.padded(z, middle),
            weight=self.padded(self.rows.weight / self.rows.y**2, 0.0),
            slope=1 + drift,
        )

    def only(self, budgets: AnyArray) -> "Sweep":
        """Return the budgets of a mask (m,)."""
        kept = budgets[self.group]
        return Sweep(self.rows.rows(kept), self.n, self.flops[budgets], (np.cumsum(budgets) - 1)[self.group[kept]])

    def near_best(self, window: float) -> "Sweep":
        """Keep the runs whose size is within a factor of the size with the lowest loss at their budget."""
        size = np.log(np.asarray(self.rows.columns[self.n], float))
        lowest = np.array([size[self.group == at][self.rows.y[self.group == at].argmin()] for at in range(len(self))])
        near = np.abs(size - lowest[self.group]) <= np.log(window) * (1 + 1e-9)
        rows = self.rows.keep(near, f"more than {window:g}x from the best size measured at its budget")
        return Sweep(rows, self.n, self.flops, self.group[near])

    def _per_nd(self) -> Array:
        flops, params, tokens = (np.asarray(self.rows.columns[name], float) for name in ("flops", self.n, "tokens"))
        return np.asarray(flops / params / tokens)

    def _mean(self, values: Array) -> Array:
        """Return the mean of each budget's runs, (m,)."""
        return np.asarray(np.bincount(self.group, values, minlength=len(self)) / self._count)


def sweep(observed: Observations, n: str, budgets: Sequence[float] | None, tolerance: float) -> Sweep:
    """Group runs by the given budgets, else by their ``planned_flops``, else by similar compute.

    Args:
        observed: rows with params, tokens and flops.
        n: the kind of N.
        budgets: C in FLOP; a run belongs to the nearest budget within the tolerance.
        tolerance: largest relative distance of a run from its budget.

    Raises:
        BadInput: a budget is not positive.
        BadTable: a column is missing, or no budget has runs.
    """
    usable = observed.falling().complete([n, "tokens", "flops"])
    usable = usable.keep(usable.y > 0, f"{usable.target} is not positive")
    if usable.reduction == "curves" and usable.clustered:
        usable = read_off(usable, budgets, tolerance)
    compute = np.asarray(usable.columns["flops"], float)
    if budgets is not None:
        flops = _checked(budgets)
    elif _PLANNED in usable.columns and np.isfinite(np.asarray(usable.columns[_PLANNED], float)).all():
        flops = np.unique(np.asarray(usable.columns[_PLANNED], float))
    else:
        flops = alike(compute, tolerance)
    if not len(flops) or not len(compute):
        raise BadTable(f"no run has {n}, tokens and flops; add these columns to find the best size at each budget")
    group = np.abs(np.log(compute)[:, None] - np.log(flops)[None, :]).argmin(axis=1)
    if budgets is None and _PLANNED in usable.columns:
        planned = np.asarray(usable.columns[_PLANNED], float)
        group = np.where(np.isfinite(planned), np.searchsorted(flops, planned).clip(0, len(flops) - 1), group)
        usable, compute = _in_budgets(usable, planned, tolerance)
    near = np.abs(np.log(compute / flops[group])) <= np.log1p(tolerance) * (1 + 1e-9)
    kept = usable.keep(near, f"no budget within {tolerance:.3g} of its compute")
    if not len(kept):
        raise BadTable(f"no run is within {tolerance:.3g} of the budgets {', '.join(map(format_number, flops))}")
    used, group = np.unique(group[near], return_inverse=True)
    return Sweep(kept, n, frozen(flops[used]), group)


def _in_budgets(usable: Observations, planned: Array, tolerance: float) -> tuple[Observations, Array]:
    """Return the rows with compute rescaled to their budgets if all compute is the same multiple of them."""
    compute = np.asarray(usable.columns["flops"], float)
    with np.errstate(invalid="ignore"):
        times = float(np.exp(np.nanmedian(np.log(compute / planned)))) if np.isfinite(planned).any() else 1.0
    if abs(np.log(times)) <= np.log1p(tolerance):
        return usable, compute
    columns = {**usable.columns, "flops": frozen(compute / times)}
    note = f"flops are {times:.3g} times the given budgets; compute is rescaled to the budgets"
    return replace(usable, columns=columns, notes=(*usable.notes, note)), compute / times


def alike(flops: Array, tolerance: float) -> Array:
    """Cluster runs by compute; return the middle of each cluster as a budget, within the tolerance of its runs."""
    ordered = np.sort(flops)
    found: list[float] = []
    while len(ordered):
        near = ordered <= ordered[0] * (1 + tolerance) ** 2 * (1 + 1e-9)
        same = ordered[near][-1] <= ordered[0] * (1 + 1e-9)
        found.append(float(ordered[0] if same else np.exp(np.log(ordered[near]).mean())))
        ordered = ordered[~near]
    return np.array(found)


def read_off(observed: Observations, budgets: Sequence[float] | None, tolerance: float) -> Observations:
    """Return each run's loss at each budget, interpolated on its curve in ln L over ln C.

    A curve that ends below a budget, but within the tolerance, contributes its end.

    Raises:
        BadInput: no budgets are given.
    """
    if budgets is None:
        raise BadInput("use='curves' interpolates each curve at given budgets; add budgets= (CLI: --budgets)")
    compute = np.log(np.asarray(observed.columns["flops"], float))
    rows, at, values = [], [], []
    for run in np.unique(observed.cluster):
        mine = np.flatnonzero(observed.cluster == run)
        mine = mine[np.argsort(compute[mine], kind="stable")]
        for c in np.log(_checked(budgets)):
            nearest = mine[np.abs(compute[mine] - c).argmin()]
            if abs(compute[nearest] - c) <= np.log1p(tolerance):
                rows.append(nearest)
                at.append(float(np.clip(c, compute[mine[0]], compute[mine[-1]])))
                values.append(float(np.exp(np.interp(c, compute[mine], np.log(observed.y[mine])))))
    if not rows:
        raise BadTable(f"no curve passes within {tolerance:.3g} of a budget")
    taken = observed.rows(np.array(rows))
    there = np.exp(np.array(at))
    moved = there / np.asarray(taken.columns["flops"], float)
    columns = {**taken.columns, "flops": frozen(there), "tokens": frozen(taken.columns["tokens"] * moved)}
    note = f"{len(np.unique(observed.cluster))} curves interpolated at {len(budgets)} budgets: {len(rows)} readings"
    return replace(taken, columns=columns, y=frozen(np.array(values)), notes=(*taken.notes, note))


def _checked(budgets: Sequence[float]) -> Array:
    values = np.unique(np.asarray(budgets, float))
    if not len(values) or not np.all(np.isfinite(values) & (values > 0)):
        raise BadInput(f"budgets={list(budgets)!r}: give positive numbers of FLOP, e.g. budgets=[1e18, 3e18, 1e19]")
    return values
