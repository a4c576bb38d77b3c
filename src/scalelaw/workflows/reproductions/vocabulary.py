"""Vocabulary: the law of Tao et al. 2024 on 1054 checkpoints of 60 models."""

from pathlib import Path

import numpy as np

from scalelaw.fitting.fit import fit_observations
from scalelaw.fitting.result import FitResult
from scalelaw.fitting.solver.noise import Noise
from scalelaw.fitting.spec import FitSpec
from scalelaw.laws import get
from scalelaw.workflows.reproductions._figure import Figure, columns, observations

_TAO = "Tao et al. 2024, arXiv 2407.13623"
_DATA = "vocab_scaling"
_LEAST_FLOPS = 2.18e17
_NOISE = Noise("huber", 1e-3, on="raw")


def fit(folder: Path, *, as_published: bool = True) -> tuple[FitResult, float]:
    """Return the fitted law, and the objective of its published constants on the same rows.

    Args:
        folder: the published tables.
        as_published: whether to count tokens as the authors' script does, which passes the vocabulary in thousands to
            a polynomial that expects single entries.
    """
    table = columns(folder / _DATA / "exp_data.csv")
    rows = np.asarray(table["FLOPs"], float) >= _LEAST_FLOPS
    names = ("vocab_size", "embed_dim", "num_characters", "Non_vocab_parameters", "Lossu")
    size, width, characters, params, loss = (np.asarray(table[name], float)[rows] for name in names)
    log = np.log(size / 1e3 if as_published else size)
    tokens = characters * (0.00639222 * log**2 - 0.15811069 * log + 1.20470122)
    x = {"params_non_embedding": params, "params_vocab": size * width, "tokens": tokens}
    law = get("vocabulary")
    theirs = law.predict(law.vector(law.published["tao2024"].coef), x)
    spec = FitSpec(noise=_NOISE, ties={"beta": "alpha1"}, draws=0, starts=4)
    found = fit_observations(law, observations(x, loss, "unigram_loss"), spec)
    return found, float(_NOISE.loss(theirs - loss).sum())


FIGURES = (
    Figure("vocabulary-objective", "sum of Huber losses of the vocabulary law", 0.062292,
           lambda folder: fit(folder)[0].objective, 5e-7, _TAO, _DATA, "below",
           "the published constants are not quite the optimum"),
    Figure("vocabulary-constants", "the same at the published constants", 0.062292,
           lambda folder: fit(folder)[1], 5e-7, _TAO, _DATA),
    Figure("vocabulary-meant", "sum of Huber losses with tokens as intended", 0.0668,
           lambda folder: fit(folder, as_published=False)[0].objective, 5e-5, f"an independent refit of {_TAO}", _DATA),
)  # fmt: skip
