"""Frozen forecasts: a forecast of one future run, sealed so that any later edit shows.

code                   grade   when
FORECAST_TOO_LATE      refuse  the fitted table already holds the run, or one at its point
FORECAST_POINT         refuse  the point lacks a quantity that the forecaster takes
FORECAST_CONTRADICTED  refuse  a stated condition contradicts the fitted rows
"""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from scalelaw.accounting.flops import COUNTINGS, Counting, HasCounting, counting_for
from scalelaw.core.digest import digest, source_digest
from scalelaw.core.errors import BadInput
from scalelaw.core.files import write_whole
from scalelaw.core.findings import Finding, Grade, enforce
from scalelaw.core.forecaster import Forecaster, Kind, Provenance, Traceable, outside, reach
from scalelaw.core.nouns.tabular import Columns, Tabular, columns_of
from scalelaw.core.numbers import counted, format_number, parse_number
from scalelaw.core.quantities import QUANTITIES, quantity
from scalelaw.core.reading import LARGEST_DOCUMENT, one_line, read_limited
from scalelaw.core.rendering import Lines, Renderable, Report, Table
from scalelaw.core.types import AnyArray, Array, Inputs
from scalelaw.core.version import __version__
from scalelaw.registry.seal import faults, seal, sealed_text
from scalelaw.runs.other_columns import with_formula_columns
from scalelaw.runs.reading.load import load_runs
from scalelaw.runs.reducing.pooling import COMPARED, NOTED
from scalelaw.runs.table import RunTable

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
            rows.append([f"{100 * level:g} %", *("unknown" if ends is None else _span(*ends) for ends in both)])
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


def freeze(
    forecaster: Forecaster,
    *,
    run: str = "",
    conditions: Mapping[str, float | str] | None = None,
    runs: Any = None,
    **point: float | str,
) -> FrozenForecast:
    """Freeze the forecast of one future run.

    Args:
        forecaster: a fit, a published law, an ensemble or another forecaster. The rows behind a ``Traceable`` one are
            recorded; of others only digest and label.
        run: name of the run, if known.
        conditions: conditions of the run that the fitted table lacks: ``{"dataset": "c4", "tokenizer": "gpt2"}``. A
            run with other values is not scored.
        runs: the fitted table, to check excluded runs too.
        **point: the forecaster's inputs, such as ``params``, ``tokens`` or ``flops``, as numbers or text like
            ``70B``; a missing one of N, D and C follows from C = 6 N D, or from the fitted table's own count of C.

    Raises:
        BadInput: a quantity is unknown, missing or not positive, a condition contradicts the rows, or the table
            already holds the run.

    Example:
        >>> import scalelaw as sl
        >>> fit = sl.fit("chinchilla", sl.datasets.load("synthetic-ladder"), draws=50)
        >>> forecast = freeze(fit, params="7B", tokens="140B")
        >>> forecast.target, forecast.levels
        ('loss', (0.5, 0.8, 0.9, 0.95))
    """
    origin = forecaster.origin if isinstance(forecaster, Traceable) else Provenance(forecaster.label)
    counting = forecaster.counting if isinstance(forecaster, HasCounting) else None
    given = {name: _number(name, value, forecaster.inputs) for name, value in point.items()}
    asked, flops = _completed(given, forecaster.inputs, counting)
    _check_open(origin, {name: asked[name] for name in forecaster.inputs})
    if runs is not None:
        _check_absent(runs if isinstance(runs, RunTable) else load_runs(runs), asked, run)
    x = {name: np.array([asked[name]]) for name in forecaster.inputs}
    document = {
        "schema": SCHEMA,
        "target": {"name": forecaster.target, "unit": QUANTITIES[forecaster.target.partition("@")[0]].unit},
        "run": run,
        "point": asked,
        "tolerance": TOLERANCE,
        "conditions": _conditions(origin, conditions or {}),
        "counting": _counted(asked, flops, counting),
        "mean": _predicted(forecaster, x, "mean"),
        "new_run": _predicted(forecaster, x, "new_run"),
        "reach": reach(asked, forecaster.domain),
        "outside_domain": bool(outside(x, forecaster.domain)[0]),
        "forecaster": _described(forecaster, origin),
        "rows": _rows(origin),
        "made": {
            "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            "scalelaw": __version__,
            "source": source_digest(),
        },
    }  # fmt: skip
    return FrozenForecast(seal(document))


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
        document = json.loads(content)
        if document["schema"] != SCHEMA:
            raise BadInput(f"{name} has schema {document['schema']}; this version of scalelaw reads {SCHEMA}")
        forecast = FrozenForecast(document)
        forecast.report()  # reads every part: a valid seal does not mean valid content
    return forecast


def row_digest(x: Mapping[str, float], y: float) -> str:
    """Return the digest of the inputs and the value of one measured row."""
    return digest({**{name: float(value) for name, value in x.items()}, "y": float(y)})


def near(values: AnyArray | float, wanted: float, tolerance: float = TOLERANCE) -> AnyArray:
    """Return a mask of values within the relative tolerance of a wanted value."""
    with np.errstate(invalid="ignore"):
        return np.asarray(np.abs(np.asarray(values, float) - wanted) <= tolerance * abs(wanted))


def point_text(forecast: FrozenForecast) -> str:
    """Return the name and inputs of the forecast run as text."""
    inputs = ", ".join(f"{name} {format_number(value)}" for name, value in forecast.point.items())
    return f"{forecast.run} ({inputs})" if forecast.run else f"a run of {inputs}"


def _number(name: str, value: float | str, inputs: tuple[str, ...]) -> float:
    if name in inputs and name not in QUANTITIES:
        return parse_number(value)
    if quantity(name).kind != "number":
        raise BadInput(f"{name}={value!r}: {name} is not numeric; pass it in conditions= (CLI: --say {name}={value})")
    found = parse_number(value, name)
    if not found > 0:
        raise BadInput(f"{name} must be positive, got {found:g}")
    return found


def _counted(asked: Mapping[str, float], flops: float | None, counting: Counting | None) -> dict[str, Any]:
    """Return kind of N, compute and its convention; empty for a point without N."""
    n = next((name for name in COUNTINGS if name in asked), None)
    if n is None:
        return {}
    by = counting if counting is not None and counting.params == n else counting_for(n)
    return {"n": n, "meaning": QUANTITIES[n].meaning, "flops": flops, "flops_by": by.name}


def _completed(
    given: dict[str, float], inputs: tuple[str, ...], counting: Counting | None = None
) -> tuple[dict[str, float], float | None]:
    """Return the point with every input, and its compute if N and D are known."""
    known = dict(given)
    n = next((name for name in COUNTINGS if name in (*given, *inputs)), None)
    if n is not None:
        by = counting if counting is not None and counting.params == n else counting_for(n)
        if {n, "tokens"} <= set(known):
            known.setdefault("flops", float(by.flops(known[n], known["tokens"])))
        elif {n, "flops"} <= set(known):
            known["tokens"] = float(by.tokens(known[n], known["flops"]))
        elif {"tokens", "flops"} <= set(known):
            known[n] = float(by.params_for(known["tokens"], known["flops"]))
    if missing := [name for name in inputs if name not in known]:
        given_text = ", ".join(given) or "nothing"
        message = f"missing {' and '.join(missing)}: the forecaster takes {', '.join(inputs)}, got {given_text}"
        fix = f"give {missing[0]}= (CLI: --at {missing[0]}=...)"
        enforce([Finding("FORECAST_POINT", Grade.REFUSE, message, 0, fix)])
    point = {name: known[name] for name in dict.fromkeys((*inputs, *given))}
    return point, known.get("flops")


def _check_open(origin: Provenance, asked: Mapping[str, float]) -> None:
    """Raise if a fitted row already lies at the point."""
    if len(origin.y) and (there := _at_point(origin.x, asked, len(origin.y))).any():
        _too_late(f"the forecaster was fitted to {int(there.sum())} at this point, measured {origin.y[there][0]:.4g}")


def _at_point(x: Inputs, asked: Mapping[str, float], count: int) -> AnyArray:
    masks = [near(x[name], value) for name, value in asked.items() if name in x]
    return np.logical_and.reduce(masks) if masks else np.zeros(count, bool)


def _check_absent(table: RunTable, asked: Mapping[str, float], run: str) -> None:
    """Raise if the table already holds the run, by name or by its actual or planned point, finished or not."""
    if run and "run" in table.runs and run in table.runs["run"].astype(str):
        _too_late(f"{table.source} already holds the run {run}")
    table = with_formula_columns(table, asked)
    planned = {name: f"planned_{name}" if f"planned_{name}" in table.runs else name for name in asked}
    for columns in ({name: name for name in asked}, planned):
        if set(columns.values()) <= set(table.runs):
            there = _at_point({name: table.runs[column] for name, column in columns.items()}, asked, len(table))
            if there.any():
                which = table.runs["run"][there][0] if "run" in table.runs else f"row {int(np.argmax(there)) + 1}"
                _too_late(f"{table.source} already holds a run at this point: {which}")


def _too_late(message: str) -> None:
    fix = "freeze a forecast before its run: fit without that run (where(...)), or forecast a run not yet trained"
    enforce([Finding("FORECAST_TOO_LATE", Grade.REFUSE, message, 1, fix)])


def _conditions(origin: Provenance, stated: Mapping[str, float | str]) -> dict[str, float | str]:
    """Return the conditions shared by the rows, and those the user states."""
    found = dict(origin.conditions)
    for name, value in stated.items():
        if name not in (*COMPARED, *NOTED):
            raise BadInput(f"conditions={{{name!r}: ...}}: a condition is one of {', '.join((*COMPARED, *NOTED))}")
        plain = parse_number(value, name) if QUANTITIES[name].kind == "number" else str(value)
        if name in found and found[name] != plain:
            message = f"{name} {plain} contradicts the fitted rows, whose {name} is {found[name]}"
            fix = f"fit rows with {name} {plain}, or omit the condition"
            enforce([Finding("FORECAST_CONTRADICTED", Grade.REFUSE, message, 0, fix)])
        found[name] = plain
    return found


def _predicted(forecaster: Forecaster, x: Inputs, kind: Kind) -> dict[str, Any]:
    every = [forecaster.predict(x, level, kind) for level in LEVELS]
    value = float(every[0].mean[0])
    if not np.isfinite(value):
        raise BadInput(f"{forecaster.label} predicts {value} at this point; freeze a point with a finite forecast")
    intervals = [
        {"level": level, "lo": _end(each.lo), "hi": _end(each.hi)} for level, each in zip(LEVELS, every, strict=True)
    ]
    return {"value": value, "intervals": intervals}


def _end(ends: Array | None) -> float | None:
    return None if ends is None or not np.isfinite(ends[0]) else float(ends[0])


def _described(forecaster: Forecaster, origin: Provenance) -> dict[str, Any]:
    return {
        "spelling": origin.spelling,
        "label": forecaster.label,
        "digest": forecaster.digest,
        "inputs": list(forecaster.inputs),
        "spec": origin.spec,
        "domain": {name: list(ends) for name, ends in forecaster.domain.items()},
        "caveats": list(forecaster.caveats),
    }


def _rows(origin: Provenance) -> dict[str, Any]:
    each = [
        row_digest({name: values[at] for name, values in origin.x.items()}, value)
        for at, value in enumerate(origin.y.tolist())
    ]
    return {"count": len(each), "digest": digest(sorted(each)), "each": sorted(each)}


def _span(lo: float, hi: float) -> str:
    return f"{lo:.4g} - {hi:.4g}"
