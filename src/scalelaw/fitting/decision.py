"""Compute a decision from coefficients: a coefficient itself, or N*, D*, D/N or the loss at a budget."""

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

import numpy as np

from scalelaw.accounting.cost import StatedCost
from scalelaw.accounting.flops import COUNTINGS, Counting, counting_for
from scalelaw.core.components import kind_of
from scalelaw.core.errors import BadInput, UnknownName
from scalelaw.core.minimum import least, lowest
from scalelaw.core.nouns.brief import Brief
from scalelaw.core.numbers import format_number, parse_number
from scalelaw.core.quantities import QUANTITIES
from scalelaw.core.types import Array
from scalelaw.fitting.iso_cost import best_split
from scalelaw.laws import HasOptimum, Law

PLANNED = ("tokens_per_param", "params", "tokens", "loss")
"""Decisions that need a budget."""

_GRID = 0.1 * math.log(10)


@dataclass(frozen=True)
class Decision(Brief):
    """One number that follows from a law's coefficients.

    Attributes:
        law: the law.
        quantity: one of ``PLANNED``, or the name of a coefficient.
        flops: the budget in FLOP, None for a coefficient.
        cost: C over 6 N D by size, where the rows state their own compute.
        at: input of the law beside params and tokens -> the value it is held at.
    """

    law: Law
    quantity: str
    flops: float | None
    cost: StatedCost | None = None
    at: Mapping[str, float] = field(default_factory=dict, hash=False)

    @property
    def relative(self) -> bool:
        """Whether shifts are given as ratios, because the number spans decades: N*, D* and D/N."""
        return self.quantity in PLANNED and self.quantity != "loss"

    @property
    def unit(self) -> str:
        """The unit of the number."""
        if self.quantity in PLANNED:
            return QUANTITIES[self.quantity].unit
        return next(c.unit for c in self.law.coefs if c.name == self.quantity)

    def value(self, coef: Array) -> Array:
        """Return the number (p,) at coefficients (p, k); NaN without a compute-optimal split."""
        if self.flops is None:
            return np.asarray(coef[:, self.law.coef_names.index(self.quantity)])
        params, tokens, loss = optimum_at(self.law, coef, self.flops, self.cost, self.at)
        with np.errstate(invalid="ignore"):
            return {"params": params, "tokens": tokens, "tokens_per_param": tokens / params, "loss": loss}[
                self.quantity
            ]

    def shift(self, value: Array, base: float) -> Array:
        """Return the distance of values from a base: log ratio if ``relative``, else the difference."""
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.log(value / base) if self.relative else value - base

    def __str__(self) -> str:
        named = self.quantity.replace("_", " ")
        held = "".join(f", {name} {format_number(value)}" for name, value in self.at.items())
        return named if self.flops is None else f"{named} at {self.flops:.4g} FLOP{held}"


def decision(
    law: Law,
    quantity: str,
    flops: float | str | None,
    cost: StatedCost | None = None,
    at: Mapping[str, float] | None = None,
) -> Decision:
    """Return the decision for a quantity, at a budget if it needs one.

    Args:
        law: the law.
        quantity: one of ``PLANNED``, or the name of a coefficient.
        flops: the budget, FLOP.
        cost: C over 6 N D by size, where the rows state their own compute.
        at: input of the law beside params and tokens -> the value it is held at.

    Raises:
        UnknownName: neither a planned quantity nor a coefficient of the law.
        BadInput: the budget is missing, not positive or not needed, or the law does not split a budget.
    """
    names = law.coef_names
    if quantity not in (*PLANNED, *names):
        raise UnknownName.among(f"decision of {law.spelling}", quantity, (*PLANNED, *names))
    if quantity in names:
        if flops is not None:
            raise BadInput(
                f"{quantity} is a coefficient and does not depend on a budget; leave out flops= (CLI: --flops)"
            )
        if at:
            given = ", ".join(f"{name} {format_number(value)}" for name, value in at.items())
            raise BadInput(
                f"{quantity} is a coefficient and does not depend on {given}; leave out at= (CLI: --at), or choose "
                f"{', '.join(PLANNED)}"
            )
        return Decision(law, quantity, None)
    kind_of_params(law, at or {})
    if flops is None:
        raise BadInput(f"{quantity} depends on a budget; give flops=1e22 (CLI: --flops 1e22)")
    budget = parse_number(flops, "flops")
    if not budget > 0:
        raise BadInput(f"flops must be positive, got {budget:g}")
    return Decision(law, quantity, budget, cost, dict(at or {}))


def kind_of_params(law: Law, held: Collection[str] = ()) -> str:
    """Return the kind of N that a law takes besides tokens and the held inputs.

    Raises:
        BadInput: the law does not take exactly one kind of N and tokens, so it cannot split a budget.
    """
    kinds = [name for name in law.inputs if name in COUNTINGS and name not in held]
    if halves := [name for name in held if name == "tokens" or (name in COUNTINGS and not kinds)]:
        raise BadInput(f"a budget splits into params and tokens, so {halves[0]} cannot be held; leave it out of at=")
    splits = len(kinds) == 1 and {kinds[0], "tokens"} <= set(law.inputs) and law.output in ("loss", "bpb")
    left = [name for name in law.inputs if name not in (*kinds, "tokens", *held)]
    if splits and left and all(kind_of(name) == "number" for name in left):
        options = " ".join(f"--at {name}=VALUE" for name in left)
        values = ", ".join(f'"{name}": VALUE' for name in left)
        raise BadInput(
            f"{law.spelling} also takes {', '.join(left)}; give a value with {options} (Python: at={{{values}}}), or "
            "name a coefficient (CLI: --quantity)"
        )
    if not splits or left:
        raise BadInput(
            f"only a law of loss over params and tokens splits a budget; {law.spelling} takes {', '.join(law.inputs)}. "
            "Name a coefficient (CLI: --quantity), or fit a law such as chinchilla"
        )
    return kinds[0]


def optimum_at(
    law: Law, coef: Array, flops: float, cost: StatedCost | None = None, at: Mapping[str, float] | None = None
) -> tuple[Array, Array, Array]:
    """Return N*, D* and the loss there, each (p,), at one budget; NaN without an optimum.

    Args:
        law: the law.
        coef: coefficients, (p, k).
        flops: the budget, FLOP.
        cost: C over 6 N D by size, where the rows state their own compute.
        at: input of the law beside params and tokens -> the value it is held at.
    """
    held = dict(at or {})
    counting = counting_for(kind_of_params(law, held), cost)
    with np.errstate(all="ignore"):
        if isinstance(law, HasOptimum) and cost is not None:
            params = best_split(law, coef, flops, counting)[0]
        elif isinstance(law, HasOptimum):
            params = np.asarray(law.optimum(coef, np.asarray(flops))[0])
        else:
            params = _searched(law, coef, flops, counting, held)
        sound = np.isfinite(params) & (params > 0)
        params = np.where(sound, params, np.nan)
        tokens = counting.tokens(params, flops)
        loss = law.predict(coef, _inputs(counting, params[:, None], tokens[:, None], held))[:, 0]
    return params, np.where(np.isfinite(tokens) & (tokens > 0), tokens, np.nan), np.asarray(loss)


def _inputs(counting: Counting, params: Array, tokens: Array, held: Mapping[str, float]) -> dict[str, Array]:
    """Return the inputs of a law at these sizes and the held values."""
    still = {name: np.full(params.shape, value) for name, value in held.items()}
    return {counting.params: params, "tokens": tokens, **still}


def _searched(law: Law, coef: Array, flops: float, counting: Counting, held: Mapping[str, float]) -> Array:
    """Return the N that minimises the loss, found on a grid of ln N and refined between its points."""
    grid = np.arange(0.0, math.log(float(counting.params_for(1.0, flops))), _GRID)
    params = np.exp(grid)
    loss = law.predict(coef, _inputs(counting, params, counting.tokens(params, flops), held))
    found = np.full(len(coef), np.nan)
    low = lowest(loss)
    inside = (low >= 2) & (low <= grid.size - 3)
    found[inside] = least(grid, loss[inside])[0]
    return np.asarray(np.exp(found))
