"""Task accuracy as a sigmoid of bits per byte or a loss, score = a / (1 + exp(-k (x - x0))) + b."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from scalelaw.core.quantities import quantity
from scalelaw.core.types import AnyArray, Inputs
from scalelaw.laws._base import Coef, Constants, OfOneInput
from scalelaw.laws._math import expit
from scalelaw.laws.references import Reference


@dataclass(frozen=True)
class TaskSigmoid(OfOneInput):
    """Accuracy on one task: as the bits per byte of its answers rise, it falls from ``b`` to ``a + b``, near chance.

    With ``input=loss`` it is the sigmoid of the normalised loss of the answers (Llama 3).
    """

    input: str = "bpb"

    formula = "score = a / (1 + exp(-k (x - x0))) + b"
    cite = "Bhagia et al. 2024, arXiv 2412.04403, step 2; of a loss: Grattafiori et al. 2024, arXiv 2407.21783"
    references = (
        Reference(
            "Bhagia, Akshita and Liu, Jiacheng and Wettig, Alexander and others",
            "Establishing Task Scaling Laws via Compute-Efficient Model Ladders",
            2024,
            "2412.04403",
        ),
    )
    output = "score"
    takes_curves = True
    traps = (
        "bpb is that of the correct answers of the task, not of a held-out text",
        "an error of the bpb forecast carries over: at 0.75 bpb, 0.03 bpb move MMLU by 0.024",
    )

    @property
    def coefs(self) -> tuple[Coef, ...]:
        unit = quantity(self.input).unit
        return (
            Coef("a", "score by guessing minus the best score", "1", low=-1.0, high=0.0, linear=True),
            Coef("x0", f"{self.input} at the steepest point", unit, within=self.input),
            Coef("k", "steepness", f"1/({unit})", starts=(1.0, 20.0), log=True),
            Coef("b", f"score at a {self.input} of zero", "1", high=1.0, linear=True),
        )

    def predict(self, coef: AnyArray, x: Inputs) -> AnyArray:
        """Evaluate the formula; see ``Law.predict``."""
        a, x0, k, b = self.columns(coef)
        return np.asarray(a * expit(k * (x[self.input] - x0)) + b)

    @property
    def published(self) -> Mapping[str, Constants]:
        return _PUBLISHED if self.input == "bpb" else {}


def _bhagia(a: float, x0: float, k: float, b: float, task: str) -> Constants:
    return Constants(
        {"a": a, "x0": x0, "k": k, "b": b},
        "Bhagia et al. 2024, arXiv 2412.04403, its repository",
        note=f"{task}; checkpoints of models of 190M to 1.3B without embeddings, and an ideal point at 0 bpb",
    )


_PUBLISHED = {
    "bhagia2024-mmlu": _bhagia(-0.7421, 0.6160, 4.8334, 1.0, "MMLU"),
    "bhagia2024-hellaswag": _bhagia(-0.7301, 0.7667, 12.7417, 0.9921, "HellaSwag"),
    "bhagia2024-piqa": _bhagia(-0.4586, 0.9630, 5.0330, 1.0, "PIQA"),
    "bhagia2024-arc-challenge": _bhagia(-0.7777, 0.7086, 5.9106, 1.0, "ARC-Challenge"),
    "bhagia2024-arc-easy": _bhagia(-0.6463, 0.7407, 4.1298, 1.0, "ARC-Easy"),
    "bhagia2024-csqa": _bhagia(-0.8556, 1.1313, 2.2085, 1.0, "CommonsenseQA"),
}

LAW = TaskSigmoid()
