"""Loss after transfer, L = ((N_c / N)^(alpha_N / alpha_D) + K / (D_F^alpha N^beta))^alpha_D (Hernandez et al. 2021)."""

from dataclasses import dataclass

import numpy as np

from scalelaw.core.types import AnyArray, Inputs
from scalelaw.laws._base import Coef, Law
from scalelaw.laws._math import exp, logaddexp


@dataclass(frozen=True)
class TransferLoss(Law):
    """Kaplan's joint law, where the data are the fine-tuning text plus the text that pretraining replaces.

    N excludes embeddings. K stands for D_c / k, because losses determine only the ratio of these two scales.
    """

    formula = "L = ((N_c / N)^(alpha_N / alpha_D) + K / (D_F^alpha N^beta))^alpha_D"
    cite = "Hernandez et al. 2021, arXiv 2102.01293"
    traps = (
        "it holds with little data, where pretraining is worth far more than the fine-tuning text",
        "data count characters, not tokens",
        "K is D_c / k, so k of `transfer` needs D_c from models trained from scratch",
    )

    @property
    def inputs(self) -> tuple[str, ...]:
        return ("characters", "params_non_embedding")

    @property
    def coefs(self) -> tuple[Coef, ...]:
        return (
            Coef("alpha_N", "exponent of params with abundant text", starts=(0.02, 0.3)),
            Coef("alpha_D", "exponent of data with abundant params", starts=(0.02, 0.3)),
            Coef("N_c", "params at which the loss is one", "parameters", starts=(1e10, 1e16), log=True),
            Coef("K", "data at which the loss is one, over the scale of transfer", starts=(1e6, 1e14), log=True),
            Coef("alpha", "exponent of fine-tuning text", starts=(0.02, 0.6)),
            Coef("beta", "exponent of params in transfer", starts=(0.1, 0.8)),
        )

    def predict(self, coef: AnyArray, x: Inputs) -> AnyArray:
        """Evaluate the formula; see ``Law.predict``."""
        alpha_n, alpha_d, n_c, k, alpha, beta = self.columns(coef)
        params, text = np.log(x["params_non_embedding"]), np.log(x["characters"])
        by_params = alpha_n / alpha_d * (np.log(n_c) - params)
        by_data = np.log(k) - alpha * text - beta * params
        return np.asarray(exp(alpha_d * logaddexp(by_params, by_data)))


LAW = TransferLoss()
