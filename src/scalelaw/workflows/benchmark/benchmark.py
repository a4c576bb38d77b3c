"""The benchmark: forecast and score every case of a protocol with its baselines, in parallel and resumable."""

import json
import os
import time
import warnings
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field, replace
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np

from scalelaw.backtesting.backtest import Progress
from scalelaw.backtesting.baselines import BASELINES, BaselineBand, available, banded
from scalelaw.backtesting.scoring import Scored, best_constant
from scalelaw.backtesting.windows import Window
from scalelaw.core.digest import digest
from scalelaw.core.direction import best_value
from scalelaw.core.errors import ScalelawError
from scalelaw.core.files import append_line
from scalelaw.core.nouns.brief import Brief
from scalelaw.core.nouns.tabular import Columns, Tabular, columns_of
from scalelaw.core.reading import read_text
from scalelaw.core.rendering import Renderable, Report
from scalelaw.core.types import Array
from scalelaw.core.version import __version__
from scalelaw.forecasting.calibration import LEVELS, Calibration, CalibrationCase, calibrate, shipped
from scalelaw.forecasting.ensemble import MemberPredictions
from scalelaw.forecasting.forecast import forecast_observations
from scalelaw.workflows.benchmark.protocol import Case, Protocol
from scalelaw.workflows.benchmark.tables import OURS, report, tidy

CONSTANT = "constant_band"
"""Our point forecasts with the constant width of best mean interval score on the other sources."""
NARROW = "narrow_band"
"""The same by the geometric mean over cases, which favours intervals below their level."""
_DRAWS = 200


@dataclass(frozen=True, eq=False)
class Outcome(Brief):
    """The results of one case: the uncalibrated forecast and the baselines.

    Attributes:
        case: name of the case.
        by: source of its table.
        table: its table.
        axis: axis of the cut.
        fitted: number of fitted rows.
        reach: reach of each scored run along the axis, (n,).
        measured: measured losses, (n,).
        best: best loss among the fitted runs.
        floor: irreducible loss of a chinchilla fit below the cut.
        parts: predictions of the ensemble's members; None if no law could be fitted.
        baselines: name -> forecast, or None if it failed.
        seconds: CPU seconds of the ensemble.
        failed: reason the ensemble failed, or empty.
    """

    case: str
    by: str
    table: str
    axis: str
    fitted: int
    reach: Array
    measured: Array
    best: float
    floor: float
    parts: MemberPredictions | None
    baselines: dict[str, BaselineBand | None]
    seconds: float
    failed: str = ""

    @property
    def record(self) -> CalibrationCase | None:
        """The forecast as a case for calibration."""
        if self.parts is None:
            return None
        return CalibrationCase(self.by, self.table, self.parts.doubt, np.log(self.measured / self.parts.centre))

    def scored(self, band: BaselineBand) -> Scored:
        """Return a forecast of this case with the measured values."""
        return Scored(self.by, self.table, self.reach, self.measured, band, self.best, self.floor)


@dataclass(frozen=True, eq=False)
class Benchmark(Renderable, Tabular):
    """All outcomes of a protocol.

    Attributes:
        protocol: the protocol.
        outcomes: one per case.
        half: half of the sources, ``development`` or ``left_out``; None for all sources.
    """

    protocol: Protocol
    outcomes: tuple[Outcome, ...]
    half: str | None = None
    _made: dict[str, list[Scored]] = field(default_factory=dict)

    def records(self) -> list[CalibrationCase]:
        """Return the cases for calibration."""
        return [record for outcome in self.outcomes if (record := outcome.record) is not None]

    def scored(self, method: str) -> list[Scored]:
        """Return every forecast of a method; the ensemble is calibrated on other sources than the case."""
        if method not in self._made:
            if method == OURS:
                self._made[method] = _ours(self.outcomes, self.records())
            elif method in (CONSTANT, NARROW):
                self._made[method] = _constant(self.scored(OURS), geometric=method == NARROW)
            else:
                self._made[method] = [
                    outcome.scored(band) for outcome in self.outcomes if (band := outcome.baselines.get(method))
                ]
        return self._made[method]

    def report(self) -> Report:
        """Return a comparison of methods over all cases, by reach and by source."""
        return report(self)

    def to_dict(self) -> dict[str, Any]:
        """Return one row per case and method: the contract of ``scalelaw benchmark --json``."""
        return {"schema": "scalelaw.benchmark/1", "half": self.half, "scores": tidy(self)}

    def to_columns(self) -> Columns:
        """Return one row per case and method."""
        return columns_of(self.to_dict()["scores"])

    def methods(self) -> list[str]:
        """Return the methods; the ensemble is first."""
        run = [name for name in BASELINES if any(outcome.baselines.get(name) for outcome in self.outcomes)]
        return [OURS, *run, CONSTANT, NARROW]


def benchmark(
    protocol: Protocol,
    data: str | Path,
    *,
    half: str | None = None,
    store: str | Path | None = None,
    processes: int | None = None,
    progress: Progress | None = None,
) -> Benchmark:
    """Forecast every case of a protocol.

    Args:
        protocol: tables, cuts and scores.
        data: folder of the tables.
        half: ``development`` or ``left_out``; by default all sources.
        store: file to append outcomes to; cases already in it are not run again.
        processes: number of processes; by default one per core.
        progress: called with (done, of) as cases end.
    """
    cases = list(protocol.cases(Path(data), half))
    done = dict(_stored(store)) if store else {}
    keys = {_key(case): case for case in cases}
    waiting = {key: case for key, case in keys.items() if key not in done}
    report = progress or (lambda now, of: None)
    report(len(keys) - len(waiting), len(keys))
    for key, outcome in _run(waiting, processes or os.cpu_count() or 1):
        done[key] = outcome
        if store:
            _append(Path(store), key, outcome)
        report(sum(known in done for known in keys), len(keys))
    return Benchmark(protocol, tuple(done[key] for key in keys), half)


def run_case(case: Case) -> Outcome:
    """Forecast one case with the ensemble and every available baseline."""
    window, began = case.window, time.process_time()
    parts, floor, failed = None, 0.0, ""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            ensemble = forecast_observations(window.train, calibration=shipped(), draws=_DRAWS)
            parts = ensemble.parts(
                {name: np.asarray(window.test.columns[name], float) for name in _inputs(ensemble.inputs, window)}
            )
            floor = float(ensemble.members[0].coefficients().get("E", {"value": 0.0})["value"])
        except ScalelawError as error:
            failed = str(error)
    seconds = time.process_time() - began
    baselines = {name: banded(name, window) for name in BASELINES if available(name)}
    values = np.asarray(window.test.columns[window.axis], float)
    reach = values / float(np.max(np.asarray(window.train.columns[window.axis], float)))
    return Outcome(
        case.name, case.by, case.table, window.axis, len(window.train), reach, window.test.y,
        best_value(window.train.target, window.train.y), floor, parts, baselines, seconds, failed,
    )  # fmt: skip


def _inputs(names: Sequence[str], window: Window) -> list[str]:
    """Return the inputs, and measured compute if the table has it."""
    return [*names, *(["flops"] if "flops" in window.test.columns and "flops" not in names else [])]


def _run(cases: Mapping[str, Case], processes: int) -> Iterator[tuple[str, Outcome]]:
    """Run cases in single-thread processes and yield key and outcome as they end."""
    if processes == 1 or len(cases) < 2:
        for key, case in cases.items():
            yield key, run_case(case)
        return
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn"), initializer=_one_thread) as pool:
        waiting = {pool.submit(run_case, case): key for key, case in cases.items()}
        try:
            for future in as_completed(waiting):
                yield waiting[future], future.result()
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def _one_thread() -> None:
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ[name] = "1"


def _ours(outcomes: Sequence[Outcome], records: Sequence[CalibrationCase]) -> list[Scored]:
    """Return the ensemble's forecasts, each source calibrated on the others."""
    made = []
    for source in sorted({record.by for record in records}):
        learned = calibrate([record for record in records if record.by != source])
        for outcome in outcomes:
            if outcome.by == source and outcome.parts is not None:
                made.append(outcome.scored(_banded(outcome.parts, learned)))
    return made


def _banded(parts: MemberPredictions, calibration: Calibration) -> BaselineBand:
    width = calibration.width(parts.doubt)
    return _around(parts.centre, {level: calibration.factor(level) * width for level in LEVELS})


def _around(centre: Array, halves: Mapping[float, Array | float]) -> BaselineBand:
    """Return the band around a centre with these half widths, on the log."""
    return BaselineBand(
        centre, {level: np.stack([centre * np.exp(-h), centre * np.exp(h)]) for level, h in halves.items()}
    )


def _constant(ours: Sequence[Scored], *, geometric: bool) -> list[Scored]:
    """Return the point forecasts with the constant width of best score on the other sources."""
    made = []
    for source in sorted({each.by for each in ours}):
        others = [each for each in ours if each.by != source]
        widths = {level: best_constant(others, level, geometric=geometric) for level in LEVELS}
        for each in ours:
            if each.by == source:
                made.append(replace(each, band=_around(each.band.mean, widths)))
    return made


def _key(case: Case) -> str:
    """Return a digest of a case and the version of the code."""
    window = case.window
    return digest(
        {"case": case.name, "fitted": window.train.digest, "scored": window.test.digest, "version": __version__}
    )


_ARRAYS = ("logs", "spreads", "residuals")
_SCALARS = ("case", "by", "table", "axis", "fitted", "best", "floor", "seconds", "failed")


def _append(path: Path, key: str, outcome: Outcome) -> None:
    append_line(path, json.dumps({"key": key, "outcome": _plain(outcome)}))


def _stored(path: str | Path) -> Iterator[tuple[str, Outcome]]:
    """Yield the outcomes of a file; an incomplete last line is skipped."""
    if not Path(path).is_file():
        return
    for line in read_text(path).split("\n"):
        try:
            entry = json.loads(line)
        except ValueError:
            continue
        yield entry["key"], _outcome(entry["outcome"])


def _plain(outcome: Outcome) -> dict[str, Any]:
    def band(each: BaselineBand | None) -> Any:
        if each is None:
            return None
        return {"mean": each.mean.tolist(), "ends": {f"{level:g}": ends.tolist() for level, ends in each.ends.items()}}

    parts = outcome.parts
    return {
        **{name: getattr(outcome, name) for name in _SCALARS},
        "reach": outcome.reach.tolist(),
        "measured": outcome.measured.tolist(),
        "parts": parts and {"names": parts.names, **{name: getattr(parts, name).tolist() for name in _ARRAYS}},
        "baselines": {name: band(each) for name, each in outcome.baselines.items()},
    }


def _outcome(entry: dict[str, Any]) -> Outcome:
    def band(each: Any) -> BaselineBand | None:
        if each is None:
            return None
        return BaselineBand(
            np.array(each["mean"]), {float(level): np.array(ends) for level, ends in each["ends"].items()}
        )

    stored = entry["parts"]
    parts = stored and MemberPredictions(tuple(stored["names"]), **{name: np.array(stored[name]) for name in _ARRAYS})
    arrays = {name: np.array(entry[name]) for name in ("reach", "measured")}
    baselines = {name: band(each) for name, each in entry["baselines"].items()}
    return Outcome(**{**entry, **arrays, "parts": parts, "baselines": baselines})
