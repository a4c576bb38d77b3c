"""Contrastive image-text models, error(C) = b / C^alpha on the compute frontier (Cherti et al. 2023)."""

from dataclasses import dataclass

from scalelaw.laws._base import Coef
from scalelaw.laws._powers import SumOfPowers, Term


@dataclass(frozen=True)
class Contrastive(SumOfPowers):
    """Zero-shot error of the best CLIP model at each compute; the error has no floor."""

    formula = "error = b / C^alpha"
    cite = "Cherti et al. 2023, arXiv 2212.07143"
    output = "error"
    traps = (
        "only models on the frontier follow it; others have too little data or are too small",
        "the exponent depends on the pretraining data: on ImageNet LAION-2B gives 0.114 and LAION-80M 0.058",
        "published tables give compute in GMACs of the forward pass, which changes b but not the exponent",
    )

    @property
    def inputs(self) -> tuple[str, ...]:
        return ("flops",)

    @property
    def coefs(self) -> tuple[Coef, ...]:
        return (Coef("b", "error at one FLOP", "FLOP^alpha", linear=True), Coef("alpha", "exponent of compute"))

    @property
    def terms(self) -> tuple[Term, ...]:
        return (Term("b", {"flops": "alpha"}),)


LAW = Contrastive()
