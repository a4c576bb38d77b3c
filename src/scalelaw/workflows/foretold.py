"""What is said of a ladder's held-out run before it is trained: the content of the demo's ``forecast.json``.

The mixture forecasts it, and beside it stand a power law in compute and the best loss so far. The digest covers every
value in the file, the losses fitted included.
"""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import numpy as np

from scalelaw.backtesting import forecast
from scalelaw.core.digest import digest
from scalelaw.core.errors import BadInput, ScalelawError
from scalelaw.core.numbers import format_number
from scalelaw.core.sheet import Lines, Printed, Sheet, Table
from scalelaw.core.version import __version__
from scalelaw.fitting import FitResult, fit
from scalelaw.ladder import Ladder
from scalelaw.ladder.ladder import Intent
from scalelaw.runs import Observations, RunTable

SCHEMA = "scalelaw.foretold/1"
LEVEL = 0.9
POWER, LAST = "power law in C", "last value"
_DRAWS = 200


@dataclass(frozen=True)
class Band:
    """A forecast with its interval; the ends are None where the method has none.

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


@dataclass(frozen=True)
class Foretold(Printed):
    """What was said of a run before it was trained.

    Attributes:
        ladder: digest of the ladder it is of.
        run: name of the run.
        point: its params, tokens and flops.
        reach: each of them over the largest fitted.
        level: of the intervals.
        mixture: by the calibrated mixture of laws, for a new run.
        beside: method -> what simpler rules say.
        fitted: run -> loss of every row the mixture was fitted to.
        mixed: the mixture's digest, its laws with their weights, and the digest of its calibration.
        time: when, ISO 8601 in UTC.
        version: scalelaw's.
    """

    ladder: str
    run: str
    point: Mapping[str, float] = field(hash=False)
    reach: Mapping[str, float] = field(hash=False)
    level: float
    mixture: Band
    beside: Mapping[str, Band] = field(hash=False)
    fitted: Mapping[str, float] = field(hash=False)
    mixed: Mapping[str, Any] = field(hash=False)
    time: str
    version: str = __version__

    @property
    def bands(self) -> Mapping[str, Band]:
        """Method -> its forecast, the mixture first."""
        return {"mixture of laws": self.mixture, **self.beside}

    @property
    def best(self) -> float:
        """The lowest loss fitted."""
        return min(self.fitted.values())

    @property
    def drop(self) -> float:
        """How far below the best loss fitted the forecast lies, in nats."""
        return self.best - self.mixture.value

    @property
    def half_width(self) -> float:
        """Half the interval over the forecast."""
        assert self.mixture.lo is not None and self.mixture.hi is not None
        return (self.mixture.hi - self.mixture.lo) / 2 / self.mixture.value

    @property
    def digest(self) -> str:
        """Digest of all that is said."""
        return digest(self._said())

    def to_dict(self) -> dict[str, Any]:
        """Return plain values: the content of ``forecast.json``."""
        return {"schema": SCHEMA, **self._said(), "digest": self.digest}

    def _said(self) -> dict[str, Any]:
        said = {name: value for name, value in vars(self).items() if name not in ("mixture", "beside")}
        plain = {name: dict(value) if isinstance(value, Mapping) else value for name, value in said.items()}
        bands = {name: vars(band) for name, band in self.beside.items()}
        return {**plain, "mixture": vars(self.mixture), "beside": bands}

    def save(self, path: Path) -> None:
        """Write it to a file that must not exist yet.

        Raises:
            BadInput: it exists, or cannot be written.
        """
        try:
            with path.open("x", encoding="utf-8") as file:
                file.write(json.dumps(self.to_dict(), indent=1) + "\n")
        except OSError as error:
            raise BadInput(f"{path} cannot be written: {error.strerror}") from error

    @classmethod
    def load(cls, path: Path, ladder: Ladder) -> Self:
        """Return what stands in a file.

        Raises:
            BadInput: it cannot be read, was edited, or is of another ladder.
        """
        try:
            said = json.loads(path.read_text(encoding="utf-8"))
            told = said.pop("digest")
            if said.pop("schema") != SCHEMA:
                raise BadInput(f"{path} was written by another version of scalelaw")
            beside = {name: Band(**band) for name, band in said.pop("beside").items()}
            found = cls(**{**said, "mixture": Band(**said["mixture"]), "beside": beside})
        except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
            if isinstance(error, ScalelawError):
                raise
            raise BadInput(f"{path} is no forecast of a demo: {error}") from error
        if found.digest != told:
            raise BadInput(f"{path} was edited after it was frozen: its digest is {found.digest}, and it says {told}")
        if found.ladder != ladder.digest:
            raise BadInput(f"{path} is of another ladder than the ladder.toml beside it")
        return found

    def sheet(self) -> Sheet:
        """Return the forecast, and what simpler rules say."""
        rows = [["", "forecast", f"{100 * self.level:g} % band"]]
        rows += [
            [name, f"{band.value:.3f}", str(band)]
            for name, band in {"mixture of laws": self.mixture, **self.beside}.items()
        ]
        said = [
            (
                "run",
                f"{self.run}: N {format_number(self.point['params'], 4)}, D {format_number(self.point['tokens'], 4)}",
            ),
            ("width", f"half of the band is {self.half_width:.1%} of the loss, {self._of_drop()} of the drop expected"),
        ]
        return Sheet("", [Table(rows, right=[1]), Lines(said)])

    def _of_drop(self) -> str:
        return f"{self.half_width * self.mixture.value / self.drop:.0%}" if self.drop > 0 else "all"


def foretell(ladder: Ladder, runs: RunTable, *, name: str = "", at: str | None = None) -> Foretold:
    """Forecast the held-out run of a ladder from the runs that are finished.

    Args:
        ladder: holds out one rung at one horizon.
        runs: the fitted ones.
        name: of the run; that of seed 0 unless given.
        at: when, ISO 8601; now unless given.

    Raises:
        FitFailed: no law could be fitted.
    """
    rung = ladder.held_out[0]
    point = {"params": float(rung.params), "tokens": float(rung.horizons[0]), "flops": rung.dearest}
    x = {quantity: np.array([value]) for quantity, value in point.items()}
    rows = runs.endpoints()
    mixture = forecast(rows)
    told = mixture.predict(x, LEVEL, "new_run")
    assert told.lo is not None and told.hi is not None
    labels = rows.columns["label"].astype(str)
    laws = zip(mixture.members, mixture.weights, strict=True)
    return Foretold(
        ladder=ladder.digest,
        run=name or Intent(rung, rung.seeds[0], rung.trunk.branches[0]).name,
        point=point,
        reach={quantity: value / float(np.max(rows.columns[quantity])) for quantity, value in point.items()},
        level=LEVEL,
        mixture=Band(float(told.mean[0]), float(told.lo[0]), float(told.hi[0])),
        beside={POWER: _power(rows, x), LAST: Band(float(rows.y.min()))},
        fitted=dict(zip(labels.tolist(), rows.y.tolist(), strict=True)),
        mixed={
            "digest": mixture.digest,
            "weights": {
                each.label: float(weight) for each, weight in zip(mixture.members, mixture.weights, strict=True)
            },
            "calibration": mixture.calibration.digest,
        },
        time=at or time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    )


def _power(rows: Observations, x: Mapping[str, Any]) -> Band:
    """Return what E + A / C^alpha says, with its bootstrap."""
    law: FitResult = fit("power[input=flops]", rows, draws=_DRAWS)
    told = law.predict({"flops": x["flops"]}, LEVEL, "new_run")
    if told.lo is None or told.hi is None:
        return Band(float(told.mean[0]))
    return Band(float(told.mean[0]), float(told.lo[0]), float(told.hi[0]))
