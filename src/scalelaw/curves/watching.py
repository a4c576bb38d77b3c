"""A run in flight against its frozen forecast: is it where it should be by now, and where will it end?

code                     grade   when
WATCH_WHICH_END          ask     nothing tells the steps of the whole run
WATCH_WHICH_RUN          ask     the log holds several runs, and none has the name or size of the forecast
WATCH_SCHEDULE_UNSAID    warn    nothing tells the learning rate, so that no gain from a decay is expected
WATCH_CONTRADICTED       warn    the curve and the registered forecast exclude each other's interval
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from scalelaw.core.errors import BadTable, NeedsAnswer, UnknownName
from scalelaw.core.findings import Finding, Grade, enforce
from scalelaw.core.nouns.tabular import Columns, Tabular, one_row
from scalelaw.core.rendering import Lines, Renderable, Report
from scalelaw.core.types import Array
from scalelaw.curves.curve_band import NormalEstimate, band_on_the_way, believed, joined
from scalelaw.curves.curve_forecast import LEAST_NOISE
from scalelaw.curves.curve_shape import RunSchedule
from scalelaw.curves.extrapolation import RunForecast, extrapolate, time_text
from scalelaw.curves.live_log import read_log
from scalelaw.registry.frozen import FrozenForecast, near, point_text
from scalelaw.registry.score import named, other_conditions, same_target, told_conditions
from scalelaw.runs.reducing.select import evaluations
from scalelaw.runs.schedule import Schedule, parse_schedule
from scalelaw.runs.table import RunTable

Advice = Literal["go on", "look", "stop", "score"]
"""What to do: nothing; find out why; save the compute; or the run is over, and ``score_forecast`` tells."""

_REACHED = 0.98
_SURE = 0.95
_PLANNED = {"tokens": "planned_tokens", "steps": "planned_steps"}


@dataclass(frozen=True, eq=False)
class Watch(Renderable, Tabular):
    """A look at a run in flight.

    Attributes:
        forecast: what was frozen.
        run: its name in the log.
        axis: ``tokens`` or ``steps``, which ``at`` and ``end`` are counted in.
        at: where the last reading is.
        end: where the run is to end.
        schedule: its learning rate, or None.
        reading: the last loss.
        band: where a run that ends as registered would be now; None where the forecast has no interval.
        registered: what was frozen of its end, None as before.
        curve: what its own curve says of its end, None before there are three readings.
        revised: both together, or the one there is.
        advice: what to do.
        why: in words.
        findings: what deserves doubt.
        level: of the intervals.
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
        """What is compared with what, in words."""
        share = f"{self.at / self.end:.0%}"
        if self.advice == "score":
            return "the run is at its end: its last loss is a point of the law, and `registry score` compares them"
        law = "no point of the law, which is of runs at their end"
        if self.schedule is None:
            return f"at {share} a loss is {law}; the band expects no gain from a decay, since no schedule is known"
        return (
            f"at {share} of a {self.schedule.kind} run a loss is {law}; "
            "the band is the registered end, carried back along the shapes of published curves"
        )

    def line(self) -> str:
        """Return one line: the look in short."""
        ends = "" if self.revised is None else f", final {_told(self.revised)}"
        at = f"{time_text(self.at)} {self.axis} ({self.at / self.end:.0%})"
        return f"{at}: {self.reading:.4g}, {self.where} its band{ends}: {self.advice}"

    def to_dict(self) -> dict[str, Any]:
        """Return plain values: the contract of ``scalelaw watch --json``."""
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
        """Return one row: the run as it stands."""
        return one_row(self.to_dict())

    def sheet(self) -> Report:
        """Return where it is, where it should be, where it will end, and what to do."""
        level = 100 * self.level
        lines = [
            ("now", f"{self.reading:.4g} at {time_text(self.at)} of {time_text(self.end)} {self.axis}"),
            ("band", "unknown" if self.band is None else f"{_told(self.band)}: {self.where}"),
            ("compared", self.comparison),
            ("registered", "no interval" if self.registered is None else f"final {_told(self.registered)}"),
            ("curve", "too few readings" if self.curve is None else f"final {_told(self.curve)}"),
            ("revised", "nothing to tell" if self.revised is None else f"final {_told(self.revised)}"),
            *(("doubt", str(finding)) for finding in self.findings),
            ("advice", f"{self.advice}: {self.why}"),
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
    """Look at a run in flight: is it inside its registered band, and where will it end?

    Args:
        forecast: what was frozen of it.
        log: its readings so far: JSON lines or CSV that grow, a folder of ``sl.record``, a table, or whatever
            ``load_runs`` reads; a torn last line is left out.
        run: its name, where the log holds several.
        end: steps of the whole run, for logs without tokens; else the tokens are those that were frozen.
        schedule: the learning rate, like ``cosine`` or ``wsd[decay=0.2]``; where None, what the log or the frozen
            conditions say.
        level: of the intervals.

    Raises:
        BadTable: the run is not the one that was forecast: other size, data, tokenizer or target.
        NeedsAnswer: which run, or where it ends, only the user knows.
        BadInput: the log cannot be read.
    """
    table = log if isinstance(log, RunTable) else read_log(log)
    target = same_target(forecast, table)
    row = _row(forecast, table, run or forecast.run or None)
    own = table.keep(np.arange(len(table)) == row, "other runs")
    axis, time, loss = _readings(own, target)
    name, stop = named(table, row), _end(forecast, own, axis, end)
    how = _schedule(forecast, own, schedule)
    doubts = list(_differences(forecast, own, axis, name, how))
    enforce(finding for finding in doubts if finding.grade is not Grade.WARN)
    found = _carried_on(own, target, stop, how, level) if time[-1] < _REACHED * stop else None
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
    over = time[-1] >= _REACHED * stop or state == "finished"
    trusted = curve if how is not None else None
    advice, why = _advice(forecast, float(loss[-1]), band, trusted, state)
    if over and advice != "stop":
        advice, why = "score", "the run is over"
    elif advice == "go on" and any(finding.code == "WATCH_CONTRADICTED" for finding in doubts):
        advice, why = "look", "its curve goes elsewhere than was registered"
    return Watch(forecast, name, axis, float(time[-1]), stop, how, float(loss[-1]), band, registered, curve, revised,
                 advice, why, tuple(doubts), level)  # fmt: skip


def _row(forecast: FrozenForecast, table: RunTable, name: str | None) -> int:
    """Return the row of the run: by name, the only one, or the only one of the frozen size."""
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
        message = f"{table.source} holds {len(table)} runs ({some}, ...), {int(alike.sum())} of them of the frozen size"
        enforce([Finding("WATCH_WHICH_RUN", Grade.ASK, message, len(table), "say which with run= (CLI: --run)")])
    return int(np.argmax(alike))


def _readings(table: RunTable, target: str) -> tuple[str, Array, Array]:
    """Return the axis of time, and time and value of each reading of the only run."""
    axis = next((name for name in _PLANNED if np.isfinite(table.evals.get(name, np.nan)).any()), None)
    if axis is None:
        raise BadTable(f"{table.source} has neither tokens nor steps; name one with columns= (CLI: --column)")
    at = evaluations(table, target)
    time = np.asarray(table.evals[axis][at], float)
    there = np.isfinite(time) & (time > 0)
    if not there.any():
        raise BadTable(f"{table.source} has no {target} with its {axis} yet")
    return axis, time[there], np.asarray(table.evals["value"][at], float)[there]


def _end(forecast: FrozenForecast, table: RunTable, axis: str, end: float | None) -> float:
    """Return where the run is to end, on its axis."""
    planned = _of_run(table, _PLANNED[axis])
    frozen = forecast.point.get(axis)
    stop = end or (frozen if frozen is not None else planned)
    if stop is None:
        message = f"the log counts {axis}, and the forecast was of {point_text(forecast)}"
        fix = f"say the {axis} of the whole run with end= (CLI: --end), or log tokens as well"
        asked = Finding("WATCH_WHICH_END", Grade.ASK, message, 1, fix)
        raise NeedsAnswer(f"{asked} [{asked.code}]", [asked])
    told = end if end is not None and frozen is not None else planned
    if frozen is not None and told is not None and not near(told, frozen):
        _other_run(f"the run is planned for {time_text(told)} {axis}, and frozen was {point_text(forecast)}")
    return float(stop)


def _schedule(forecast: FrozenForecast, table: RunTable, said: Schedule | str | None) -> Schedule | None:
    if isinstance(said, Schedule):
        return said
    told = {**forecast.conditions, **told_conditions(table, 0)}.get("schedule")
    text = said if said is not None else None if told is None else str(told)
    return None if text is None or text.lower() in ("unknown", "none") else parse_schedule(text)


def _differences(
    forecast: FrozenForecast, table: RunTable, axis: str, name: str, how: Schedule | None
) -> Iterator[Finding]:
    """Yield what makes the run another than the one forecast, and what it does not tell."""
    for each, value in forecast.point.items():
        have = _of_run(table, each) if each not in ("tokens", "flops") else None
        if have is not None and not near(have, value):
            _other_run(f"{name} has {each} {time_text(have)}, and frozen was {point_text(forecast)}")
    told: Mapping[str, float | str] = told_conditions(table, 0)
    for finding in other_conditions(forecast, told, name):
        said_otherwise = finding.code == "FORECAST_OTHER_RECIPE" and "schedule" in finding.message
        if finding.grade is Grade.ASK:
            yield Finding(finding.code, Grade.WARN, finding.message, 1)
        elif not said_otherwise:
            yield finding
    if how is None:
        message = "nothing tells the learning rate of the run, and no gain from a decay is expected"
        yield Finding("WATCH_SCHEDULE_UNSAID", Grade.WARN, message, 1, "say schedule= (CLI: --schedule cosine)")


def _other_run(message: str) -> None:
    enforce([Finding("FORECAST_OTHER_POINT", Grade.REFUSE, message, 1, "watch the run that was forecast")])


def _carried_on(table: RunTable, target: str, end: float, how: Schedule | None, level: float) -> RunForecast | None:
    """Return the curve carried on to its end, None while it has too few readings."""
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
        message = f"registered is {_told(registered)}, and the curve goes to {_told(curve)}"
        yield Finding("WATCH_CONTRADICTED", Grade.WARN, message, 1, "one of them is wrong: compare how both were made")


def _advice(
    forecast: FrozenForecast, last: float, band: NormalEstimate | None, curve: NormalEstimate | None, state: str
) -> tuple[Advice, str]:
    """Return what to do; a curve whose decay nobody knows is no reason to stop, and is not given."""
    if not np.isfinite(last):
        return "stop", f"the last loss is {last}"
    level = max(forecast.levels)
    widest = forecast.interval(level)
    if widest and curve and (worse := curve.above(widest[1])) >= _SURE:
        return "stop", (
            f"with a probability of {min(worse, 0.99):.0%} it ends above {widest[1]:.4g}, where the registered "
            f"{level:.0%} interval does, unless something changes: find out what differs from the fitted runs first"
        )
    if band is not None and last > band.hi:
        return "look", "it is above its band: compare learning rate, data, tokenizer and batch with the fitted runs"
    if band is not None and last < band.lo:
        return "look", "it is below its band: better than forecast, or measured on something easier"
    if state in ("crashed", "failed", "killed"):
        return "look", f"its log says it {state}"
    if band is None:
        return "go on", "nothing speaks against it, and the forecast has no interval to hold it against"
    return "go on", "it is where a run that ends as registered would be"


def _of_run(table: RunTable, name: str) -> float | None:
    value = table.runs[name][0] if name in table.runs else None
    return float(value) if isinstance(value, float) and np.isfinite(value) else None


def _told(belief: NormalEstimate) -> str:
    return f"{belief.middle:.4g} ({belief.lo:.4g} - {belief.hi:.4g})"


def _plain(belief: NormalEstimate | None) -> dict[str, float] | None:
    if belief is None:
        return None
    return {"value": belief.middle, "lo": belief.lo, "hi": belief.hi, "level": belief.level}
