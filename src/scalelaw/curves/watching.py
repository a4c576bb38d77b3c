"""Compare a run in flight with its frozen forecast: is it on track, and where will it end?

code                     grade   when
WATCH_WHICH_END          ask     the steps of the whole run are unknown
WATCH_WHICH_RUN          ask     the log has several runs, and none has the name or size of the forecast
WATCH_SCHEDULE_UNSAID    warn    the learning-rate schedule is unknown, so the forecast includes no gain from its decay
WATCH_CONTRADICTED       warn    the intervals of the curve and of the registered forecast do not overlap
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from scalelaw.core.direction import higher_is_better
from scalelaw.core.errors import BadTable, NeedsAnswer, UnknownName
from scalelaw.core.findings import Finding, Grade, enforce
from scalelaw.core.nouns.tabular import Columns, Tabular, one_row
from scalelaw.core.rendering import Lines, Renderable, Report
from scalelaw.core.types import Array
from scalelaw.curves.curve_band import NormalEstimate, band_on_the_way, believed, joined
from scalelaw.curves.curve_forecast import LEAST_NOISE
from scalelaw.curves.curve_shape import RunSchedule
from scalelaw.curves.extrapolation import PLANNED, REACHED, RunForecast, extrapolate, time_axis, time_text
from scalelaw.curves.live_log import read_log
from scalelaw.registry.frozen import FrozenForecast, near, point_text
from scalelaw.registry.score import named, other_conditions, same_target, told_conditions
from scalelaw.runs.reducing.select import evaluations
from scalelaw.runs.schedule import Schedule, parse_schedule
from scalelaw.runs.table import RunTable

Advice = Literal["go on", "look", "stop", "score"]
"""What to do: continue; find the cause; save the compute; or score the finished run with ``score_forecast``."""

_IN_WORDS = {"go on": "continue", "look": "look", "stop": "stop", "score": "score"}
"""The advice as shown to a reader; files and JSON hold its name."""
_SURE = 0.95


@dataclass(frozen=True, eq=False)
class Watch(Renderable, Tabular):
    """The state of a run in flight against its frozen forecast.

    Attributes:
        forecast: the frozen forecast.
        run: name of the run in the log.
        axis: unit of ``at`` and ``end``, ``tokens`` or ``steps``.
        at: time of the last reading.
        end: planned end of the run.
        schedule: learning-rate schedule, or None.
        reading: the last loss.
        band: the loss expected now if the run ends as registered; None if the forecast has no interval.
        registered: the frozen estimate of the end; None if the forecast has no interval.
        curve: estimate of the end from the run's own curve; None with fewer than three readings.
        revised: both estimates combined, or the only estimate.
        advice: what to do.
        why: the reason in words.
        findings: warnings and other findings.
        level: level of the intervals.
    """

    forecast: FrozenForecast
    run: str
    axis: str
    at: float
    end: float
    schedule: Schedule | None
    reading: float
    band: NormalEstimate | None
    registered: NormalEstimate | None
    curve: NormalEstimate | None
    revised: NormalEstimate | None
    advice: Advice
    why: str
    findings: tuple[Finding, ...]
    level: float = 0.9

    @property
    def where(self) -> str:
        """``inside``, ``above`` or ``below`` its band, or ``unknown``."""
        if self.band is None or not np.isfinite(self.reading):
            return "unknown"
        return "above" if self.reading > self.band.hi else "below" if self.reading < self.band.lo else "inside"

    @property
    def comparison(self) -> str:
        """The comparison in words."""
        share = f"{self.at / self.end:.0%}"
        if self.advice == "score":
            return "the run is at its end; compare its last loss with the forecast by `scalelaw registry score`"
        if self.schedule is None:
            return (
                f"at {share} of a run the loss cannot be compared with a law of finished runs; the band expects no "
                "gain from a decay, since the schedule is unknown"
            )
        return (
            f"at {share} of a {self.schedule.kind} run the loss cannot be compared with a law of finished runs; the "
            "band traces the registered end back along published curves"
        )

    def line(self) -> str:
        """Return a summary in one line."""
        ends = "" if self.revised is None else f", final {_interval(self.revised)}"
        at = f"{time_text(self.at)} {self.axis} ({self.at / self.end:.0%})"
        return f"{at}: {self.reading:.4g}, {self.where} its band{ends}: {_IN_WORDS[self.advice]}"

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for ``scalelaw watch --json``."""
        return {
            "schema": "scalelaw.watch/1",
            "target": self.forecast.target,
            "digest": self.forecast.digest,
            "run": self.run,
            "axis": self.axis,
            "at": self.at,
            "end": self.end,
            "schedule": None if self.schedule is None else str(self.schedule),
            "reading": self.reading,
            "where": self.where,
            "band": _plain(self.band),
            "registered": _plain(self.registered),
            "curve": _plain(self.curve),
            "revised": _plain(self.revised),
            "advice": self.advice,
            "why": self.why,
            "comparison": self.comparison,
            "findings": [finding.to_dict() for finding in self.findings],
        }

    def to_columns(self) -> Columns:
        """Return one row with the state of the run."""
        return one_row(self.to_dict())

    def report(self) -> Report:
        """Return the report: last reading, band, estimates of the end, and advice."""
        level = 100 * self.level
        lines = [
            ("now", f"{self.reading:.4g} at {time_text(self.at)} of {time_text(self.end)} {self.axis}"),
            ("band", "unknown" if self.band is None else f"{_interval(self.band)}: {self.where}"),
            ("compared", self.comparison),
            ("registered", "no interval" if self.registered is None else f"final {_interval(self.registered)}"),
            ("curve", "too few readings" if self.curve is None else f"final {_interval(self.curve)}"),
            ("revised", "unknown" if self.revised is None else f"final {_interval(self.revised)}"),
            *(("doubt", str(finding)) for finding in self.findings),
            ("advice", f"{_IN_WORDS[self.advice]}: {self.why}"),
        ]
        title = f"{self.run} against the {self.forecast.target} frozen on {self.forecast.made} ({level:g} % intervals)"
        return Report(title, [Lines(lines)])


def watch(
    forecast: FrozenForecast,
    log: Any,
    *,
    run: str | None = None,
    end: float | None = None,
    schedule: Schedule | str | None = None,
    level: float = 0.9,
) -> Watch:
    """Check a run in flight: is it inside its registered band, and where will it end?

    Args:
        forecast: its frozen forecast.
        log: its readings so far: growing JSON lines or CSV, a folder of ``sl.record``, a table, or anything
            ``load_runs`` reads; an incomplete last line is ignored.
        run: name of the run, if the log has several.
        end: steps of the whole run, for logs without tokens; else the end is the frozen number of tokens.
        schedule: learning-rate schedule, such as ``cosine`` or ``wsd[decay=0.2]``; None uses that of the log or of the
            frozen conditions.
        level: level of the intervals.

    Raises:
        BadTable: the run is not the one that was forecast: other size, data, tokenizer or target.
        NeedsAnswer: the user must name the run, or its end.
        BadInput: the log cannot be read.
    """
    table = log if isinstance(log, RunTable) else read_log(log)
    target = same_target(forecast, table)
    row = _row(forecast, table, run or forecast.run or None)
    own = table.keep(np.arange(len(table)) == row, "other runs")
    axis, time, loss = _readings(own, target)
    name, stop = named(table, row), _end(forecast, own, axis, end)
    how = _schedule(forecast, own, schedule)
    doubts = list(_differences(forecast, own, name, how))
    enforce(finding for finding in doubts if finding.grade is not Grade.WARN)
    found = _carried_on(own, target, stop, how, level) if time[-1] < REACHED * stop else None
    course = found.course if found else RunSchedule(end=stop, schedule=how)
    registered = _registered(forecast, level)
    noise = found.forecast.noise if found else LEAST_NOISE
    band = None if registered is None else _band(course, float(time[-1]), registered, level, noise)
    curve = None
    if found is not None:
        path = found.forecast
        curve = believed(float(path.mean[-1]), float(path.lo[-1]), float(path.hi[-1]), level)
    revised = joined(registered, curve, level) if registered and curve else registered or curve
    doubts += _contradiction(registered, curve)
    state = str(own.runs["state"][0] or "").lower() if "state" in own.runs else ""
    over = time[-1] >= REACHED * stop or state == "finished"
    trusted = curve if how is not None else None
    advice, why = _advice(forecast, float(loss[-1]), band, trusted, state)
    if over and advice != "stop":
        advice, why = "score", "the run is over"
    elif advice == "go on" and any(finding.code == "WATCH_CONTRADICTED" for finding in doubts):
        advice, why = "look", "its curve leads to another end than registered"
    return Watch(forecast, name, axis, float(time[-1]), stop, how, float(loss[-1]), band, registered, curve, revised,
                 advice, why, tuple(doubts), level)  # fmt: skip


def _row(forecast: FrozenForecast, table: RunTable, name: str | None) -> int:
    """Return the row of the run: the named one, the only one, or the only one with the size of the forecast run."""
    names = [named(table, row) for row in range(len(table))]
    if name is not None and name in names:
        return names.index(name)
    if len(table) == 1:
        return 0
    if name is not None:
        raise UnknownName.among("run", name, names)
    alike = np.ones(len(table), bool)
    for each, value in forecast.point.items():
        planned = f"planned_{each}"
        if planned in table.runs:
            alike &= near(table.runs[planned], value)
        elif each in table.runs and each.startswith("params"):
            alike &= near(table.runs[each], value)
    if alike.sum() != 1:
        some = ", ".join(names[:3])
        sized = int(alike.sum()) or "none"
        message = f"{table.source} has {len(table)} runs ({some}, ...); {sized} have the size of the forecast run"
        enforce([Finding("WATCH_WHICH_RUN", Grade.ASK, message, len(table), "name one with run= (CLI: --run)")])
    return int(np.argmax(alike))


def _readings(table: RunTable, target: str) -> tuple[str, Array, Array]:
    """Return the axis of time, and time and value of each reading of the only run."""
    axis = time_axis(table)
    if axis is None:
        raise BadTable(f"{table.source} has neither tokens nor steps; name one with columns= (CLI: --column)")
    at = evaluations(table, target)
    time = np.asarray(table.evals[axis][at], float)
    there = np.isfinite(time) & (time > 0)
    if not there.any():
        raise BadTable(f"{table.source} has no reading with both {target} and {axis} yet")
    return axis, time[there], np.asarray(table.evals["value"][at], float)[there]


def _end(forecast: FrozenForecast, table: RunTable, axis: str, end: float | None) -> float:
    """Return the planned end of the run on its axis."""
    planned = _of_run(table, PLANNED[axis])
    frozen = forecast.point.get(axis)
    stop = end or (frozen if frozen is not None else planned)
    if stop is None:
        message = f"the log counts {axis}, but the forecast is for {point_text(forecast)}"
        fix = f"give the {axis} of the whole run with end= (CLI: --end), or log tokens as well"
        asked = Finding("WATCH_WHICH_END", Grade.ASK, message, 1, fix)
        raise NeedsAnswer(f"{asked} [{asked.code}]", [asked])
    given = end if end is not None and frozen is not None else planned
    if frozen is not None and given is not None and not near(given, frozen):
        _other_run(f"the run is planned for {time_text(given)} {axis}, but the forecast is for {point_text(forecast)}")
    return float(stop)


def _schedule(forecast: FrozenForecast, table: RunTable, given: Schedule | str | None) -> Schedule | None:
    if isinstance(given, Schedule):
        return given
    known = {**forecast.conditions, **told_conditions(table, 0)}.get("schedule")
    text = given if given is not None else None if known is None else str(known)
    return None if text is None or text.lower() in ("unknown", "none") else parse_schedule(text)


def _differences(forecast: FrozenForecast, table: RunTable, name: str, how: Schedule | None) -> Iterator[Finding]:
    """Yield mismatched or missing conditions of the run."""
    for each, value in forecast.point.items():
        have = _of_run(table, each) if each not in ("tokens", "flops") else None
        if have is not None and not near(have, value):
            _other_run(f"{name} has {each} {time_text(have)}, but the forecast is for {point_text(forecast)}")
    stated: Mapping[str, float | str] = told_conditions(table, 0)
    for finding in other_conditions(forecast, stated, name):
        differs = finding.code == "FORECAST_OTHER_RECIPE" and "schedule" in finding.message
        if finding.grade is Grade.ASK:
            yield Finding(finding.code, Grade.WARN, finding.message, 1)
        elif not differs:
            yield finding
    if how is None:
        message = "the learning-rate schedule of the run is unknown, so the forecast includes no gain from its decay"
        yield Finding("WATCH_SCHEDULE_UNSAID", Grade.WARN, message, 1, "give schedule= (CLI: --schedule cosine)")


def _other_run(message: str) -> None:
    enforce([Finding("FORECAST_OTHER_POINT", Grade.REFUSE, message, 1, "watch the run that was forecast")])


def _carried_on(table: RunTable, target: str, end: float, how: Schedule | None, level: float) -> RunForecast | None:
    """Return the curve extrapolated to its end, or None with too few readings, or for a score, whose curve rises."""
    if higher_is_better(target):
        return None
    try:
        return extrapolate(table, end=end, schedule=how, target=target, level=level).runs[0]
    except BadTable:
        return None


def _registered(forecast: FrozenForecast, level: float) -> NormalEstimate | None:
    ends = forecast.interval(0.9)
    if ends is None:
        return None
    own = believed(forecast.value, *ends, 0.9)
    tail = (1 - level) / 2
    lo, hi = own.quantile(np.array([tail, 1 - tail]))
    return NormalEstimate(own.middle, float(lo), float(hi), level)


def _band(course: RunSchedule, at: float, registered: NormalEstimate, level: float, noise: float) -> NormalEstimate:
    if at >= course.end:
        return registered
    lo, middle, hi = band_on_the_way(course, np.array([at]), registered, level=level, noise=noise)
    return NormalEstimate(float(middle[0]), float(lo[0]), float(hi[0]), level)


def _contradiction(registered: NormalEstimate | None, curve: NormalEstimate | None) -> Iterator[Finding]:
    if registered and curve and (registered.hi < curve.lo or curve.hi < registered.lo):
        message = f"the registered end is {_interval(registered)}, but the curve leads to {_interval(curve)}"
        fix = "compare the settings of this run and of the fitted runs"
        yield Finding("WATCH_CONTRADICTED", Grade.WARN, message, 1, fix)


def _advice(
    forecast: FrozenForecast, last: float, band: NormalEstimate | None, curve: NormalEstimate | None, state: str
) -> tuple[Advice, str]:
    """Return advice and reason; a curve with an unknown schedule is not used as a reason to stop."""
    if not np.isfinite(last):
        return "stop", f"the last loss is {last}"
    level = max(forecast.levels)
    widest = forecast.interval(level)
    rising = higher_is_better(forecast.target)
    side, end, other = ("below", "lower", "above") if rising else ("above", "upper", "below")
    limit = widest[0 if rising else 1] if widest else math.nan
    if widest and curve and (worse := 1 - curve.above(limit) if rising else curve.above(limit)) >= _SURE:
        return "stop", (
            f"with probability {100 * min(worse, 0.99):.0f} % it ends {side} {limit:.4g}, the {end} end of the "
            f"registered {100 * level:.0f} % interval; first look for differences from the fitted runs"
        )
    high, low = (last > band.hi, last < band.lo) if band is not None else (False, False)
    if low if rising else high:
        return "look", f"it is {side} its band: compare learning rate, data, tokenizer and batch with the fitted runs"
    if high if rising else low:
        return "look", f"it is {other} its band: better than forecast, or evaluated on easier data"
    if state in ("crashed", "failed", "killed"):
        return "look", f"its state in the log is {state}"
    if band is None:
        return "go on", "there is nothing to compare: the forecast has no interval"
    return "go on", "it is inside the band of a run that ends as registered"


def _of_run(table: RunTable, name: str) -> float | None:
    value = table.runs[name][0] if name in table.runs else None
    return float(value) if isinstance(value, float) and np.isfinite(value) else None


def _interval(belief: NormalEstimate) -> str:
    return f"{belief.middle:.4g} ({belief.lo:.4g} - {belief.hi:.4g})"


def _plain(belief: NormalEstimate | None) -> dict[str, float] | None:
    if belief is None:
        return None
    return {"value": belief.middle, "lo": belief.lo, "hi": belief.hi, "level": belief.level}
