"""Tao's law with a vocabulary term, L_u = A1 / N_nv^alpha1 + A2 / N_v^alpha2 + B / D^beta - E."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from scalelaw.accounting.flops import FLOPS_PER_PARAM_TOKEN
from scalelaw.core.minimum import least
from scalelaw.core.types import AnyArray, Array, Inputs
from scalelaw.laws._base import Coef, Constants, Law
from scalelaw.laws._math import power

_VOCABULARIES = np.log(np.geomspace(1e3, 1e7, 801))


@dataclass(frozen=True)
class Vocabulary(Law):
    """Loss minus that of a unigram model, so that vocabularies can be compared; separate params for the vocabulary."""

    formula = "L_u = A1 / N_nv^alpha1 + A2 / N_v^alpha2 + B / D^beta - E"
    cite = "Tao et al. 2024, arXiv 2407.13623, eq. 7"
    output = "unigram_loss"
    traps = (
        "the loss is negative, since that of a unigram model is subtracted",
        "printed with params in millions and tokens in billions; here all are plain counts",
        "the authors converted characters to tokens with the vocabulary in thousands, where a plain count is needed",
    )

    @property
    def inputs(self) -> tuple[str, ...]:
        return ("params_non_embedding", "params_vocab", "tokens")

    @property
    def coefs(self) -> tuple[Coef, ...]:
        return (
            Coef("E", "loss of a unigram model minus the irreducible loss", "nats/token", linear=True),
            Coef("A1", "loss from a finite body", "nats/token * parameters^alpha1", linear=True),
            Coef("A2", "loss from a finite vocabulary", "nats/token * parameters^alpha2", linear=True),
            Coef("B", "loss from finite tokens", "nats/token * tokens^beta", linear=True),
            Coef("alpha1", "exponent of params without the vocabulary"),
            Coef("alpha2", "exponent of params of the vocabulary"),
            Coef("beta", "exponent of tokens"),
        )

    def predict(self, coef: AnyArray, x: Inputs) -> AnyArray:
        """Evaluate the formula; see ``Law.predict``."""
        e, a1, a2, b, alpha1, alpha2, beta = self.columns(coef)
        body = a1 * power(x["params_non_embedding"], -alpha1)
        return np.asarray(body + a2 * power(x["params_vocab"], -alpha2) + b * power(x["tokens"], -beta) - e)

    def best_size(self, coef: Array, params_non_embedding: float, width: float, flops: float) -> float:
        """Return the vocabulary of least loss at C = 6 (N_nv + V d) D.

        Args:
            coef: (7,).
            params_non_embedding: N_nv.
            width: d, params per entry of the vocabulary.
            flops: C in FLOP.
        """
        of_vocabulary = width * np.exp(_VOCABULARIES)
        tokens = flops / (FLOPS_PER_PARAM_TOKEN * (params_non_embedding + of_vocabulary))
        x = {"params_non_embedding": np.array([params_non_embedding]), "params_vocab": of_vocabulary, "tokens": tokens}
        return float(np.exp(least(_VOCABULARIES, self.predict(coef, x)[None])[0][0]))

    @property
    def published(self) -> Mapping[str, Constants]:
        return {
            "tao2024": Constants(
                {
                    "E": 5.5327847, "A1": 1.8313852 * 1e6**0.4466063, "A2": 0.1958424 * 1e6**0.6707375,
                    "B": 2.1241123 * 1e9**0.4466063, "alpha1": 0.4466063, "alpha2": 0.6707375, "beta": 0.4466063,
                },
                "Tao et al. 2024, arXiv 2407.13623: released code, in plain counts",
                {"params_non_embedding": (3.3e7, 1.13e9), "vocab_size": (4096, 96256)},
                note="alpha1 and beta were tied",
            )
        }  # fmt: skip


LAW = Vocabulary()
