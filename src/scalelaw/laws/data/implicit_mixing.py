"""Mixing law of an output with hidden domains, L(r) = c + sum_i k_i exp(sum_j t_ij r_j) (Ye 2024)."""

from dataclasses import dataclass

import numpy as np

from scalelaw.core.errors import BadInput
from scalelaw.core.types import AnyArray, Array, Inputs
from scalelaw.laws._base import Coef, OfMixture
from scalelaw.laws._math import exp

_STARTS = ((-5.0, 0.0), (0.0, 3.0))
"""Starts of the effects on hidden domains, in turns, so that no two domains start equal."""


@dataclass(frozen=True)
class ImplicitMixing(OfMixture):
    """Loss on one output that blends ``hidden`` domains; each domain follows ``mixing``.

    The paper weighs them by a softmax, sum_i s_i (c_i + k_i exp(...)). The losses of one output determine only the sum
    of s_i c_i and each s_i k_i, which are the coefficients here. t of the last domain is zero, as in ``mixing``.
    """

    hidden: int = 2

    formula = "L = c + sum_i k_i exp(sum_j t_ij r_j)"
    cite = "Ye et al. 2024, arXiv 2403.16952"
    may_rise = ("mixture",)
    traps = (
        "hidden domains have neither order nor names, so two fits may number them differently",
        "constants hold at one size and one number of steps; a larger model has other c and k",
    )

    def __post_init__(self) -> None:
        if self.domains < 2 or self.hidden < 1:
            raise BadInput(
                f"implicit_mixing takes 2 domains or more and 1 hidden or more, got {self.domains} and {self.hidden}"
            )

    @property
    def coefs(self) -> tuple[Coef, ...]:
        scales = (Coef(f"k_{i + 1}", f"scale of the loss of hidden domain {i + 1}", "nats/token", linear=True)
                  for i in range(self.hidden))  # fmt: skip
        effects = (Coef(f"t_{i + 1}_{j + 1}", f"effect of domain {j + 1} on hidden domain {i + 1}", low=-np.inf,
                        starts=_STARTS[i % 2])
                   for i in range(self.hidden) for j in range(self.domains - 1))  # fmt: skip
        return (Coef("c", "loss that no mixture can remove", "nats/token", linear=True), *scales, *effects)

    def predict(self, coef: AnyArray, x: Inputs) -> AnyArray:
        """Evaluate the formula; see ``Law.predict``."""
        growth, scales, _ = self._parts(coef, x)
        return np.asarray(coef[..., :1] + (scales * growth).sum(axis=-1))

    def value_and_jacobian(self, coef: Array, x: Inputs) -> tuple[Array, Array]:
        """Return values (..., n) and derivatives (..., k, n); see ``Law.value_and_jacobian``."""
        growth, scales, shares = self._parts(coef, x)
        grown = scales * growth
        by_effect = (grown[..., None] * shares[..., None, :]).reshape(*growth.shape[:-1], -1)
        jacobian = np.concatenate([np.ones_like(growth[..., :1]), growth, by_effect], axis=-1)
        return coef[..., :1] + grown.sum(axis=-1), np.swapaxes(jacobian, -1, -2)

    def _parts(self, coef: AnyArray, x: Inputs) -> tuple[AnyArray, AnyArray, AnyArray]:
        """Return exp(sum_j t_ij r_j) (..., n, hidden), the scales (..., 1, hidden), and the free shares."""
        shares = np.asarray(x["mixture"])[..., : self.domains - 1]
        effects = coef[..., 1 + self.hidden :].reshape(*coef.shape[:-1], self.hidden, self.domains - 1)
        growth = exp((shares[..., :, None, :] * effects[..., None, :, :]).sum(axis=-1))
        return growth, coef[..., None, 1 : 1 + self.hidden], shares


LAW = ImplicitMixing()
