"""Score a frozen forecast on its run: error and coverage of each interval, or why they cannot be compared.

code                      grade   when
FORECAST_OTHER_TARGET     refuse  the run has another metric, unit or evaluation set
FORECAST_OTHER_COUNTING   refuse  the run lacks the kind of N, D or C that the forecast uses
FORECAST_OTHER_POINT      refuse  no run, or not the named one, has the frozen inputs
FORECAST_OTHER_DATA       refuse  data, tokenizer, vocabulary or bytes per token differ from the forecast's
FORECAST_UNSAID           ask     the forecast has a data set or tokenizer, and the run does not state one
FORECAST_OTHER_RECIPE     warn    recipe, family, schedule or sequence length differ from the forecast's
FORECAST_UNFINISHED       refuse  the run has no end point: it stopped early, diverged or did not decay
FORECAST_RUN_WAS_FITTED   refuse  the forecaster was fitted to this run
FORECAST_WHICH_RUN        ask     several runs have the frozen inputs
FORECAST_AFTER_RUN        warn    the run has an earlier date than the forecast
FORECAST_LOOKS_LIKE_BITS  warn    the loss is outside every interval, but would be inside one if it were in bits
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from scalelaw.accounting.units import nats_from_bits
from scalelaw.core.errors import UnknownName
from scalelaw.core.findings import Finding, Grade, enforce
from scalelaw.core.nouns.tabular import Columns, Tabular, columns_of
from scalelaw.core.numbers import format_number, parse_number
from scalelaw.core.quantities import QUANTITIES
from scalelaw.core.rendering import Lines, Renderable, Report, Table
from scalelaw.core.types import AnyArray
from scalelaw.registry.freezing import row_digest
from scalelaw.registry.frozen import FrozenForecast, near, point_text, span_text
from scalelaw.runs.other_columns import with_formula_columns
from scalelaw.runs.reading.load import load_runs
from scalelaw.runs.reducing.exclusions import verdicts
from scalelaw.runs.reducing.pooling import COMPARED, NOTED
from scalelaw.runs.reducing.select import last_evaluations
from scalelaw.runs.table import RunTable


@dataclass(frozen=True, eq=False)
class ForecastScore(Renderable, Tabular):
    """The score of a frozen forecast.

    Attributes:
        forecast: the frozen forecast.
        run: name of the run.
        measured: its measured value of the target.
        findings: warnings about the comparison.
    """

    forecast: FrozenForecast
    run: str
    measured: float
    findings: tuple[Finding, ...]

    @property
    def error(self) -> float:
        """(forecast - measured) / measured; positive if the run is lower than the forecast."""
        return self.forecast.value / self.measured - 1.0

    def inside(self, level: float) -> bool | None:
        """Return whether the run lies in the interval of a new run at this level; None without an interval."""
        ends = self.forecast.interval(level)
        return None if ends is None else bool(ends[0] <= self.measured <= ends[1])

    def to_dict(self) -> dict[str, Any]:
        """Return plain values: the contract of ``scalelaw registry score --json``."""
        levels = []
        for level in self.forecast.levels:
            lo, hi = self.forecast.interval(level) or (None, None)
            levels.append({"level": level, "lo": lo, "hi": hi, "inside": self.inside(level)})
        return {
            "schema": "scalelaw.forecast-score/1",
            "target": self.forecast.target,
            "run": self.run,
            "measured": self.measured,
            "forecast": self.forecast.value,
            "error": self.error,
            "levels": levels,
            "made": self.forecast.made,
            "digest": self.forecast.digest,
            "findings": [finding.to_dict() for finding in self.findings],
        }

    def to_columns(self) -> Columns:
        """Return one row per level."""
        return columns_of(self.to_dict()["levels"])

    def report(self) -> Report:
        """Return the error, and the result at each level."""
        rows = [["level", "interval", "measured"]]
        for level in self.forecast.levels:
            span = span_text(self.forecast.interval(level))
            rows.append([f"{100 * level:g} %", span, {True: "inside", False: "OUTSIDE", None: "-"}[self.inside(level)]])
        lines = [
            *(("caution", str(finding)) for finding in self.findings),
            ("frozen", f"{self.forecast.made}, {self.forecast.label}"),
            ("digest", self.forecast.digest),
        ]
        title = (
            f"{self.forecast.target} of {self.run}: measured {self.measured:.4g}, "
            f"forecast {self.forecast.value:.4g} ({self.error:+.2%})"
        )
        return Report(title, [Table(rows), Lines(lines)])


def score_forecast(
    forecast: FrozenForecast, runs: Any, *, run: str | None = None, says: Mapping[str, float | str] | None = None
) -> ForecastScore:
    """Score a frozen forecast on its run.

    Args:
        forecast: the frozen forecast.
        runs: a table with the run, or anything ``load_runs`` reads.
        run: name of the run, if several have the frozen inputs.
        says: conditions of the run that the table lacks: ``{"tokenizer": "gpt2"}``.

    Raises:
        BadTable: the run cannot be compared with the forecast (with every reason).
        NeedsAnswer: several runs have the inputs, or the run does not state its data or tokenizer.
        UnknownName: no run has this name.
    """
    table = with_formula_columns(runs if isinstance(runs, RunTable) else load_runs(runs), forecast.point)
    target = same_target(forecast, table)
    row = chosen_run(forecast, table, run or forecast.run or None)
    found = list(differences(forecast, table, row, says or {}))
    at = last_evaluations(table, target)
    ends = at[table.evals["run"][at] == row]
    name = named(table, row)
    if not len(ends):
        found.append(_finding("FORECAST_UNFINISHED", f"{name} has no value of {target}"))
    elif reason := str(verdicts(table, target, ends)[0]):
        found.append(_finding("FORECAST_UNFINISHED", f"{name} has no end point: {reason}"))
    measured = float(table.evals["value"][ends[0]]) if len(ends) else float("nan")
    found += _known_before(forecast, table, row, measured)
    found += _in_bits(forecast, measured)
    enforce(finding for finding in found if finding.grade is not Grade.WARN)
    return ForecastScore(forecast, name, measured, tuple(found))


def same_target(forecast: FrozenForecast, table: RunTable) -> str:
    """Return the table's target that matches the forecast.

    Raises:
        BadTable: no target has this metric, unit and evaluation set.
    """
    try:
        target = table.target(forecast.target)
    except UnknownName:
        target = ""
    if not target:
        unit = forecast.document["target"]["unit"]
        have = ", ".join(f"{name} ({QUANTITIES[name.partition('@')[0]].unit})" for name in table.targets) or "nothing"
        message = f"the forecast is of {forecast.target} ({unit}), but {table.source} measures {have}"
        enforce([_finding("FORECAST_OTHER_TARGET", message, "evaluate the run as the fitted runs were")])
    return target


def chosen_run(forecast: FrozenForecast, table: RunTable, name: str | None) -> int:
    """Return the row of the forecast run: the one of this name, else the only one with the frozen inputs.

    Raises:
        BadTable: no run has the frozen inputs.
        NeedsAnswer: several runs have them.
        UnknownName: no run has the name.
    """
    point = forecast.point
    if missing := [each for each in point if each not in table.runs]:
        first = QUANTITIES.get(missing[0])
        counted = ", ".join(each for each in table.quantities() if first and QUANTITIES[each].unit == first.unit)
        message = (
            f"the forecast uses {', '.join(missing)} ({first.meaning if first else 'a column'}), "
            f"but {table.source} has {counted or 'no such column'}"
        )
        fix = "add the column that the fitted runs have: --column names it, --derive computes it"
        enforce([_finding("FORECAST_OTHER_COUNTING", message, fix)])
    if name is not None:
        names = [named(table, row) for row in range(len(table))]
        if name not in names:
            raise UnknownName.among("run", name, names)
        return names.index(name)
    there = np.logical_and.reduce(
        [near(table.runs[each], value, _tolerance(forecast)) for each, value in point.items()]
    )
    if not there.any():
        enforce([_other_point(forecast, table, _nearest(table, point))])
    rows = np.flatnonzero(there)
    if len(rows) > 1:
        some = ", ".join(named(table, row) for row in rows[:3])
        message = f"{len(rows)} runs of {table.source} have the frozen inputs ({some})"
        enforce([Finding("FORECAST_WHICH_RUN", Grade.ASK, message, len(rows), "choose one with run= (CLI: --run)")])
    return int(rows[0])


def differences(
    forecast: FrozenForecast, table: RunTable, row: int, says: Mapping[str, float | str]
) -> Iterator[Finding]:
    """Yield mismatched or missing conditions of a run."""
    point = forecast.point
    if any(not near(table.runs[each][row], value, _tolerance(forecast)) for each, value in point.items()):
        yield _other_point(forecast, table, row)
    yield from other_conditions(forecast, _conditions(table, row, says), named(table, row))


def other_conditions(forecast: FrozenForecast, known: Mapping[str, float | str], name: str) -> Iterator[Finding]:
    """Yield the forecast's conditions that differ or are missing in a run's known conditions."""
    for condition, wanted in forecast.conditions.items():
        have = known.get(condition)
        if have is None and condition in COMPARED:
            message = f"the forecast is for {condition} {_plain(wanted)}, but {name} does not state its {condition}"
            fix = f"give says={{'{condition}': ...}} (CLI: --say {condition}=...), or a column"
            yield Finding("FORECAST_UNSAID", Grade.ASK, message, 1, fix)
        elif have is not None and not _same(wanted, have):
            message = f"the forecast is for {condition} {_plain(wanted)}, but {name} has {_plain(have)}"
            if condition in COMPARED:
                yield _finding("FORECAST_OTHER_DATA", message, f"score a run with the same {condition}")
            else:
                yield Finding("FORECAST_OTHER_RECIPE", Grade.WARN, message, 1)


def named(table: RunTable, row: int) -> str:
    """Return the table's name of a run."""
    return str(table.runs["run"][row]) if "run" in table.runs else f"row {row + 1}"


def told_conditions(table: RunTable, row: int) -> dict[str, float | str]:
    """Return the data, tokenizer and recipe that the table gives for a run."""
    found: dict[str, float | str] = {}
    for name in (*COMPARED, *NOTED):
        value = table.runs[name][row] if name in table.runs else None
        if value is not None and value == value and str(value).strip():
            found[name] = float(value) if QUANTITIES[name].kind == "number" else str(value)
    return found


def _conditions(table: RunTable, row: int, says: Mapping[str, float | str]) -> dict[str, float | str]:
    """Return the conditions of a run; those in the table override stated ones."""
    stated = {
        name: parse_number(value, name) if QUANTITIES[name].kind == "number" else str(value)
        for name, value in says.items()
        if name in QUANTITIES
    }
    if unknown := next((name for name in says if name not in (*COMPARED, *NOTED)), None):
        raise UnknownName.among("condition", unknown, (*COMPARED, *NOTED))
    return {**stated, **told_conditions(table, row)}


def _known_before(forecast: FrozenForecast, table: RunTable, row: int, measured: float) -> Iterator[Finding]:
    """Yield signs that the run was known when it was forecast."""
    inputs = forecast.document["forecaster"]["inputs"]
    name = named(table, row)
    known = all(each in table.runs for each in inputs)
    if (
        known
        and row_digest({each: table.runs[each][row] for each in inputs}, measured) in forecast.document["rows"]["each"]
    ):
        yield _finding(
            "FORECAST_RUN_WAS_FITTED", f"the forecaster was fitted to {name} itself", "score a run that was not fitted"
        )
    dated = str(table.runs["date"][row]) if "date" in table.runs else ""
    if dated[:4].isdigit() and dated[:10] < forecast.made[:10]:
        message = f"{name} is dated {dated[:19]}, before the forecast was frozen ({forecast.made})"
        yield Finding("FORECAST_AFTER_RUN", Grade.WARN, message, 1, "report why the forecaster could not use the run")


def _in_bits(forecast: FrozenForecast, measured: float) -> Iterator[Finding]:
    widest = forecast.interval(max(forecast.levels)) if forecast.levels else None
    if forecast.target.partition("@")[0] != "loss" or widest is None:
        return
    nats = float(nats_from_bits(np.array(measured)))
    if measured > widest[1] and widest[0] <= nats <= widest[1]:
        message = (
            f"{measured:.4g} is outside every interval; if it is in bits, it equals {nats:.4g} nats, inside an interval"
        )
        fix = 'if so, give units={"loss": "bits"} (CLI: --unit loss=bits)'
        yield Finding("FORECAST_LOOKS_LIKE_BITS", Grade.WARN, message, 1, fix)


def _other_point(forecast: FrozenForecast, table: RunTable, row: int) -> Finding:
    have = ", ".join(
        f"{name} {format_number(float(table.runs[name][row]))} ({table.runs[name][row] / value - 1:+.1%})"
        for name, value in forecast.point.items()
    )
    message = f"the forecast is for {point_text(forecast)}; {named(table, row)} has {have}"
    fix = f"each input must agree within {_tolerance(forecast):.0%}; freeze a forecast at the point of this run"
    return _finding("FORECAST_OTHER_POINT", message, fix)


def _nearest(table: RunTable, point: Mapping[str, float]) -> int:
    with np.errstate(invalid="ignore", divide="ignore"):
        far: AnyArray = np.sum([np.abs(np.log(table.runs[name] / value)) for name, value in point.items()], axis=0)
    return int(np.argmin(np.where(np.isfinite(far), far, np.inf)))


def _tolerance(forecast: FrozenForecast) -> float:
    return float(forecast.document["tolerance"])


def _same(wanted: float | str, have: float | str) -> bool:
    if isinstance(wanted, float) and isinstance(have, float):
        return bool(near(have, wanted, 1e-3))
    return str(wanted).strip().lower() == str(have).strip().lower()


def _plain(value: float | str) -> str:
    return f"{value:g}" if isinstance(value, float) else value


def _finding(code: str, message: str, fix: str = "") -> Finding:
    return Finding(code, Grade.REFUSE, message, 1, fix)
