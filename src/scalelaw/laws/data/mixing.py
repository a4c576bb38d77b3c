"""Exponential mixing law, L_i(r) = c_i + k_i exp(sum_j t_ij r_j) over the shares r of the domains (Ye et al. 2024)."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from scalelaw.core.errors import BadInput
from scalelaw.core.types import AnyArray, Array, Inputs
from scalelaw.laws._base import Coef, Law
from scalelaw.laws._math import exp


@dataclass(frozen=True)
class Mixing(Law):
    """Loss on each output under a mixture of ``domains``; ``eval_set`` names the output of a row.

    Shares sum to one, so adding a number to every t of an output and subtracting it from ln k changes nothing. So t of
    the last domain is zero. ``pinned=no`` frees it, as in the paper: 63 coefficients for seven domains and outputs.
    """

    domains: int = 2
    outputs: int = 1
    pinned: bool = True

    formula = "L_i = c_i + k_i exp(sum_j t_ij r_j)"
    cite = "Ye et al. 2024, arXiv 2403.16952"
    may_rise = ("mixture", "eval_set")
    traps = (
        "t of one domain alone has no meaning: only differences of t within an output are determined",
        "constants hold at one size and one number of steps; a larger model has other c and k",
    )

    def __post_init__(self) -> None:
        if self.domains < 2 or self.outputs < 1:
            raise BadInput(
                f"mixing takes 2 domains or more and 1 output or more, got {self.domains} and {self.outputs}"
            )

    @property
    def inputs(self) -> tuple[str, ...]:
        return ("mixture",) if self.outputs == 1 else ("mixture", "eval_set")

    @property
    def sizes(self) -> Mapping[str, int]:
        return {"mixture": self.domains, "eval_set": self.outputs} if self.outputs > 1 else {"mixture": self.domains}

    @property
    def coefs(self) -> tuple[Coef, ...]:
        return tuple(coef for output in range(self.outputs) for coef in self._block(output))

    def _block(self, output: int) -> tuple[Coef, ...]:
        """Return the coefficients of one output."""
        of = "" if self.outputs == 1 else f"{output + 1}_"
        free = self.domains - self.pinned
        last = f" beside that of domain {self.domains}" if self.pinned else ""
        effects = (Coef(f"t_{of}{j + 1}", f"effect of domain {j + 1}{last}", low=-np.inf, starts=(-3.0, 1.0))
                   for j in range(free))  # fmt: skip
        return (
            Coef(f"c_{of}".rstrip("_"), "loss that no mixture can remove", "nats/token", linear=True),
            Coef(f"k_{of}".rstrip("_"), "scale of the loss from the mixture", "nats/token", linear=True),
            *effects,
        )

    def predict(self, coef: AnyArray, x: Inputs) -> AnyArray:
        """Evaluate the formula; see ``Law.predict``."""
        c, k, growth, _, own = self._parts(coef, x)
        return np.asarray(((c + k * growth) * own).sum(axis=-1))

    def value_and_jacobian(self, coef: Array, x: Inputs) -> tuple[Array, Array]:
        """Return values and derivatives (zero for the outputs of other rows); see ``Law.value_and_jacobian``."""
        c, k, growth, shares, own = self._parts(coef, x)
        by_effect = (k * growth * own)[..., None] * shares[..., None, :]
        one = np.broadcast_to(own, growth.shape)[..., None]
        by_coef = np.concatenate([one, one * growth[..., None], by_effect], axis=-1)
        flat = by_coef.reshape(*by_coef.shape[:-2], -1)
        return ((c + k * growth) * own).sum(axis=-1), np.swapaxes(flat, -1, -2)

    def _parts(self, coef: AnyArray, x: Inputs) -> tuple[AnyArray, ...]:
        """Return c, k, exp(sum t r) of every output (..., n, outputs), the free shares, and the output of each row."""
        block = coef.reshape(*coef.shape[:-1], 1, self.outputs, -1)
        shares = np.asarray(x["mixture"])[..., : block.shape[-1] - 2]
        growth = exp((block[..., 2:] * shares[..., None, :]).sum(axis=-1))
        output = np.asarray(x["eval_set"]) if self.outputs > 1 else np.zeros(1)
        own = (output[..., None] == np.arange(self.outputs)).astype(float)
        return block[..., 0], block[..., 1], growth, shares, own


LAW = Mixing()
