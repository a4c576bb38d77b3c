"""Score every cut of every table: the ensemble calibrated without the source it is scored on, and each form alone."""

import json
import re
import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np

from scalelaw.core.errors import ScalelawError
from scalelaw.core.forecaster import interval
from scalelaw.core.types import Array
from scalelaw.fitting.fit import fit_observations
from scalelaw.fitting.observe import observe_rows
from scalelaw.fitting.solver.noise import Noise
from scalelaw.fitting.spec import FitSpec
from scalelaw.forecasting.calibration import Calibration, CalibrationCase, WidthTerms, calibrate
from scalelaw.forecasting.chain import Chain
from scalelaw.forecasting.score_ensemble import ScoreEnsemble, around
from scalelaw.forecasting.score_forecast import forecast_score_rows, score_limits, with_loss
from scalelaw.forecasting.score_members import forms
from scalelaw.runs.observations import Observations
from scalelaw.runs.reading.load import load_runs
from scores.tables import Cut, cuts, plain, protocol

UNCALIBRATED = Calibration({"run": 1.0, "forms": 1.0}, {0.5: 0.7, 0.8: 1.3, 0.9: 1.7, 0.95: 2.0})
_SEED = 0
_BOOTSTRAPS = 100


@dataclass(frozen=True, eq=False)
class Outcome:
    """One target at one cut.

    Attributes:
        by: source.
        table: recipe.
        task: benchmark.
        cut: where the table is cut.
        measured: scores of the held-out runs, (n,).
        reach: their compute over the largest fitted, (n,).
        centre: forecasts, (n,).
        terms: residual, draws, forms and items of the width, (4, n).
        carried: score of the largest fitted run.
        top: best fitted score less chance.
        limits: codes of the limits that apply.
        singles: form alone -> forecast, lower and upper end of its bootstrap with binomial noise, (3, n).
        failed: why there is no forecast, or empty.
    """

    by: str
    table: str
    task: str
    cut: str
    measured: Array
    reach: Array
    centre: Array
    terms: Array
    carried: float
    top: float
    limits: tuple[str, ...]
    singles: dict[str, Array]
    failed: str = ""

    @property
    def record(self) -> CalibrationCase:
        """The case for calibration."""
        residual, draws, forms, items = self.terms
        doubt = WidthTerms(residual, draws, forms, items)
        return CalibrationCase(self.by, f"{self.table} {self.task}", doubt, self.measured - self.centre)


def outcomes(data: Path, store: Path | None = None, processes: int = 1, only: str | None = None) -> list[Outcome]:
    """Forecast every case, in parallel; finished cuts are read from the store."""
    known = _read(store) if store and store.is_file() else {}
    found = list[Outcome]()
    waiting = []
    for cut in cuts(data):
        key = f"{cut.table.by} {cut.table.name} {cut.name}"
        if only and only not in key:
            continue
        if key in known:
            found += known[key]
        else:
            waiting.append((key, cut))
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        for (key, _), made in zip(waiting, pool.map(of_cut, [cut for _, cut in waiting]), strict=True):
            found += made
            if store:
                with store.open("a", encoding="utf-8") as file:
                    file.write(json.dumps({"key": key, "outcomes": [_plain(each) for each in made]}) + "\n")
    return found


def of_cut(cut: Cut) -> list[Outcome]:
    """Forecast every task of one cut."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        return [_of_task(cut, task) for task in cut.tasks]


def _of_task(cut: Cut, task: str) -> Outcome:
    runs, chance = cut.table.runs, cut.table.tasks[task].chance
    measured = cut.table.scores[task][cut.held]
    fitted = cut.table.scores[task][cut.fitted]
    carried = float(fitted[np.argmax(runs["flops"][cut.fitted])])
    known = (cut.table.by, cut.table.name, task, cut.name, measured, cut.reach)
    top = float(fitted.max() - chance)
    try:
        table = load_runs(cut.table.frame(cut.fitted, task))
        source, rows = with_loss(table, observe_rows(table, f"score@{plain(task)}", None))
        made = forecast_score_rows(rows, source, calibration=UNCALIBRATED, refuse=False, seed=_SEED)
        x = {name: np.asarray(runs[name][cut.held], float) for name in (*made.inputs, "flops")}
        parts = made.parts(x)
    except ScalelawError as error:
        nothing = np.full(len(measured), np.nan)
        return Outcome(*known, nothing, np.full((4, len(measured)), np.nan), carried, top, (), {}, str(error))
    doubt = parts.doubt
    terms = np.stack([doubt.residual, doubt.draws, doubt.forms, np.broadcast_to(doubt.items, measured.shape)])
    limits = tuple(limit.code for limit in score_limits(rows, chance, source))
    return Outcome(*known, parts.centre, terms, carried, top, limits, _singles(made, rows, x))


def _singles(made: ScoreEnsemble, rows: Observations, x: dict[str, Array]) -> dict[str, Array]:
    """Return each form as it is used alone: a binomial fit, its bootstrap, and the noise of the items.

    The first stage of a chain is the forecast of the loss that the ensemble uses.
    """
    found = {}
    rng, level = np.random.default_rng(_SEED), protocol()["score"]["level"]
    spec = FitSpec(noise=Noise("binomial"), starts=16, draws=_BOOTSTRAPS, intervals="pairs", seed=_SEED)
    kind = next((name for name in made.inputs if name.startswith("params")), None)
    for form in forms(rows, made.chance, kind):
        if form.chained and made.loss is None:
            continue
        try:
            fit = fit_observations(form.law, rows, spec)
            alone = Chain(made.loss, fit) if form.chained and made.loss is not None else fit
            inputs = x if form.chained else {name: x[name] for name in alone.inputs}
            draws, mean = alone.sample(inputs, "mean", _SEED), alone.predict(inputs).mean
        except ScalelawError:
            continue
        if draws is None:
            continue
        noise = np.sqrt(np.clip(draws * (1 - draws), 0, None) / (made.items or np.inf))
        lo, hi = interval(np.clip(draws + noise * rng.standard_normal(draws.shape), 0, 1), level)
        found[form_of(form.law.spelling)] = np.stack([mean, lo, hi])
    return found


def form_of(label: str) -> str:
    """Return the name of a form without its chance and axis, the same in every table."""
    label = re.sub(r"chance=[^,\]]*,?|n=params_\w+,?|input=flops,?", "", label)
    return re.sub(r",?\]", "]", label).replace("[]", "").partition(" of the forecast")[0]


@dataclass(frozen=True, eq=False)
class Band:
    """An interval at one level with its measured values."""

    outcome: Outcome
    lo: Array
    hi: Array

    @property
    def covered(self) -> float:
        """Share of the measured values inside."""
        inside = (self.lo <= self.outcome.measured) & (self.outcome.measured <= self.hi)
        return float(np.mean(inside))

    def worth(self, level: float) -> float:
        """Mean interval score (Winkler)."""
        y = self.outcome.measured
        missed = np.maximum(self.lo - y, 0) + np.maximum(y - self.hi, 0)
        return float(np.mean(self.hi - self.lo + 2 / (1 - level) * missed))


def calibrated(found: Sequence[Outcome], level: float) -> list[Band]:
    """Return the interval of each forecast, calibrated on the other sources."""
    usable = [each for each in found if not each.failed]
    bands = []
    for source in sorted({each.by for each in usable}):
        learned = calibrate([each.record for each in usable if each.by != source])
        for each in usable:
            if each.by == source:
                width = learned.width(each.record.doubt)
                bands.append(Band(each, *around(each.centre, learned.factor(level) * width)))
    return bands


def balanced(values: Iterator[tuple[Outcome, float]] | Sequence[tuple[Outcome, float]]) -> dict[str, float]:
    """Return source -> mean over its targets, each the mean over its cuts."""
    by: dict[str, dict[str, list[float]]] = {}
    for outcome, value in values:
        by.setdefault(outcome.by, {}).setdefault(f"{outcome.table} {outcome.task}", []).append(value)
    return {source: float(np.mean([np.mean(each) for each in tables.values()])) for source, tables in by.items()}


def error(outcome: Outcome) -> float:
    """Mean absolute error of the ensemble."""
    return float(np.mean(np.abs(outcome.centre - outcome.measured)))


def carried_error(outcome: Outcome) -> float:
    """Mean absolute error of carrying the largest fitted run forward."""
    return float(np.mean(np.abs(outcome.carried - outcome.measured)))


def single_error(form: str) -> Callable[[Outcome], float]:
    """Return the mean absolute error of one form alone; NaN where it could not be fitted."""
    return lambda each: (
        float(np.mean(np.abs(each.singles[form][0] - each.measured))) if form in each.singles else np.nan
    )


def _plain(outcome: Outcome) -> dict[str, Any]:
    values = {**vars(outcome), "singles": {name: each.tolist() for name, each in outcome.singles.items()}}
    return {name: each.tolist() if isinstance(each, np.ndarray) else each for name, each in values.items()}


def _read(store: Path) -> dict[str, list[Outcome]]:
    found = {}
    for line in store.read_text(encoding="utf-8").splitlines():
        entry = json.loads(line)
        found[entry["key"]] = [_outcome(each) for each in entry["outcomes"]]
    return found


def _outcome(plainly: dict[str, Any]) -> Outcome:
    arrays = {name: np.array(plainly[name]) for name in ("measured", "reach", "centre", "terms")}
    singles = {name: np.array(each) for name, each in plainly["singles"].items()}
    return Outcome(**{**plainly, **arrays, "limits": tuple(plainly["limits"]), "singles": singles})
