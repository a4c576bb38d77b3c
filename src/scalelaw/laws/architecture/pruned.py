"""Sparse weights, L(S, N, D) = (a_S (1-S)^b_S + c_S) / N^b_N + (a_D / D)^b_D + c (Frantar et al. 2023)."""

from dataclasses import dataclass

from scalelaw.core.types import AnyArray, Inputs
from scalelaw.laws._base import Coef, Law
from scalelaw.laws._math import power


@dataclass(frozen=True)
class Pruned(Law):
    """Loss of a model whose weights are pruned to the share 1 - S; takes the N of remaining weights."""

    formula = "L = (a_S (1 - S)^b_S + c_S) / N^b_N + (a_D / D)^b_D + c"
    cite = "Frantar et al. 2023, arXiv 2309.08520"
    may_rise = ("active_share",)
    traps = ("N counts the weights that are not zero: params_active", "no constants, since we have not seen the source")

    @property
    def inputs(self) -> tuple[str, ...]:
        return ("active_share", "params_active", "tokens")

    @property
    def coefs(self) -> tuple[Coef, ...]:
        return (
            Coef("a_S", "loss that grows with the share of weights left", "nats/token * parameters^b_N", linear=True),
            Coef("b_S", "exponent of the share of weights left", starts=(0.1, 1.5)),
            Coef("c_S", "loss from finite params at full sparsity", "nats/token * parameters^b_N", linear=True),
            Coef("b_N", "exponent of params"),
            Coef("a_D", "tokens at which their term is one", "tokens", starts=(1e6, 1e13), log=True),
            Coef("b_D", "exponent of tokens"),
            Coef("c", "irreducible loss", "nats/token", linear=True),
        )

    def predict(self, coef: AnyArray, x: Inputs) -> AnyArray:
        """Evaluate the formula; see ``Law.predict``."""
        a_s, b_s, c_s, b_n, a_d, b_d, c = self.columns(coef)
        by_params = (a_s * power(x["active_share"], b_s) + c_s) * power(x["params_active"], -b_n)
        return by_params + power(a_d / x["tokens"], b_d) + c


LAW = Pruned()
