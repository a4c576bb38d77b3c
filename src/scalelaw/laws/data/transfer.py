"""Effective data transferred, D_T = k D_F^alpha N^beta, in characters (Hernandez et al. 2021)."""

from collections.abc import Mapping
from dataclasses import dataclass

from scalelaw.core.types import AnyArray, Inputs
from scalelaw.laws._base import Coef, Constants, Law
from scalelaw.laws._math import power


@dataclass(frozen=True)
class Transfer(Law):
    """Amount of fine-tuning text that pretraining replaces; takes N without embeddings, and text in characters."""

    formula = "D_T = k D_F^alpha N^beta"
    cite = "Hernandez et al. 2021, arXiv 2102.01293"
    output = "transferred_characters"
    may_rise = ("characters", "params_non_embedding")
    traps = (
        "data count characters, not tokens",
        "it holds with little data: D_F at most a tenth of the amount that saturates training from scratch",
        "small pretrained models ossify on much data: pretraining then hurts, and D_T does not add to D_F",
    )

    @property
    def inputs(self) -> tuple[str, ...]:
        return ("characters", "params_non_embedding")

    @property
    def coefs(self) -> tuple[Coef, ...]:
        return (
            Coef("k", "transfer of one character to one parameter", "characters^(1-alpha) / parameters^beta",
                 linear=True),
            Coef("alpha", "exponent of fine-tuning text", starts=(0.02, 0.6)),
            Coef("beta", "exponent of params", starts=(0.1, 0.8)),
        )  # fmt: skip

    def predict(self, coef: AnyArray, x: Inputs) -> AnyArray:
        """Evaluate the formula; see ``Law.predict``."""
        k, alpha, beta = self.columns(coef)
        return k * power(x["characters"], alpha) * power(x["params_non_embedding"], beta)

    @property
    def published(self) -> Mapping[str, Constants]:
        return _PUBLISHED


def _hernandez(k: float, alpha: float, beta: float, data: str) -> Constants:
    note = f"{data}; from memory of the paper, data count characters and N leaves out embeddings"
    return Constants({"k": k, "alpha": alpha, "beta": beta}, "Hernandez et al. 2021, arXiv 2102.01293", note=note)


_PUBLISHED = {
    "hernandez2021-text": _hernandez(1.9e4, 0.18, 0.38, "text to Python"),
    "hernandez2021-text-code": _hernandez(2.1e5, 0.096, 0.38, "text and code to Python"),
}

LAW = Transfer()
