"""Over-training: a law of five small runs extrapolated to 30 times their tokens, and task error from its loss."""

from functools import partial
from pathlib import Path

import numpy as np

from scalelaw.accounting.flops import FLOPS_PER_PARAM_TOKEN
from scalelaw.core.types import AnyArray, Array
from scalelaw.fitting.fit import fit_observations
from scalelaw.fitting.result import FitResult
from scalelaw.fitting.solver.noise import Noise
from scalelaw.fitting.spec import FitSpec
from scalelaw.laws import get
from scalelaw.workflows.reproductions._figure import Figure, columns, observations

_GADRE = "Gadre et al. 2024, arXiv 2403.08540"
_REPOSITORY = "an independent refit of Gadre et al. 2024, arXiv 2403.08540, to its repository's runs"
_DATA = "gadre_overtraining"
_SPEC = FitSpec(noise=Noise("squared", on="raw"), draws=0, starts=8)
"""The objective of curve_fit."""
CONSTANTS = {
    "E": 1.837, "a": 212.2, "b": 366.7, "eta": 0.1364, "epsilon": 0.857, "k": 2.206, "gamma": 0.715,
}  # fmt: skip
"""The four constants of loss and the three of error on RedPajama."""
CORPORA = {"c4_original": "C4", "rpj": "RedPajama", "rw_original": "RefinedWeb"}
"""Name of a corpus in the table -> its name."""
LOSS = {
    "c4_original": (1.5083, 141.28, 189.52, 0.1212),
    "rpj": (1.8366, 212.25, 366.69, 0.13645),
    "rw_original": (1.7345, 157.12, 246.21, 0.1272),
}
"""Corpus -> E, a, b and eta of its loss."""
ERROR = {
    ("c4_original", 17): (0.8497, 2.0789, 0.7561),
    ("rpj", 17): (0.8570, 2.2065, 0.7146),
    ("rw_original", 17): (0.8653, 2.2148, 0.7070),
    ("c4_original", 46): (0.7589, 1.2885, 0.9722),
    ("rpj", 46): (0.7608, 1.3229, 0.8907),
    ("rw_original", 46): (0.7677, 1.1281, 0.8215),
}
"""Corpus and number of tasks -> epsilon, k and gamma of their average error."""
ERRORS = {
    "loss of 1.4B at 640 tokens a parameter": 0.7103,
    "loss of 6.9B at 20": 0.7320,
    "error of 1.4B at 640 tokens a parameter": 3.6365,
    "error of 6.9B at 20": 0.0464,
}
"""Prediction -> its relative error, percent."""


def fits(folder: Path, corpus: str = "rpj", tasks: int = 17) -> tuple[FitResult, FitResult]:
    """Return the loss law of five runs on one corpus, and the law of the average error on some tasks of six runs."""
    runs = _runs(folder, corpus, tasks)
    size, ratio = runs["N_total"], runs["tok_mult"]
    five = ((ratio == 20) & (size < 5e8)) | ((ratio == 320) & (size < 2e7))
    six = five | (_of(size, 1.4e9) & (ratio == 20))
    loss = observations(_inputs(runs, five), runs["loss_c4_val"][five])
    error = observations({"loss": runs["loss_c4_val"][six]}, runs["error"][six], "error")
    return fit_observations(get("over_training"), loss, _SPEC), fit_observations(get("error_from_loss"), error, _SPEC)


def errors(folder: Path) -> dict[str, float]:
    """Return the relative error in percent of each prediction of ``ERRORS``."""
    loss, error = fits(folder)
    runs = _runs(folder, "rpj", 17)
    size, ratio = runs["N_total"], runs["tok_mult"]
    far = [_of(size, 1.4e9) & (ratio == 640), _of(size, 6.9e9) & (ratio == 20)]
    losses = np.array([loss.law.predict(loss.coef, _inputs(runs, run))[0] for run in far])
    ours = np.concatenate([losses, error.law.predict(error.coef, {"loss": losses})])
    true = np.concatenate([[runs[name][run][0] for run in far] for name in ("loss_c4_val", "error")])
    return dict(zip(ERRORS, (100 * np.abs(ours / true - 1)).tolist(), strict=True))


def error(folder: Path, what: str) -> float:
    """Return one of the relative errors."""
    return errors(folder)[what]


def constant(folder: Path, name: str, corpus: str = "rpj", tasks: int = 17) -> float:
    """Return one of the seven constants."""
    both = fits(folder, corpus, tasks)
    found = {name: each["value"] for fit in both for name, each in fit.coefficients().items()}
    return float(found[name])


def _runs(folder: Path, corpus: str, tasks: int) -> dict[str, Array]:
    table = columns(folder / _DATA / "gadre_104models.csv")
    ours = table["train_dataset"] == corpus
    names = {name: name for name in ("N_total", "D_tokens", "tok_mult", "loss_c4_val")}
    names["error"] = "err_avg_subset17" if tasks == 17 else "err_avg"
    return {name: np.asarray(table[column], float)[ours] for name, column in names.items()}


def _of(size: Array, about: float) -> AnyArray:
    return np.asarray(np.abs(np.log(size / about)) < 0.1)


def _inputs(runs: dict[str, Array], rows: AnyArray) -> dict[str, AnyArray]:
    params, tokens = runs["N_total"][rows], runs["D_tokens"][rows]
    return {"flops": FLOPS_PER_PARAM_TOKEN * params * tokens, "tokens_per_param": tokens / params}


FIGURES = (
    *(
        Figure(f"gadre-error-{i}", f"relative error in percent, {what}", published, partial(error, what=what), 5.1e-5,
               _GADRE, _DATA)
        for i, (what, published) in enumerate(ERRORS.items(), 1)
    ),
    *(
        Figure(f"gadre-{CORPORA[corpus]}-{name}", f"{name} of over-training on {CORPORA[corpus]}", published,
               partial(constant, name=name, corpus=corpus), 1.5e-2 if published > 100 else 6e-5, _REPOSITORY, _DATA)
        for corpus, values in LOSS.items()
        for name, published in zip(("E", "a", "b", "eta"), values, strict=True)
    ),
    *(
        Figure(f"gadre-{CORPORA[corpus]}-{tasks}-{name}", f"{name} of the error on {tasks} tasks, {CORPORA[corpus]}",
               published, partial(constant, name=name, corpus=corpus, tasks=tasks), 6e-5, _REPOSITORY, _DATA)
        for (corpus, tasks), values in ERROR.items()
        for name, published in zip(("epsilon", "k", "gamma"), values, strict=True)
    ),
    *(
        Figure(f"gadre-{name}", f"{name} of over-training on RedPajama", published, partial(constant, name=name),
               6e-2 if published > 100 else 6e-4, _GADRE, _DATA)
        for name, published in CONSTANTS.items()
    ),
)  # fmt: skip
