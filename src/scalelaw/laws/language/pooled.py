"""Chinchilla's law for several families, L_f(N, D) = E_f + A_f / N^alpha + B_f / D^beta, with common exponents."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from scalelaw.accounting.flops import counting_for
from scalelaw.core.errors import BadInput
from scalelaw.core.types import AnyArray, Inputs
from scalelaw.laws._base import Coef, Law
from scalelaw.laws._math import power


@dataclass(frozen=True)
class Pooled(Law):
    """One floor and two scales per family, and exponents that all families share; ``n`` is the kind of N."""

    families: int = 2
    n: str = "params"

    formula = "L_f = E_f + A_f / N^alpha + B_f / D^beta"
    cite = "Choshen, Zhang & Andreas 2024, arXiv 2410.11840: exponents borrowed between families"
    may_rise = ("family",)
    traps = ("exponents carry over between similar families only", "losses of several tokenizers cannot be pooled")

    def __post_init__(self) -> None:
        counting_for(self.n)
        if self.families < 2:
            raise BadInput(f"pooled takes 2 families or more, got {self.families}; for one family use chinchilla")

    @property
    def inputs(self) -> tuple[str, ...]:
        return (self.n, "tokens", "family")

    @property
    def sizes(self) -> Mapping[str, int]:
        return {"family": self.families}

    @property
    def coefs(self) -> tuple[Coef, ...]:
        own = (
            coef
            for f in range(1, self.families + 1)
            for coef in (
                Coef(f"E_{f}", f"irreducible loss of family {f}", "nats/token", linear=True),
                Coef(f"A_{f}", f"loss of family {f} from finite params", "nats/token * parameters^alpha", linear=True),
                Coef(f"B_{f}", f"loss of family {f} from finite tokens", "nats/token * tokens^beta", linear=True),
            )
        )
        return (Coef("alpha", "exponent of params"), Coef("beta", "exponent of tokens"), *own)

    def predict(self, coef: AnyArray, x: Inputs) -> AnyArray:
        """Evaluate the formula; see ``Law.predict``."""
        alpha, beta, own = coef[..., 0, None], coef[..., 1, None], coef[..., 2:]
        block = own.reshape(*own.shape[:-1], 1, self.families, 3)
        member = (np.asarray(x["family"])[..., None] == np.arange(self.families)).astype(float)
        e, a, b = np.moveaxis((block * member[..., None]).sum(axis=-2), -1, 0)
        return np.asarray(e + a * power(x[self.n], -alpha) + b * power(x["tokens"], -beta))


LAW = Pooled()
