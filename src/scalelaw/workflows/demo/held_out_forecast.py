"""What is said of a ladder's held-out run before it is trained: a frozen forecast, and what simpler rules say.

The frozen part is whole: the demo's ``forecast.json``. Text is forecast by the mixture of laws. That believes in the
exponents of text beforehand, so that a synthetic language is forecast by Chinchilla's law alone. Of models of text N is
counted without embeddings: they are most of models as narrow as these and go as the width, not as its square, so that
with them a law goes on too steeply (docs/LOG.md has both, measured). A power law in compute and the best loss so far
stand beside; they follow from the same fitted runs.
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
from scalelaw.registry.frozen import FrozenForecast, freeze, load_forecast
from scalelaw.runs.observations import Observations
from scalelaw.runs.table import RunTable
from scalelaw.training.text.documents import SYNTHETIC

LEVEL = 0.9
MIXTURE, CHINCHILLA, POWER, LAST = "ensemble of laws", "Chinchilla's law", "power law in C", "last value"
_DRAWS = 200


@dataclass(frozen=True)
class Band:
    """A forecast with its interval; the ends are None where there is none.

    Attributes:
        value: loss in nats per token.
        lo: lower end.
        hi: upper end.
    """

    value: float
    lo: float | None = None
    hi: float | None = None

    def holds(self, loss: float) -> bool | None:
        """Return whether a loss lies inside; None where there is no interval."""
        return None if self.lo is None or self.hi is None else self.lo <= loss <= self.hi

    def __str__(self) -> str:
        return "-" if self.lo is None or self.hi is None else f"{self.lo:.3f} to {self.hi:.3f}"


@dataclass(frozen=True, eq=False)
class HeldOutForecast(Renderable, Tabular):
    """What was said of a run before it was trained.

    Attributes:
        frozen: the forecast that counts, under its seal.
        method: what made it.
        beside: method -> what simpler rules say.
        reach: compute of the run over that of the largest fitted.
        best: the lowest loss fitted, in nats per token.
        fitted: runs fitted.
    """

    frozen: FrozenForecast
    method: str
    beside: Mapping[str, Band] = field(hash=False)
    reach: float
    best: float
    fitted: int

    @property
    def band(self) -> Band:
        """The forecast that counts."""
        ends = self.frozen.interval(LEVEL)
        assert ends is not None
        return Band(self.frozen.value, *ends)

    @property
    def bands(self) -> Mapping[str, Band]:
        """Method -> its forecast, the one that counts first."""
        return {self.method: self.band, **self.beside}

    @property
    def half_width(self) -> float:
        """Half the interval, in nats."""
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
        """Return one row a method."""
        return columns_of({"method": name, **vars(band)} for name, band in self.bands.items())

    def sheet(self) -> Report:
        """Return the forecast, and what simpler rules say."""
        rows = [["", "forecast", f"{100 * LEVEL:g} % band"]]
        rows += [[name, f"{band.value:.3f}", str(band)] for name, band in self.bands.items()]
        drop = self.best - self.band.value
        share = f", {self.half_width / drop:.0%} of the drop that is expected" if drop > 0 else ""
        width = f"half of the band is {self.half_width / self.band.value:.1%} of the loss{share}"
        return Report(
            f"{self.frozen.run}, forecast from {self.fitted} runs", [Table(rows, right=[1]), Lines([("", width)], 0)]
        )


def foretell(ladder: Ladder, runs: RunTable) -> HeldOutForecast:
    """Forecast the held-out run of a ladder from the runs that are finished, and freeze that.

    Raises:
        BadInput: the held-out run is among them, begun or done.
        FitFailed: no law could be fitted.
    """
    point = _point(ladder)
    n = next(iter(point))
    rows = counted(_fitted(runs), n)
    told: Forecaster
    if _is_text(ladder):
        told = forecast(rows, n=n)
    else:
        told = fit_observations(as_law("chinchilla"), rows, FitSpec(draws=_DRAWS))
    return _beside(ladder, fitted_rows(runs), freeze(told, run=held_out_run(ladder), **point))


def recall(path: Path, ladder: Ladder, runs: RunTable) -> HeldOutForecast:
    """Return what was frozen in a file.

    Raises:
        BadInput: it cannot be read, was edited, or is of another run.
    """
    frozen, run = load_forecast(path), held_out_run(ladder)
    if frozen.run != run or not _point(ladder).items() <= frozen.point.items():
        raise BadInput(f"{path} is a forecast of {frozen.run or 'another run'}, and {ladder.name} holds out {run}")
    return _beside(ladder, fitted_rows(runs), frozen)


def held_out_run(ladder: Ladder) -> str:
    """Return the name of the run that is held out."""
    rung = ladder.held_out[0]
    return Intent(rung, rung.seeds[0], rung.trunk.branches[0]).name


def fitted_rows(runs: RunTable) -> Observations:
    """Return the runs that are not held out, counted."""
    return counted(_fitted(runs))


def _fitted(runs: RunTable) -> Observations:
    return runs.where(held_out=0).endpoints()


def _point(ladder: Ladder) -> dict[str, Any]:
    """Return what is forecast: N as the laws take it, and tokens."""
    rung = ladder.held_out[0]
    tokens = {"tokens": rung.horizons[0]}
    if _is_text(ladder):
        return {"params_non_embedding": count_params(rung.shape).non_embedding, **tokens}
    return {"params": rung.params, **tokens}


def counted(rows: Observations, n: str = "params") -> Observations:
    """Return runs with their compute as a frozen forecast counts it: 6 N D, with every parameter unless said."""
    flops = COUNTINGS[n].flops(rows.columns[n], rows.columns["tokens"])
    return replace(rows, columns={**rows.columns, "flops": flops})


def _is_text(ladder: Ladder) -> bool:
    return ladder.data.source != SYNTHETIC


def _beside(ladder: Ladder, rows: Observations, frozen: FrozenForecast) -> HeldOutForecast:
    rung = ladder.held_out[0]
    flops = COUNTINGS["params"].flops(float(rung.params), float(rung.horizons[0]))
    power = fit_observations(as_law("power[input=flops]"), rows, FitSpec(draws=_DRAWS))
    told = power.predict({"flops": flops.reshape(1)}, LEVEL, "new_run")
    ends = () if told.lo is None or told.hi is None else (float(told.lo[0]), float(told.hi[0]))
    best = float(np.min(rows.y))
    beside = {POWER: Band(float(told.mean[0]), *ends), LAST: Band(best)}
    method = MIXTURE if _is_text(ladder) else CHINCHILLA
    reach = rung.dearest / max(each.dearest for each in ladder.fitted)
    return HeldOutForecast(frozen, method, beside, reach, best, len(rows))
