"""Forecast a benchmark score from a table: fit the forms that the runs allow and calibrate their interval.

code               grade   when
SCORE_AT_CHANCE    refuse  the items of the largest runs cannot distinguish their score from guessing
SCORE_SATURATED    warn    the largest runs are within noise of a perfect score
SCORE_NO_LOSS      warn    the table has no loss, so only forms of compute and sizes are fitted
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Unpack

import numpy as np

from scalelaw.accounting.flops import COUNTINGS
from scalelaw.core.errors import BadInput
from scalelaw.core.findings import Finding, Grade, enforce
from scalelaw.core.types import Array, frozen
from scalelaw.fitting.measured_inputs import at_same_time
from scalelaw.fitting.observe import observe_rows
from scalelaw.forecasting.calibration import Calibration, shipped_for_scores
from scalelaw.forecasting.members import by_compute, varies
from scalelaw.forecasting.score_ensemble import ScoreEnsemble
from scalelaw.forecasting.score_members import LOSSES, fit_forms, items_of
from scalelaw.forecasting.score_options import ScoreOptions, check_options
from scalelaw.runs.chance import chance_of_rows, required_chance
from scalelaw.runs.observations import Observations, Reduction
from scalelaw.runs.reading.load import load_runs
from scalelaw.runs.reducing.sweeps import SWEPT
from scalelaw.runs.table import RunTable

_FEWEST = 4
_Z = 2.0
"""Standard errors that a score must be from chance, or from one, to be distinguished from it."""
_LARGEST_SHARE = 1 / 3


def forecast_score(
    runs: Any,
    *,
    target: str | None = None,
    use: Reduction | None = None,
    over: Sequence[str] = SWEPT,
    n: str | None = None,
    calibration: Calibration | None = None,
    draws: int = 200,
    seed: int = 0,
    **score: Unpack[ScoreOptions],
) -> ScoreEnsemble:
    """Fit every form of a score that the runs allow and combine them, with a calibrated interval.

    Args:
        runs: a table, anything ``load_runs`` reads, or rows already reduced.
        target: ``score@...`` to forecast; optional if the table has one target.
        use: rows to use, see ``forecast``.
        over: swept columns, for ``use="best"``.
        n: kind of N the laws take, if the table has several.
        calibration: calibration of the intervals; the shipped one for scores by default.
        draws: draws of each law.
        seed: seed of the draws.
        **score: ``loss``: the measured loss that chains go through, such as ``loss@c4``; by default the loss of the
            same benchmark, else the one that the scores follow most closely. ``chance``: the score of guessing, as in
            ``load_runs``.

    Raises:
        BadInput: a bad argument, or a score that its items cannot distinguish from chance.
        NeedsAnswer: the target, the rows or the chance are ambiguous.
        FitFailed: no form could be fitted.
    """
    check_options(score)
    table = runs if isinstance(runs, Observations | RunTable) else load_runs(runs)
    rows = chance_of_rows(observe_rows(table, target, use, over), score.get("chance"))
    source, rows = with_loss(table, rows, score.get("loss"), use, over)
    return forecast_score_rows(rows, source, calibration=calibration or shipped_for_scores(), n=n, draws=draws,
                               seed=seed)  # fmt: skip


def forecast_score_rows(
    rows: Observations, source: str | None, *, calibration: Calibration, n: str | None = None, draws: int = 200,
    seed: int = 0, refuse: bool = True,
) -> ScoreEnsemble:  # fmt: skip
    """Forecast from reduced rows, whose column ``loss`` or ``bpb`` holds the target ``source``; see ``forecast_score``.

    Args:
        rows: the scores.
        source: target of the measured loss, or None.
        calibration: calibration of the intervals.
        n: kind of N.
        draws: draws of each law.
        seed: seed of the draws.
        refuse: whether a score at chance is refused; a benchmark of the method scores it too.
    """
    chance = required_chance(rows, "the forecast")
    kind = n or next((name for name in COUNTINGS if varies(rows, name)), None)
    known = _known(rows, kind, source)
    if len(known) < _FEWEST:
        raise BadInput(f"{known.target} has {len(known)} usable runs; a forecast needs {_FEWEST} or more")
    limits = score_limits(known, chance, source)
    if refuse:
        enforce(limit for limit in limits if limit.grade is Grade.REFUSE)
    made = fit_forms(known, chance, kind, source, draws, seed)
    findings = (*known.findings, *limits)
    return ScoreEnsemble(made.members, calibration, known, chance, made.loss, made.left_out, findings, seed)


def score_limits(rows: Observations, chance: float, source: str | None) -> list[Finding]:
    """Return why a score cannot be forecast, or only with doubt."""
    found = list[Finding]()
    largest = np.argsort(by_compute(rows))[-max(int(np.ceil(len(rows) * _LARGEST_SHARE)), 2) :]
    mean, items = float(np.mean(rows.y[largest])), items_of(rows)
    total = float(np.nansum(items[largest]))
    if total > 0:
        near, full = (float(np.sqrt(share * (1 - share) / total)) for share in (max(chance, 1 / total), mean))
        shown = f"the largest {len(largest)} runs score {mean:.3g} on {total:.0f} items together"
        if mean - chance < _Z * near:
            found.append(Finding("SCORE_AT_CHANCE", Grade.REFUSE,
                                 f"{shown}, which cannot be distinguished from chance, {chance:.3g}", len(rows),
                                 "forecast a continuous metric of the same items, such as bpb or logprob, or train "
                                 "larger runs"))  # fmt: skip
        elif 1 - mean < _Z * max(full, 1 / total):
            found.append(Finding("SCORE_SATURATED", Grade.WARN, f"{shown}: it is saturated", len(rows),
                                 "forecast a harder benchmark"))  # fmt: skip
    if source is None:
        found.append(Finding("SCORE_NO_LOSS", Grade.WARN,
                             f"no loss of the runs is known, so {rows.target} is forecast from compute and sizes alone",
                             len(rows), "add the held-out loss of each run"))  # fmt: skip
    return found


def _known(rows: Observations, kind: str | None, source: str | None) -> Observations:
    """Return the rows that know every input that most of them know."""
    wanted = [name for name in (kind, "tokens", "flops") if name is not None and name in rows.columns]
    for name in (*wanted, *([source.partition("@")[0]] if source else [])):
        full = rows.complete([name])
        if 2 * len(full) >= len(rows):
            rows = full
    return rows


def with_loss(
    table: RunTable | Observations,
    rows: Observations,
    asked: str | None = None,
    use: Reduction | None = None,
    over: Sequence[str] = SWEPT,
) -> tuple[str | None, Observations]:
    """Return the target of the loss that the chains go through, and the rows with it as a column; see above."""
    if isinstance(table, Observations):
        given = next((name for name in LOSSES if varies(rows, name)), None)
        return asked or given, rows
    measured = {
        name: at_same_time(table.reduced(use or rows.reduction, name, over), rows)
        for name in _sources(table, rows.target, asked)
    }
    closest = min(measured, key=lambda name: _roughness(measured[name], rows.y), default=None)
    if closest is None:
        return None, rows
    values = measured[closest]
    if asked is None and np.sum(np.isfinite(values)) < max(_FEWEST, len(rows) / 2):
        return None, rows
    columns = {name: each for name, each in rows.columns.items() if name not in LOSSES}
    return closest, replace(rows, columns={**columns, closest.partition("@")[0]: frozen(values)})


def _sources(table: RunTable, target: str, asked: str | None) -> list[str]:
    """Return the losses that the chains may go through: the one asked for, that of the same benchmark, or all."""
    have = [name for name in table.targets if name.partition("@")[0] in LOSSES]
    if asked is not None:
        if asked not in have:
            raise BadInput(f"no measured {asked}; the table has {', '.join(have) or 'no loss'}")
        return [asked]
    own = [name for name in have if name.partition("@")[2] == target.partition("@")[2]]
    return own or have


def _roughness(loss: Array, score: Array) -> float:
    """Return how far the scores are from falling with a loss: the mean step up between neighbours, by the loss."""
    known = np.isfinite(loss)
    if known.sum() < _FEWEST:
        return float("inf")
    steps = np.diff(score[known][np.argsort(loss[known])])
    return float(np.sum(np.maximum(steps, 0)) / max(np.ptp(score[known]), 1e-9))
