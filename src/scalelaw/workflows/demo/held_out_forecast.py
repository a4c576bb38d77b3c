"""Forecast a ladder's held-out run before training: a frozen forecast, and baselines.

The frozen forecast is the demo's ``forecast.json``. The ensemble of laws forecasts text. Its priors hold the exponents
of text, so only chinchilla forecasts the synthetic language. For text, N excludes embeddings: they dominate such
narrow models and grow with the width, not its square, so a law with them extrapolates too steeply (docs/LOG.md measures
both). The baselines are a power law in compute and the best loss so far, from the same fitted runs.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from scalelaw.accounting.flops import COUNTINGS
from scalelaw.accounting.params import count_params
from scalelaw.core.errors import BadInput
from scalelaw.core.forecaster import Forecaster
from scalelaw.core.nouns.tabular import Columns, Tabular, columns_of
from scalelaw.core.rendering import Lines, Renderable, Report, Table
from scalelaw.fitting.fit import fit_observations
from scalelaw.fitting.spec import FitSpec
from scalelaw.forecasting.forecast import forecast
from scalelaw.ladder import Ladder
from scalelaw.ladder.ladder import Intent
from scalelaw.laws import as_law
from scalelaw.registry.freezing import freeze
from scalelaw.registry.frozen import FrozenForecast, load_forecast
from scalelaw.runs.observations import Observations
from scalelaw.runs.table import RunTable
from scalelaw.training.text.documents import SYNTHETIC

LEVEL = 0.9
ENSEMBLE, CHINCHILLA, POWER, BEST_RUN = "ensemble of laws", "Chinchilla's law", "power law in C", "last value"
_SHOWN = {POWER: "baseline: power law in compute", BEST_RUN: "baseline: best run so far"}
_DRAWS = 200


def shown(method: str) -> str:
    """Return the printed name of a method."""
    return _SHOWN.get(method, method)


@dataclass(frozen=True)
class Band:
    """A forecast with its interval, if it has one.

    Attributes:
        value: loss, nats per token.
        lo: lower end of the interval, or None.
        hi: upper end, or None.
    """

    value: float
    lo: float | None = None
    hi: float | None = None

    def holds(self, loss: float) -> bool | None:
        """Return whether a loss lies inside; None without an interval."""
        return None if self.lo is None or self.hi is None else self.lo <= loss <= self.hi

    def __str__(self) -> str:
        return "-" if self.lo is None or self.hi is None else f"{self.lo:.3f} to {self.hi:.3f}"


@dataclass(frozen=True, eq=False)
class HeldOutForecast(Renderable, Tabular):
    """The forecast of a run before its training.

    Attributes:
        frozen: the frozen forecast.
        method: the method that made it.
        beside: baseline -> forecast.
        reach: compute of the run divided by the compute of the largest fitted run.
        best: lowest fitted loss, nats per token.
        fitted: number of fitted runs.
    """

    frozen: FrozenForecast
    method: str
    beside: Mapping[str, Band] = field(hash=False)
    reach: float
    best: float
    fitted: int

    @property
    def band(self) -> Band:
        """The frozen forecast."""
        ends = self.frozen.interval(LEVEL)
        assert ends is not None
        return Band(self.frozen.value, *ends)

    @property
    def bands(self) -> Mapping[str, Band]:
        """Method -> forecast, the frozen one first."""
        return {self.method: self.band, **self.beside}

    @property
    def half_width(self) -> float:
        """Half the interval, nats per token."""
        band = self.band
        assert band.lo is not None and band.hi is not None
        return (band.hi - band.lo) / 2

    def to_dict(self) -> dict[str, Any]:
        """Return plain values."""
        return {
            "run": self.frozen.run,
            "point": self.frozen.point,
            "reach": self.reach,
            "level": LEVEL,
            "best": self.best,
            "fitted": self.fitted,
            "bands": {name: vars(band) for name, band in self.bands.items()},
            "made": self.frozen.made,
            "digest": self.frozen.digest,
        }

    def to_columns(self) -> Columns:
        """Return one row per method."""
        return columns_of({"method": name, **vars(band)} for name, band in self.bands.items())

    def report(self) -> Report:
        """Return the forecast and the baselines."""
        rows = [["", "forecast", f"{100 * LEVEL:g} % band"]]
        rows += [[shown(name), f"{band.value:.3f}", str(band)] for name, band in self.bands.items()]
        drop = self.best - self.band.value
        share = f", {self.half_width / drop:.0%} of the expected drop" if drop > 0 else ""
        width = f"the half-width is {self.half_width / self.band.value:.1%} of the loss{share}"
        return Report(
            f"{self.frozen.run}, forecast from {self.fitted} runs", [Table(rows, right=[1]), Lines([("", width)], 0)]
        )


def forecast_held_out(ladder: Ladder, runs: RunTable) -> HeldOutForecast:
    """Forecast the held-out run of a ladder from the fitted runs, and freeze the forecast.

    Raises:
        BadInput: the held-out run has already started.
        FitFailed: no law could be fitted.
    """
    point = _point(ladder)
    n = next(iter(point))
    rows = counted(_fitted(runs), n)
    forecaster: Forecaster
    if _is_text(ladder):
        forecaster = forecast(rows, n=n)
    else:
        forecaster = fit_observations(as_law("chinchilla"), rows, FitSpec(draws=_DRAWS))
    return _beside(ladder, fitted_rows(runs), freeze(forecaster, run=held_out_run(ladder), **point))


def load_held_out(path: Path, ladder: Ladder, runs: RunTable) -> HeldOutForecast:
    """Load the frozen forecast of a ladder's held-out run.

    Raises:
        BadInput: the file cannot be read, was edited, or is for another run.
    """
    frozen, run = load_forecast(path), held_out_run(ladder)
    if frozen.run != run or not _point(ladder).items() <= frozen.point.items():
        raise BadInput(
            f"{path} forecasts {frozen.run or 'another run'}, but {ladder.name} holds out {run}; choose another folder"
        )
    return _beside(ladder, fitted_rows(runs), frozen)


def held_out_run(ladder: Ladder) -> str:
    """Return the name of the held-out run."""
    rung = ladder.held_out[0]
    return Intent(rung, rung.seeds[0], rung.trunk.branches[0]).name


def fitted_rows(runs: RunTable) -> Observations:
    """Return the fitted runs with their compute."""
    return counted(_fitted(runs))


def _fitted(runs: RunTable) -> Observations:
    return runs.where(held_out=0).endpoints()


def _point(ladder: Ladder) -> dict[str, Any]:
    """Return N and tokens of the held-out run, N in the kind the laws take."""
    rung = ladder.held_out[0]
    tokens = {"tokens": rung.horizons[0]}
    if _is_text(ladder):
        return {"params_non_embedding": count_params(rung.shape).non_embedding, **tokens}
    return {"params": rung.params, **tokens}


def counted(rows: Observations, n: str = "params") -> Observations:
    """Return runs with their compute 6 N D, with all parameters by default."""
    flops = COUNTINGS[n].flops(rows.columns[n], rows.columns["tokens"])
    return replace(rows, columns={**rows.columns, "flops": flops})


def _is_text(ladder: Ladder) -> bool:
    return ladder.data.source != SYNTHETIC


def _beside(ladder: Ladder, rows: Observations, frozen: FrozenForecast) -> HeldOutForecast:
    rung = ladder.held_out[0]
    flops = COUNTINGS["params"].flops(float(rung.params), float(rung.horizons[0]))
    power = fit_observations(as_law("power[input=flops]"), rows, FitSpec(draws=_DRAWS))
    predicted = power.predict({"flops": flops.reshape(1)}, LEVEL, "new_run")
    lo, hi = predicted.lo, predicted.hi
    ends = () if lo is None or hi is None else (float(lo[0]), float(hi[0]))
    best = float(np.min(rows.y))
    beside = {POWER: Band(float(predicted.mean[0]), *ends), BEST_RUN: Band(best)}
    method = ENSEMBLE if _is_text(ladder) else CHINCHILLA
    reach = rung.largest_flops / max(each.largest_flops for each in ladder.fitted)
    return HeldOutForecast(frozen, method, beside, reach, best, len(rows))
