"""Compute-optimal params or tokens as a power of compute, N* = k C^a or D* = k C^a, with published constants."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from scalelaw.core.errors import UnknownName
from scalelaw.core.numbers import PF_DAY
from scalelaw.laws._base import Constants, Law
from scalelaw.laws._powers import ProductOfPowers


@dataclass(frozen=True)
class OptimalSplit(ProductOfPowers):
    """N* or D*, named by the field ``of``; the exponents of the two need not sum to one."""

    of: str = "tokens"

    formula = "N* or D* = k C^a"
    cite = "Hoffmann et al. 2022, arXiv 2203.15556, section 3.1; Kaplan et al. 2020, arXiv 2001.08361, appendix A"
    traps = (
        "Kaplan's C is C_min, and 6 N* D* = 1.8 C_min: training at the critical batch costs C = 2 C_min",
        "Llama 3 prints (0.53, 0.29) for (0.537, 0.299), and calls the tokens N*",
    )

    def __post_init__(self) -> None:
        if self.of not in _PUBLISHED:
            raise UnknownName.among(f"quantity in of= of {self.name}", self.of, _PUBLISHED)

    @property
    def output(self) -> str:  # type: ignore[override]
        """The side of the split."""
        return self.of

    @property
    def inputs(self) -> tuple[str, ...]:
        return ("flops",)

    @property
    def published(self) -> Mapping[str, Constants]:
        return _PUBLISHED[self.of]

    @property
    def shapes(self) -> tuple[Law, ...]:
        return (self, *(OptimalSplit(of) for of in _PUBLISHED if of != self.of))


def _kaplan(scale: float, exponent: float) -> Constants:
    """Convert constants for C_min in PF-days to FLOP."""
    return Constants(
        {"k": scale / PF_DAY**exponent, "a": exponent},
        "Kaplan et al. 2020, arXiv 2001.08361, appendix A",
        note="C is C_min, the compute at a batch far below critical; N without embeddings",
    )


_DEEPSEEK = "Bi et al. 2024 (DeepSeek LLM), arXiv 2401.02954"
_PUBLISHED = {
    "tokens": {
        "kaplan2020": _kaplan(2e10, 0.27),
        "bi2024": Constants({"k": 5.8316, "a": 0.4757}, _DEEPSEEK, {"flops": (1e17, 3e20)}),
        "grattafiori2024": Constants(
            {"k": 0.299, "a": 0.537}, "Grattafiori et al. 2024 (Llama 3), arXiv 2407.21783", {"flops": (6e18, 1e22)}
        ),
    },
    "params_non_embedding": {
        "kaplan2020": _kaplan(1.3e9, 0.73),
        "tao2024": Constants({"k": np.exp(-2.4846510), "a": 0.5}, "Tao et al. 2024, arXiv 2407.13623: released code"),
    },
    "params": {
        "hoffmann2022-envelope": Constants(
            {"k": 0.09916, "a": 0.4981},
            "Hoffmann et al. 2022, arXiv 2203.15556: regression on the first columns of table 3",
        )
    },
    "steps": {"kaplan2020": _kaplan(5.4e3, 0.03)},
}

LAW = OptimalSplit()
