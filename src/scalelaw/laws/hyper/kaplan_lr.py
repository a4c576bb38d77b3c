"""Kaplan's learning rate, linear in the logarithm of size, lr = k - a ln N."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from scalelaw.core.types import AnyArray, Inputs
from scalelaw.laws._base import Coef, Constants, Law
from scalelaw.laws._math import maximum


@dataclass(frozen=True)
class KaplanLr(Law):
    """Peak rate of Adam; N without embeddings. It is zero from 1.2e10 parameters, where the rule fails."""

    formula = "lr = max(k - a ln N, 0)"
    cite = "Kaplan et al. 2020, arXiv 2001.08361, eq. D.1"
    output = "lr"
    traps = ("it reaches zero at 1.2e10 parameters; use it only below 1.5e9",)

    @property
    def inputs(self) -> tuple[str, ...]:
        return ("params_non_embedding",)

    @property
    def coefs(self) -> tuple[Coef, ...]:
        return (
            Coef("k", "rate of a model of one parameter", starts=(1e-4, 1e-2), log=True),
            Coef("a", "fall of the rate per e-fold of params", starts=(1e-6, 1e-3), log=True),
        )

    def predict(self, coef: AnyArray, x: Inputs) -> AnyArray:
        """Evaluate the formula; see ``Law.predict``."""
        k, a = self.columns(coef)
        return maximum(k - a * np.log(x["params_non_embedding"]), np.zeros(1))

    @property
    def published(self) -> Mapping[str, Constants]:
        return {
            "kaplan2020": Constants(
                {"k": 0.003239, "a": 0.0001395},
                "Kaplan et al. 2020, arXiv 2001.08361, eq. D.1",
                {"params_non_embedding": (768, 1.5e9)},
                conditions={
                    "batch": "512 sequences of 1024 tokens",
                    "schedule": "3000 steps of warmup, cosine to zero",
                },
            )
        }


LAW = KaplanLr()
