"""Repeated data: the decays of Muennighoff et al. 2023 on 182 runs are a local optimum; another optimum is lower."""

from pathlib import Path

from scalelaw.fitting.fit import fit_observations
from scalelaw.fitting.result import FitResult
from scalelaw.fitting.spec import FitSpec
from scalelaw.laws import get
from scalelaw.runs.observations import Observations
from scalelaw.runs.reading.load import load_runs
from scalelaw.workflows.reproductions._figure import Figure

_MUENNIGHOFF = "Muennighoff et al. 2023, arXiv 2305.16264"
_DATA = "datablations"
CONSTANTS = get("repeated").published["muennighoff2023"].coef
DECAYS = ("R_D", "R_N")
HELD = {name: value for name, value in CONSTANTS.items() if name not in DECAYS}
"""Constants fixed by the authors, from runs without repeated data."""
THEIRS = {"R_D": (8.0, 25.0), "R_N": (3.5, 8.0)}
"""Bounds around the published optimum."""


def runs(folder: Path) -> Observations:
    """Return the 182 runs fitted by the authors."""
    return load_runs(folder / _DATA / "datablations_fit182.csv").endpoints()


def fit(folder: Path, bounds: dict[str, tuple[float, float]] | None = None) -> FitResult:
    """Return the fit of the two decays with the other constants fixed, within bounds if given."""
    return fit_observations(get("repeated"), runs(folder), FitSpec(draws=0, fixed=HELD, bounds=bounds or {}))


def _decay(folder: Path, name: str) -> float:
    return float(fit(folder, THEIRS).coefficients()[name]["value"])


_FLAT = "the objective is flat: at the published decays it is the same to seven digits"
FIGURES = (
    Figure("muennighoff-objective", "sum of Huber losses, optimum near the published decays", 0.0158259,
           lambda folder: fit(folder, THEIRS).objective, 1e-7, _MUENNIGHOFF, _DATA),
    Figure("muennighoff-epochs", "decay of repeated tokens near the published one", CONSTANTS["R_D"],
           lambda folder: _decay(folder, "R_D"), 5e-7, _MUENNIGHOFF, _DATA, why=_FLAT),
    Figure("muennighoff-params", "decay of excess parameters near the published one", CONSTANTS["R_N"],
           lambda folder: _decay(folder, "R_N"), 5e-7, _MUENNIGHOFF, _DATA, why=_FLAT),
    Figure("muennighoff-best", "sum of Huber losses, lowest known", 0.01580738,
           lambda folder: fit(folder).objective, 5e-9, f"an independent refit of {_MUENNIGHOFF}", _DATA, "below",
           "a third optimum, lower than both known ones"),
)  # fmt: skip
