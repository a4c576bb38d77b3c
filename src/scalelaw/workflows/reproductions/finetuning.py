"""Fine-tuning: the rectified law against a power law with a floor, on 90 curves of 30 models."""

from pathlib import Path

import numpy as np

from scalelaw.fitting.fit import fit_observations
from scalelaw.fitting.solver.noise import Noise
from scalelaw.fitting.spec import FitSpec
from scalelaw.laws import parse
from scalelaw.workflows.reproductions._figure import Figure, columns, observations

_LIN = "Lin et al. 2024, arXiv 2402.02314, results/rmsd.csv"
_BETTER = "a lower optimum of the same objective was found on most curves"
PUBLISHED = {
    "wmt19": (0.0123, 0.0629),
    "gigaword": (0.0052, 0.0106),
    "flan": (0.0065, 0.0358),
}
"""Task -> mean deviation of the rectified law and of the power law."""


def deviation(folder: Path, task: str, spelling: str) -> float:
    """Return the RMS deviation of log loss over one curve, averaged over 30 models.

    As in the paper, the loss before fine-tuning (zero examples) is excluded.
    """
    table = columns(folder / "finetuning_rectified" / f"{task}.csv")
    sizes = [name for name in table if name.isdigit() and int(name) > 0]
    examples, losses = np.array(sizes, float), np.column_stack([np.asarray(table[name], float) for name in sizes])
    law, spec = parse(spelling)[0], FitSpec(noise=Noise("squared"), draws=0, starts=24)
    found = []
    for loss in losses:
        there = np.isfinite(loss)
        fit = fit_observations(law, observations({"examples": examples[there]}, loss[there]), spec)
        found.append(float(np.sqrt(np.mean(fit.residuals**2))))
    return float(np.mean(found))


def _figures(task: str, rectified: float, power: float) -> tuple[Figure, Figure]:
    return (
        Figure(
            f"rectified-{task}", f"deviation of the rectified law, {task}", rectified,
            lambda folder: deviation(folder, task, "rectified"), 5e-5, _LIN, "finetuning_rectified", "below", _BETTER,
        ),
        Figure(
            f"power-{task}", f"deviation of a power law with a floor, {task}", power,
            lambda folder: deviation(folder, task, "power[input=examples]"), 5e-5, _LIN, "finetuning_rectified",
            "below", _BETTER,
        ),
    )  # fmt: skip


FIGURES = tuple(figure for task, published in PUBLISHED.items() for figure in _figures(task, *published))
