"""Accuracies that Bhagia et al. 2024 (arXiv 2412.04403) forecast for a 13B model, and their slope."""

import numpy as np
import pytest

from scalelaw.laws import get

MODEL = {"params_non_embedding": 13202396160.0, "tokens": 5.000088518656e12}
TASKS = {
    "mmlu": ((38.070, 100.092, 0.2262, 0.2361, 0.4541), 0.5127),
    "hellaswag": ((11.231, 60.369, 0.1955, 0.2565, 0.5019), 0.8530),
    "piqa": ((405.66, 10.159, 0.3978, 0.1533, 0.7217), 0.8208),
    "arc-challenge": ((702975.0, 38.446, 0.7877, 0.1970, 0.6546), 0.5267),
    "arc-easy": ((79412.0, 3957.5, 0.6610, 0.4195, 0.5582), 0.7724),
    "csqa": ((56.855, 10.907, 0.2350, 0.1111, 0.0), 0.7761),
}
"""Task -> A, B, alpha, beta, E of its bits per byte, and the accuracy that the paper forecasts."""


@pytest.mark.parametrize("task", TASKS)
def test_the_published_chain_gives_the_published_accuracy(task: str) -> None:
    """The constants have four digits, and so do the accuracies."""
    (a, b, alpha, beta, e), accuracy = TASKS[task]
    bits = a / MODEL["params_non_embedding"] ** alpha + b / MODEL["tokens"] ** beta + e
    law = get("task_sigmoid")
    coef = law.vector(law.published[f"bhagia2024-{task}"].coef)
    assert float(law.predict(coef, {"bpb": np.array([bits])})[0]) == pytest.approx(accuracy, abs=3e-4)


def test_how_an_error_of_bits_carries_over() -> None:
    """At 0.75 bpb the slope of MMLU is -0.809, by hand from its constants."""
    law = get("task_sigmoid")
    coef = law.vector(law.published["bhagia2024-mmlu"].coef)
    low, mid, high = law.predict(coef, {"bpb": np.array([0.72, 0.75, 0.78])})
    assert low - mid == pytest.approx(0.0248, abs=1e-4) and high - mid == pytest.approx(-0.0237, abs=1e-4)
