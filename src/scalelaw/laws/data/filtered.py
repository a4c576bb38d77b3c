"""Goyal's law of filtered data: the exponent is the quality of a pool, and halves as the pool is repeated."""

from dataclasses import dataclass

import numpy as np

from scalelaw.core.types import AnyArray, Array, Inputs
from scalelaw.laws._base import Coef, Law
from scalelaw.laws._math import exp


@dataclass(frozen=True)
class Filtered(Law):
    """Quality of a pool of U tokens is the exponent b, halved every tau passes; n_j is the data seen after pass j."""

    formula = "err = d + a U^-b prod_j (n_j / n_(j-1))^-(b 2^(-(j-1) / tau))"
    cite = "Goyal et al. 2024, arXiv 2404.07177, eq. 4"
    output = "error"
    traps = (
        "quality is in the exponent, so the best filter depends on compute: small clean pools win early, then wear out",
        "mixing p pools multiplies tau by p",
    )
    may_rise = ("unique_tokens",)

    @property
    def inputs(self) -> tuple[str, ...]:
        return ("tokens", "unique_tokens")

    @property
    def coefs(self) -> tuple[Coef, ...]:
        return (
            Coef("d", "irreducible error", "1", linear=True),
            Coef("a", "error from finite data", "tokens^b", linear=True),
            Coef("b", "exponent of data seen for the first time: quality of the pool", starts=(0.02, 0.6)),
            Coef("tau", "passes after which the exponent halves", "passes", starts=(0.5, 50.0), log=True),
        )

    def predict(self, coef: AnyArray, x: Inputs) -> AnyArray:
        """Evaluate the formula; the last pass may be unfinished; see ``Law.predict``."""
        d, a, b, tau = self.columns(coef)
        growth = _growth(np.asarray(x["tokens"], float), np.asarray(x["unique_tokens"], float))
        passes = np.arange(growth.shape[-2])[:, None]
        worth = np.moveaxis(exp(-np.log(2) * passes / tau[..., None, :]), -1, -2)
        return np.asarray(d + a * exp(-b * (worth @ growth)[..., 0, :]))


def _growth(tokens: Array, unique: Array) -> Array:
    """Return the log factor by which each pass multiplies the data seen, (..., passes, n); for the first, all of it."""
    tokens, unique = np.broadcast_arrays(tokens, unique)
    first = np.minimum(tokens, unique)
    before = np.arange(1, max(2, int(np.ceil(np.max(tokens / unique)))))[:, None]
    later = np.log(np.clip((tokens / unique)[..., None, :], before, before + 1) / before)
    return np.concatenate([np.log(first)[..., None, :], later], axis=-2)


LAW = Filtered()
