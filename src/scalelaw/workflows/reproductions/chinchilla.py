"""Chinchilla's law: the objectives of Besiroglu et al. 2024 on the digitised points, and of Gemstones on its runs."""

from pathlib import Path

from scalelaw.fitting.fit import fit_observations
from scalelaw.fitting.spec import FitSpec
from scalelaw.laws import get
from scalelaw.runs.observations import Observations
from scalelaw.runs.reading.load import load_runs
from scalelaw.workflows.reproductions._figure import Figure


def _objective(observed: Observations) -> float:
    return fit_observations(get("chinchilla"), observed, FitSpec(draws=0)).objective


def digitised(folder: Path) -> Observations:
    """Return the 240 points: all except the five highest losses."""
    runs = load_runs(folder / "chinchilla_epoch" / "svg_extracted_data.csv")
    return runs.exclude_top(loss=5, reason="as published").endpoints()


def gemstones(folder: Path) -> Observations:
    """Return the cooled-down models."""
    source = folder / "gemstones" / "gemstones_cool_end.jsonl"
    return load_runs(source, columns={"params": "params_active_precise"}).curves()


FIGURES = (
    Figure(
        "epoch-objective", "sum of Huber losses on 240 digitised points", 1.02284e-3,
        lambda folder: _objective(digitised(folder)), 5e-9, "Besiroglu et al. 2024, arXiv 2404.10102",
        "chinchilla_epoch", "below", "the published constants nearly minimise absolute deviations, and are rounded",
    ),
    Figure(
        "gemstones-objective", "sum of Huber losses on cooled-down models", 0.0019640865,
        lambda folder: _objective(gemstones(folder)), 5e-11, "McLeish et al. 2025, arXiv 2502.06857",
        "gemstones", "below",
    ),
)  # fmt: skip
