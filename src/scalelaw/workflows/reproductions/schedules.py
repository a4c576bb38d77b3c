"""Schedules: one annealing law for the curves of nine learning-rate schedules, at three sizes."""

from functools import partial
from pathlib import Path

import numpy as np

from scalelaw.core.types import Array
from scalelaw.fitting.fit import fit_observations
from scalelaw.fitting.observe import observe
from scalelaw.fitting.solver.noise import Noise
from scalelaw.fitting.spec import FitSpec
from scalelaw.runs.reading.load import load_runs
from scalelaw.workflows.reproductions._figure import Figure, columns

_LUO = "Luo et al. 2025, arXiv 2503.12811"
_DATA = "lr_schedule_curves"
_SPEC = FitSpec(noise=Noise("squared"), draws=0, starts=8)
FITTED = ("cosine_24000", "constant_24000", "wsdcon_9")
"""Schedules fitted by the authors; six others are predicted."""
ALL = (*FITTED, "constant_72000", "cosine_72000", "wsd_20000_24000", "wsdld_20000_24000", "wsdcon_3", "wsdcon_18")
HELD_OUT = {25: 0.9988, 100: 0.9983, 400: 0.9978}
"""Size in millions of parameters -> R2 of their law on held-out schedules."""


def scores(folder: Path, size: int, schedules: tuple[str, ...] = FITTED) -> dict[str, float]:
    """Return schedule -> R2 of its curve at one size, with one law fitted to some schedules.

    Args:
        folder: the published tables.
        size: parameters, in millions.
        schedules: the fitted schedules.
    """
    rows = columns(folder / _DATA / "mpl_loss_curves.csv")
    ours = np.asarray(rows["model_size_M"], float) == size
    names = {"run": "schedule", "steps": "step", "lr_now": "lr", "loss": "loss"}
    runs = load_runs({name: rows[column][ours].tolist() for name, column in names.items()})
    law, seen = observe("annealing", runs)
    schedule = runs.runs["run"][seen.cluster]
    found = fit_observations(law, seen.rows(np.isin(schedule, schedules)), _SPEC)
    predicted = law.predict(found.coef, seen.columns)
    return {
        name: r2(seen.y[schedule == name], predicted[schedule == name]) for name in dict.fromkeys(schedule.tolist())
    }


def worst(folder: Path, size: int) -> float:
    """Return the smallest R2 of the fitted curves."""
    found = scores(folder, size)
    return min(found[name] for name in FITTED)


def held_out(folder: Path, size: int) -> float:
    """Return the mean R2 of the held-out curves."""
    return float(np.mean([value for name, value in scores(folder, size).items() if name not in FITTED]))


def r2(y: Array, predicted: Array) -> float:
    """Return the share of explained variance."""
    return float(1 - np.sum((y - predicted) ** 2) / np.sum((y - y.mean()) ** 2))


_OTHER = "the published figure is for the Multi-Power Law (7 coefficients), ours for the annealing law (4)"
FIGURES = tuple(
    figure
    for size, theirs in HELD_OUT.items()
    for figure in (
        Figure(f"annealing-fitted-{size}m", f"least R2 of three schedules fitted, {size}M", 0.9966,
               partial(worst, size=size), 5e-5,
               f"an independent evaluation of {_LUO}", _DATA, "above", _OTHER),
        Figure(f"annealing-held-out-{size}m", f"mean R2 of six schedules predicted, {size}M", theirs,
               partial(held_out, size=size), 5e-5,
               _LUO, _DATA, "above", _OTHER),
    )
)  # fmt: skip
