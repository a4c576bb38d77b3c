"""Frozen forecasts: a forecast of one future run, sealed so that any later edit shows."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from scalelaw.core.errors import BadInput
from scalelaw.core.files import write_whole
from scalelaw.core.forecaster import Kind
from scalelaw.core.nouns.tabular import Columns, Tabular, columns_of
from scalelaw.core.numbers import counted, format_number
from scalelaw.core.reading import LARGEST_DOCUMENT, one_line, parse_json, read_limited
from scalelaw.core.rendering import Lines, Renderable, Report, Table
from scalelaw.core.types import AnyArray
from scalelaw.registry.seal import faults, sealed_text
from scalelaw.runs.reducing.pooling import COMPARED

SCHEMA = "scalelaw.forecast/1"
LEVELS = (0.5, 0.8, 0.9, 0.95)
"""Levels of the frozen intervals."""
TOLERANCE = 0.02
"""Largest relative difference between an input of a run and the frozen point."""


@dataclass(frozen=True, eq=False)
class FrozenForecast(Renderable, Tabular):
    """One frozen forecast: the content of a ``forecast.json``.

    Attributes:
        document: the content as plain values, with a digest of every section under ``seal``.
    """

    document: Mapping[str, Any]

    @property
    def target(self) -> str:
        """The forecast metric, as ``metric@eval_set``."""
        return str(self.document["target"]["name"])

    @property
    def run(self) -> str:
        """Name of the forecast run, or empty."""
        return str(self.document["run"])

    @property
    def point(self) -> dict[str, float]:
        """Inputs of the forecast run: quantity -> value."""
        return dict(self.document["point"])

    @property
    def conditions(self) -> dict[str, float | str]:
        """Conditions that a run must share to be compared."""
        return dict(self.document["conditions"])

    @property
    def value(self) -> float:
        """The point forecast of the run."""
        return float(self.document["new_run"]["value"])

    @property
    def levels(self) -> tuple[float, ...]:
        """Levels of the frozen intervals."""
        return tuple(each["level"] for each in self.document["new_run"]["intervals"])

    @property
    def made(self) -> str:
        """Time of freezing by the local clock, ISO 8601 in UTC."""
        return str(self.document["made"]["time"])

    @property
    def digest(self) -> str:
        """Digest of the whole forecast, 64 hexadecimal digits."""
        return str(self.document["seal"]["whole"])

    @property
    def label(self) -> str:
        """The law or ensemble of laws that made it."""
        return str(self.document["forecaster"]["spelling"])

    def interval(self, level: float = 0.9, kind: Kind = "new_run") -> tuple[float, float] | None:
        """Return the frozen interval at a level; None if the uncertainty was unknown.

        Raises:
            BadInput: no interval at this level was frozen.
        """
        for each in self.document[kind]["intervals"]:
            if abs(each["level"] - level) < 1e-9:
                return None if each["lo"] is None else (each["lo"], each["hi"])
        have = ", ".join(f"{each:g}" for each in self.levels)
        raise BadInput(f"no interval at level {level:g} was frozen; use one of {have}")

    def save(self, path: str | Path) -> None:
        """Write the forecast to a new file; an existing file is never overwritten.

        Raises:
            BadInput: the file exists or cannot be written.
        """
        try:
            write_whole(path, sealed_text(self.document), over=False)
        except FileExistsError as error:
            raise BadInput(
                f"{path} exists, and a frozen forecast never overwrites a file; choose another name"
            ) from error

    def to_dict(self) -> dict[str, Any]:
        """Return the document: the contract of ``scalelaw registry freeze --json``."""
        return dict(self.document)

    def to_columns(self) -> Columns:
        """Return one row per level: the interval of a new run, and that of the mean."""
        none = (None, None)
        return columns_of(
            {
                "level": level,
                "value": self.value,
                **dict(zip(("lo", "hi"), self.interval(level) or none, strict=True)),
                **dict(zip(("mean_lo", "mean_hi"), self.interval(level, "mean") or none, strict=True)),
            }
            for level in self.levels
        )

    def report(self) -> Report:
        """Return point, forecast, source and the digest to publish."""
        rows = [["level", "new run", "law"]]
        for level in self.levels:
            both = (self.interval(level, "new_run"), self.interval(level, "mean"))
            rows.append([f"{100 * level:g} %", *(span_text(ends) for ends in both)])
        own = self.document["forecaster"]
        lines = [
            ("of", f"{self.label}, {counted(self.document['rows']['count'], 'row')}, {own['digest']}"),
            *(("must share", f"{name} {value}") for name, value in self.conditions.items() if name in COMPARED),
            ("reach", ", ".join(f"{name} {value:.3g}x" for name, value in self.document["reach"].items()) or "unknown"),
            *(("caution", caveat) for caveat in own["caveats"]),
            ("frozen", f"{self.made} by scalelaw {self.document['made']['scalelaw']}"),
            ("digest", self.digest),
        ]
        title = f"{self.target} of {point_text(self)}: {self.value:.4g}"
        return Report(title, [Table(rows, right=()), Lines(lines)])


def load_forecast(path: str | Path) -> FrozenForecast:
    """Load a forecast and verify its seal.

    Raises:
        BadInput: the file is absent, not a forecast, of a newer version, or edited (with the place).
    """
    content = read_bytes(path)
    problems = list(faults(content))
    if problems:
        raise BadInput(f"{path} was edited after freezing: {'; '.join(problems)}")
    return opened(content, str(path))


def read_bytes(path: str | Path, largest: int = LARGEST_DOCUMENT) -> bytes:
    """Return the bytes of a file.

    Raises:
        BadInput: the file cannot be read, is not a regular file, or has more than ``largest`` bytes.
    """
    try:
        return read_limited(Path(path).expanduser(), largest)
    except (OSError, ValueError) as error:
        if isinstance(error, BadInput):
            raise
        raise BadInput(f"cannot read {path}: {getattr(error, 'strerror', None) or error}") from error


def opened(content: bytes, name: str) -> FrozenForecast:
    """Return the forecast in the bytes of a sealed document.

    Raises:
        BadInput: another schema, or a missing or malformed part.
    """
    with one_line(name):
        document = parse_json(content)
        if document["schema"] != SCHEMA:
            raise BadInput(f"{name} has schema {document['schema']}; this version of scalelaw reads {SCHEMA}")
        forecast = FrozenForecast(document)
        forecast.report()  # reads every part: a valid seal does not mean valid content
        inputs, tolerance = document["forecaster"]["inputs"], document["tolerance"]
        if not isinstance(inputs, list) or not all(isinstance(each, str) for each in inputs):
            raise BadInput(f"{name} has the inputs {str(inputs)[:40]}, not a list of names; freeze it again")
        if not isinstance(document["rows"]["each"], list):
            raise BadInput(f"{name} does not list the digests of the rows; freeze it again")
        if isinstance(tolerance, bool | str) or not 0 <= float(tolerance) < 1:
            raise BadInput(f"{name} has the tolerance {str(tolerance)[:40]}, not a number from 0 to 1; freeze it again")
    return forecast


def near(values: AnyArray | float, wanted: float, tolerance: float = TOLERANCE) -> AnyArray:
    """Return a mask of values within the relative tolerance of a wanted value."""
    with np.errstate(invalid="ignore"):
        return np.asarray(np.abs(np.asarray(values, float) - wanted) <= tolerance * abs(wanted))


def point_text(forecast: FrozenForecast) -> str:
    """Return the name and inputs of the forecast run as text."""
    inputs = ", ".join(f"{name} {format_number(value)}" for name, value in forecast.point.items())
    return f"{forecast.run} ({inputs})" if forecast.run else f"a run of {inputs}"


def span_text(ends: tuple[float, float] | None) -> str:
    """Return an interval as text."""
    return "unknown" if ends is None else f"{ends[0]:.4g} - {ends[1]:.4g}"
