"""Compute the features of annealing laws from the logged learning rate along runs."""

from dataclasses import replace

import numpy as np

from scalelaw.core.errors import BadTable
from scalelaw.core.types import Array
from scalelaw.runs.observations import Observations
from scalelaw.runs.schedule import lr_features

FEATURES = ("lr_area", "lr_annealing")
_RATES = ("lr_now", "lr")


def with_lr_features(observed: Observations) -> Observations:
    """Return the rows with ``lr_area`` and ``lr_annealing``, from logged steps and learning rate.

    The rate is taken as linear between evaluations and as rising from zero before the first. Rows in the warmup are
    excluded, but the area includes it; annealing starts after it. Without the warmup's area the law of Tissue et al.
    2024 leaves ten times as much of a curve unexplained.

    Raises:
        BadTable: steps or learning rate were not logged.
    """
    rate = next((name for name in _RATES if name in observed.columns), None)
    if rate is None or "steps" not in observed.columns:
        raise BadTable("lr_area and lr_annealing need steps and the learning rate (lr_now) of every evaluation")
    kept = observed.complete(["steps", rate])
    area, annealing, rising = np.zeros(len(kept)), np.zeros(len(kept)), np.zeros(len(kept), dtype=bool)
    for run in np.unique(kept.cluster):
        at = np.flatnonzero(kept.cluster == run)
        at = at[np.argsort(kept.columns["steps"][at], kind="stable")]
        steps, rates = kept.inputs(["steps", rate]).values()
        area[at], annealing[at], rising[at] = _features(steps[at], rates[at])
    columns = {**kept.columns, "lr_area": area, "lr_annealing": annealing}
    note = (
        f"lr_area, lr_annealing: from steps and {rate}, taken as linear between evaluations and from zero at the start"
    )
    return replace(kept, columns=columns, notes=(*kept.notes, note)).keep(~rising, "in the warmup")


def _features(steps: Array, rates: Array) -> tuple[Array, Array, Array]:
    """Return area, annealing and a mask of the warmup at each evaluation of one run, each (n,)."""
    every = np.arange(1, int(steps[-1]) + 1)
    rate = np.interp(every, [0.0, *steps], [0.0, *rates])
    at = np.clip(steps.astype(int), 1, len(every)) - 1
    peak = int(np.argmax(rate >= rates.max() * (1 - 1e-9)))
    annealing = np.zeros(len(rate))
    annealing[peak:] = lr_features(rate[peak:])["lr_annealing"]
    return lr_features(rate)["lr_area"][at], annealing[at], at < peak
