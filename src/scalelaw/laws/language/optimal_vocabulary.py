"""Compute-optimal vocabulary parameters, N_v = k C^a or k N_nv^a; the vocabulary is N_v over the width (Tao 2024)."""

from dataclasses import dataclass

import numpy as np

from scalelaw.laws._base import Constants
from scalelaw.laws._powers import PowersOfChoice

_SOURCE = "Tao et al. 2024, arXiv 2407.13623"


@dataclass(frozen=True)
class OptimalVocabulary(PowersOfChoice):
    """Vocabulary parameters N_v = V d along the compute-optimal line; they grow more slowly than the others, N_nv."""

    by: str = "params_non_embedding"

    formula = "N_v = k N_nv^a or k C^a"
    cite = "Tao et al. 2024, arXiv 2407.13623, sections 4.1 and 4.2"
    output = "params_vocab"
    traps = ("divide by the width to get the vocabulary size",)
    choices = {  # noqa: RUF012 - shared by all shapes
        "params_non_embedding": {
            "tao2024": Constants(
                {"k": 3145728 / 33e6**0.8353974, "a": 0.8353974}, f"{_SOURCE}: derivatives, released code"
            )
        },
        "flops": {
            "tao2024": Constants({"k": np.exp(-1.5890313), "a": 0.4163623}, f"{_SOURCE}: IsoFLOP, released code")
        },
    }


LAW = OptimalVocabulary()
