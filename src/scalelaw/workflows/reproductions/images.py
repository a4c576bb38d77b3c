"""Contrastive image-text models: zero-shot error as a function of compute."""

from functools import partial
from pathlib import Path

import numpy as np

from scalelaw.fitting.fit import fit_observations
from scalelaw.fitting.solver.noise import Noise
from scalelaw.fitting.spec import FitSpec
from scalelaw.laws import get
from scalelaw.workflows.reproductions._figure import Figure, columns, observations

_CHERTI = "Cherti et al. 2023, arXiv 2212.07143"
_DATA = "openclip_laion"
_FLOPS_PER_GMAC = 2e9
EXPONENTS = {"LAION-2B": -0.114, "LAION-400M": -0.101, "LAION-80M": -0.058}
"""Image data set -> exponent of an independent refit."""


def clip_exponent(folder: Path, data: str, *, frontier: bool = True) -> float:
    """Return the exponent of ImageNet zero-shot error in compute, over the models on the compute frontier."""
    table = columns(folder / _DATA / "zeroshot_results.csv")
    rows = (table["upstream_dataset"] == data) & (table["downstream_dataset"] == "imagenet1k")
    flops, error = np.asarray(table["gmacs_total"], float)[rows] * _FLOPS_PER_GMAC, 1 - table["acc1"][rows]
    order = np.argsort(flops, kind="stable")
    flops, error = flops[order], np.asarray(error, float)[order]
    best = error <= np.minimum.accumulate(error) if frontier else np.ones(len(error), bool)
    spec = FitSpec(noise=Noise("squared"), draws=0, starts=8)
    fit = fit_observations(get("contrastive"), observations({"flops": flops[best]}, error[best], "error"), spec)
    return -float(fit.coef[1])


FIGURES = (
    Figure("clip-printed", "exponent of ImageNet error over compute, LAION-2B, as printed", -0.11,
           partial(clip_exponent, data="LAION-2B"), 5e-3, _CHERTI, _DATA, unverified=True),
    *(
        Figure(f"clip-{data.lower()}", f"exponent of ImageNet error over compute, {data}", exponent,
               partial(clip_exponent, data=data), 6e-4, f"an independent refit of {_CHERTI}", _DATA)
        for data, exponent in EXPONENTS.items()
    ),
)  # fmt: skip
