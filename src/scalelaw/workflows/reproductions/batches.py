"""Batch size: the law of the best batch from the 17 size-token cells of Step Law, about 119 runs each."""

from pathlib import Path

import numpy as np

from scalelaw.core.types import Array
from scalelaw.fitting.fit import fit_observations
from scalelaw.fitting.result import FitResult
from scalelaw.fitting.solver.noise import Noise
from scalelaw.fitting.spec import FitSpec
from scalelaw.laws import get
from scalelaw.workflows.reproductions._figure import Figure, columns, observations

_LI = "Li et al. 2025, arXiv 2503.04715"
_DATA = "steplaw"
_SEQUENCE = 2048
BOWL = 1.02
"""Runs with a loss below this multiple of a cell's best loss form its bowl."""


def fit(folder: Path) -> FitResult:
    """Return the batch law fitted to the bowl minimum of every cell."""
    table = columns(folder / _DATA / "dense_lr_bs_loss.csv")
    names = ("N", "D", "lr", "bs", "smooth loss")
    params, tokens, lr, sequences, loss = (np.asarray(table[name], float) for name in names)
    seen, best = [], []
    for cell in np.unique(np.column_stack([params, tokens]), axis=0):
        rows = (params == cell[0]) & (tokens == cell[1])
        rows &= loss < BOWL * loss[rows].min()
        seen.append(cell[1])
        best.append(_SEQUENCE * bottom(lr[rows], sequences[rows], loss[rows]))
    rows_of_law = observations({"tokens": np.array(seen)}, np.array(best), "batch_tokens")
    return fit_observations(get("optimal_batch"), rows_of_law, FitSpec(noise=Noise("squared"), draws=0, starts=4))


def bottom(lr: Array, sequences: Array, loss: Array) -> float:
    """Return the sequences per batch that minimise a quadratic in ln(lr) and ln(sequences) fitted to ln(loss)."""
    u, v = np.log(lr), np.log(sequences)
    design = np.column_stack([np.ones(len(u)), u, v, u * u, u * v, v * v])
    _, a, b, c, d, e = np.linalg.lstsq(design, np.log(loss), rcond=None)[0]
    return float(np.exp(np.linalg.solve([[2 * c, d], [d, 2 * e]], [-a, -b])[1]))


def batch_at(folder: Path, tokens: float) -> float:
    """Return the best batch, in tokens, for this number of training tokens."""
    found = fit(folder)
    return float(found.law.predict(found.coef, {"tokens": np.array([tokens])})[0])


FIGURES = (
    Figure("step-law-exponent", "exponent of the best batch over tokens, 0.534 to 0.606 in their bootstrap", 0.571,
           lambda folder: float(fit(folder).coef[1]), 0.036, _LI, _DATA),
    Figure("step-law-scale", "scale of the best batch, 0.26 to 1.4 in their bootstrap", 0.58,
           lambda folder: float(fit(folder).coef[0]), 0.32, _LI, _DATA),
    Figure("step-law-refit", "exponent of the best batch by the bottom of a quadratic bowl", 0.569,
           lambda folder: float(fit(folder).coef[1]), 5e-4, f"an independent refit of {_LI}", _DATA),
)  # fmt: skip
