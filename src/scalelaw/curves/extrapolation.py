"""Learning-curve extrapolation: forecast the loss at the end of each run from its readings so far.

Findings:

CURVES_WHICH_END   ask        the end of a run is unknown
CURVES_NONE_LEFT   refuse     no run has enough readings before the cut
CURVES_STRAINED    warn       a curve differs from the curves on which the shapes were measured
CURVES_RISING      warn       a loss has risen well above its lowest; the shapes allow only for repeated data
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from scalelaw.core.direction import higher_is_better
from scalelaw.core.errors import BadInput
from scalelaw.core.findings import Finding, Grade, enforce
from scalelaw.core.nouns.brief import Brief
from scalelaw.core.nouns.tabular import Columns, Tabular, columns_of
from scalelaw.core.numbers import counted, format_number
from scalelaw.core.quantities import QUANTITIES
from scalelaw.core.rendering import Lines, Renderable, Report, Table
from scalelaw.core.types import Array, frozen
from scalelaw.curves.curve_forecast import FEWEST, CurveForecast, extrapolate_curve
from scalelaw.curves.curve_shape import RunSchedule
from scalelaw.runs.grouping.one_run import as_one_run
from scalelaw.runs.reading.load import load_runs
from scalelaw.runs.reducing.exclusions import against_runs, first_reasons
from scalelaw.runs.reducing.select import evaluations
from scalelaw.runs.schedule import Schedule, parse_schedule, parse_share
from scalelaw.runs.table import RunTable

REACHED = 0.98
"""Share of a run from which it counts as finished."""
_RISEN = 0.02
_NOISES = 4.0
_SHORT = 1e6
PLANNED = {"tokens": "planned_tokens", "steps": "planned_steps"}
"""Axis of time -> column of its planned end; the first that a table has is the axis."""


@dataclass(frozen=True, eq=False)
class RunForecast(Brief):
    """One run: readings up to the cut, forecast, and actual end if known.

    Attributes:
        run: name of the run.
        course: end and schedule of the run.
        time: tokens or steps of the readings used, (n,).
        loss: the readings used, (n,).
        forecast: forecast from the cut to the end.
        actual: the last reading of a finished run, else None; forecasts never use it.
        after: tokens or steps and losses of the readings after the cut, (2, m); for figures.
    """

    run: str
    course: RunSchedule
    time: Array
    loss: Array
    forecast: CurveForecast
    actual: float | None
    after: Array

    @property
    def error(self) -> float | None:
        """(forecast - actual) / actual, or None without an actual value."""
        return None if self.actual is None else float(self.forecast.mean[-1] / self.actual - 1.0)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        own = self.forecast
        return {
            "run": self.run,
            "cut": own.cut,
            "end": self.course.end,
            "used": own.used,
            "schedule": None if self.course.schedule is None else str(self.course.schedule),
            "last_value": own.last_value,
            "noise": own.noise,
            "final": {"value": own.mean[-1], "lo": own.lo[-1], "hi": own.hi[-1], "level": own.level},
            "actual": self.actual,
            "error": self.error,
            "path": {"time": list(own.time), "mean": list(own.mean), "lo": list(own.lo), "hi": list(own.hi)},
        }


@dataclass(frozen=True, eq=False)
class Extrapolation(Renderable, Tabular):
    """The forecasts of a table, in its order.

    Attributes:
        target: the forecast quantity, ``metric@eval_set``.
        axis: unit of time, ``tokens`` or ``steps``.
        at: used share of each run, or None for all readings.
        level: level of the intervals.
        runs: one forecast per run.
        left_out: name of each other run, with the reason.
        findings: warnings and other findings.
    """

    target: str
    axis: str
    at: float | None
    level: float
    runs: tuple[RunForecast, ...]
    left_out: tuple[tuple[str, str], ...]
    findings: tuple[Finding, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for ``scalelaw extrapolate --json``."""
        return {
            "schema": "scalelaw.extrapolation/1",
            "target": self.target,
            "axis": self.axis,
            "at": self.at,
            "level": self.level,
            "runs": [each.to_dict() for each in self.runs],
            "left_out": [{"run": run, "reason": reason} for run, reason in self.left_out],
            "findings": [finding.to_dict() for finding in self.findings],
        }

    def to_columns(self) -> Columns:
        """Return one row per run."""
        records = [each.to_dict() for each in self.runs]
        return columns_of({name: value for name, value in each.items() if name != "path"} for each in records)

    def report(self) -> Report:
        """Return the report, with one line per run."""
        head = ["run", "cut", "end", "schedule", "at the cut", "final", f"{100 * self.level:g} % interval", "actual",
                "error"]  # fmt: skip
        rows = [head, *(_row(each) for each in self.runs)]
        lines = [
            *(("left out", f"{run}: {reason}") for run, reason in self.left_out),
            *(("doubt", str(finding)) for finding in self.findings),
        ]
        title = f"{self.target} at the end of each run, from its readings up to the cut (in {self.axis})"
        return Report(title, [Table(rows, right=(1, 2, 4, 5, 6, 7, 8)), Lines(lines)])


def extrapolate(
    runs: Any,
    *,
    at: float | str | None = None,
    end: float | None = None,
    schedule: Schedule | str | None = None,
    target: str | None = None,
    level: float = 0.9,
) -> Extrapolation:
    """Forecast the loss at the end of each run from only its readings so far and its schedule.

    No reading after the cut, of any run, enters a forecast; see ``scalelaw.curves.curve_shape`` for the method.

    Args:
        runs: a table of checkpoints, or anything ``load_runs`` reads: run, tokens or steps, loss.
        at: use only this share of each run, such as ``1/3`` or 0.33; None uses all readings.
        end: tokens or steps of a whole run. None takes ``planned_tokens`` or ``planned_steps`` of the run (at the
            tokens per step so far). With ``at`` and without a plan, None takes the time of its last reading.
        schedule: learning-rate schedule of all runs, such as ``cosine``, ``wsd[decay=0.2]`` or ``constant``. None means
            the column ``schedule``; without one, the forecast includes no gain from a decay.
        target: the loss to forecast; optional if the table has one target.
        level: level of the intervals, which are for a reading at the end.

    Raises:
        BadInput: a bad argument, or the target is a score.
        NeedsAnswer: the end of a run is unknown.
        BadTable: no run has three readings before its cut.

    Example:
        >>> steps = np.arange(100.0, 3001.0, 100.0)
        >>> table = {"run": ["a"] * 30, "steps": steps, "loss": 2 + 20 * steps**-0.5}
        >>> print(round(extrapolate(table, end=9000, schedule="constant").runs[0].forecast.mean[-1], 1))
        2.2
    """
    share = parse_share(at, "at=") if isinstance(at, str) else at
    if share is not None and not 0 < share < 1:
        raise BadInput(f"at={at!r}: give a share of the run between 0 and 1, such as 1/3")
    table = as_one_run(load_runs(runs))
    name = table.target(target)
    if higher_is_better(name):
        metric = name.partition("@")[0]
        loss = "-logprob" if metric == "logprob" else f"1 - {metric}"
        raise BadInput(f"{name} is a {metric}, which rises; extrapolate a loss, e.g. derive={{'loss': '{loss}'}}")
    curves = _Curves(table, name, share, end, parse_schedule(schedule) if isinstance(schedule, str) else schedule)
    forecasts: list[RunForecast] = []
    left_out: list[tuple[str, str]] = []
    for run, reason in enumerate(curves.reasons):
        found = reason or curves.forecast(run, level)
        if isinstance(found, str):
            left_out.append((curves.names[run], found))
        else:
            forecasts.append(found)
    if not forecasts:
        _refuse(left_out)
    findings = tuple(finding for each in forecasts for finding in _doubts(each))
    return Extrapolation(name, curves.axis, share, level, tuple(forecasts), tuple(left_out), findings)


class _Curves:
    """The readings of a table as curves, and the plan of each run."""

    def __init__(
        self, table: RunTable, target: str, share: float | None, end: float | None, schedule: Schedule | None
    ) -> None:
        self.table, self.target, self.share, self.end, self.schedule = table, target, share, end, schedule
        axis = time_axis(table)
        if axis is None:
            raise BadInput(f"{table.source} has neither tokens nor steps; name one with columns= (CLI: --column)")
        self.axis = axis
        at = evaluations(table, target)
        self.run, self.value = table.evals["run"][at], table.evals["value"][at]
        self.time = np.asarray(table.evals[axis][at], float)
        self.reasons = first_reasons(list(against_runs(table, np.arange(len(table)))), len(table)).tolist()
        named = table.runs.get("run", np.arange(1, len(table) + 1))
        self.names = [str(each) for each in named]

    def forecast(self, run: int, level: float) -> RunForecast | str:
        """Return the forecast of a run, or the reason why it has no forecast."""
        mine = (self.run == run) & np.isfinite(self.time) & (self.time > 0)
        if mine.sum() < FEWEST:
            return f"{counted(int(mine.sum()), 'reading')}; a forecast needs {FEWEST}"
        last = float(self.time[mine].max())
        course = self._course(run, last)
        cut = last if self.share is None else self.share * course.end
        usable = mine & np.isfinite(self.value) & (self.value > 0)
        seen = usable & (self.time <= cut)
        start = course.schedule.warmup * course.end if course.schedule else 0.0
        if (count := int(np.sum(seen & (self.time >= start)))) < FEWEST:
            return (
                f"{counted(count, 'reading')} before the cut at {time_text(cut)} {self.axis}; a forecast needs {FEWEST}"
            )
        if self.time[seen][-1] >= course.end:
            return f"it has finished at {time_text(course.end)} {self.axis}"
        later = usable & (self.time > cut)
        over = later.any() and self.time[later][-1] >= REACHED * course.end
        return RunForecast(
            run=self.names[run],
            course=course,
            time=frozen(self.time[seen]),
            loss=frozen(self.value[seen]),
            forecast=extrapolate_curve(self.time[seen], self.value[seen], course, level=level),
            actual=float(self.value[later][-1]) if over else None,
            after=frozen(np.stack([self.time[later], self.value[later]])),
        )

    def _course(self, run: int, last: float) -> RunSchedule:
        planned = self.end or self._planned(run, last)
        if planned is None and self.share is None:
            so_far = f"{time_text(last)} {self.axis}"
            message = f"the end of run {self.names[run]} is unknown; its last reading is at {so_far}"
            fix = f"give end= (CLI: --end), or add a column {PLANNED[self.axis]}"
            if self.axis == "tokens" and "steps" in self.table.runs:
                fix += " or planned_steps"
            enforce([Finding("CURVES_WHICH_END", Grade.ASK, message, 1, fix)])
        sizes = [name for name in self.table.runs if name.startswith("params") and QUANTITIES.get(name)]
        return RunSchedule(
            end=planned or last,
            schedule=self.schedule or self._schedule(run),
            unique_tokens=self._number(run, "unique_tokens") if self.axis == "tokens" else None,
            params=self._number(run, "params" if "params" in sizes or not sizes else sizes[0]),
        )

    def _planned(self, run: int, last: float) -> float | None:
        """Return the planned end of the run on its axis; convert steps by the tokens per step so far."""
        planned = self._number(run, PLANNED[self.axis])
        steps = self._number(run, "planned_steps")
        if planned is not None or self.axis == "steps" or steps is None:
            return planned
        if (batch := self._number(run, "batch_tokens")) is not None:
            return steps * batch
        taken = self.table.evals.get("steps")
        if taken is None:
            return None
        at = evaluations(self.table, self.target)
        done = np.asarray(taken[at], float)[(self.run == run) & (self.time == last)]
        return steps * last / float(done[-1]) if len(done) and np.isfinite(done[-1]) and done[-1] > 0 else None

    def _number(self, run: int, name: str) -> float | None:
        value = self.table.runs[name][run] if name in self.table.runs else None
        return float(value) if isinstance(value, float) and np.isfinite(value) and value > 0 else None

    def _schedule(self, run: int) -> Schedule | None:
        said = str(self.table.runs["schedule"][run] or "").strip() if "schedule" in self.table.runs else ""
        return parse_schedule(said) if said and said.lower() not in ("nan", "none", "unknown") else None


def _refuse(left_out: list[tuple[str, str]]) -> None:
    run, reason = left_out[0]
    more = f" (so are {len(left_out) - 1} more)" if len(left_out) > 1 else ""
    fix = 'if rows are checkpoints, name the column of the run: columns={"run": "..."} (CLI: --column run=...)'
    message = f"no run can be extrapolated; {run} is left out: {reason}{more}"
    enforce([Finding("CURVES_NONE_LEFT", Grade.REFUSE, message, len(left_out), fix)])


def _doubts(run: RunForecast) -> Iterator[Finding]:
    own = run.forecast
    if own.strained:
        message = f"{run.run}: only {own.effective_draws:.0f} of 4096 known curve shapes fit this curve"
        yield Finding("CURVES_STRAINED", Grade.WARN, message, 1, "expect a larger error than the interval shows")
    before = run.loss[:-FEWEST]
    risen = float(np.median(run.loss[-FEWEST:]) / np.min(before) - 1.0) if len(before) else 0.0
    if risen > max(_RISEN, _NOISES * own.noise):
        message = f"{run.run}: the last {FEWEST} readings lie {risen:.1%} above the lowest earlier one"
        fix = "if the run repeats data, give unique_tokens and params; the forecast models no other rise"
        yield Finding("CURVES_RISING", Grade.WARN, message, 1, fix)


def time_axis(table: RunTable) -> str | None:
    """Return ``tokens``, else ``steps``; None for a table without readings of either."""
    return next((name for name in PLANNED if np.isfinite(table.evals.get(name, np.nan)).any()), None)


def time_text(value: float) -> str:
    """Format tokens or steps, such as 23,936 or 300B."""
    return f"{value:,.0f}" if value < _SHORT else format_number(value)


def _row(run: RunForecast) -> list[str]:
    own, error = run.forecast, run.error
    return [
        run.run,
        time_text(own.cut),
        time_text(run.course.end),
        "unknown" if run.course.schedule is None else run.course.schedule.kind,
        f"{own.last_value:.4g}",
        f"{own.mean[-1]:.4g}",
        f"{own.lo[-1]:.4g} - {own.hi[-1]:.4g}",
        "" if run.actual is None else f"{run.actual:.4g}",
        "" if error is None else f"{error:+.1%}",
    ]
