"""Several scores at once, and their average with a separate interval."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Unpack

import numpy as np

from scalelaw.core.errors import BadInput, NeedsAnswer, ScalelawError
from scalelaw.core.nouns.brief import Brief
from scalelaw.core.nouns.tabular import Columns, Tabular, columns_of
from scalelaw.core.rendering import Lines, Renderable, Report, Table
from scalelaw.core.types import Inputs, frozen
from scalelaw.fitting.observe import observe_rows
from scalelaw.forecasting.calibration import shipped_for_scores
from scalelaw.forecasting.score_ensemble import ScoreEnsemble
from scalelaw.forecasting.score_forecast import forecast_score, forecast_score_rows, with_loss
from scalelaw.forecasting.score_members import items_of
from scalelaw.forecasting.score_options import ScoreOptions, scores_of
from scalelaw.runs.chance import chance_of_rows, one_chance
from scalelaw.runs.observations import Observations
from scalelaw.runs.reading.load import load_runs
from scalelaw.runs.table import RunTable

AVERAGE = "score@average"


@dataclass(frozen=True, eq=False)
class ScoreForecasts(Renderable, Tabular, Brief):
    """Forecasters of several scores of the same runs.

    Attributes:
        each: target -> its forecaster.
        average: forecaster of the mean of the scores, fitted to the means of the runs; tasks are correlated, so its
            interval is not a mean of theirs. None with fewer than two scores.
        refused: target -> why it has no forecast.
    """

    each: Mapping[str, ScoreEnsemble]
    average: ScoreEnsemble | None
    refused: Mapping[str, str] = field(default_factory=dict)

    @property
    def all(self) -> dict[str, ScoreEnsemble]:
        """The forecasters, with the average last."""
        return dict(self.each) | ({} if self.average is None else {AVERAGE: self.average})

    def rows(self, x: Inputs, level: float = 0.9) -> list[dict[str, Any]]:
        """Return the forecast of each score at one point, as plain values.

        Args:
            x: quantity -> value, for the inputs of the forecasters.
            level: probability of the intervals.
        """
        found = []
        for target, forecaster in self.all.items():
            seen = forecaster.predict({name: np.atleast_1d(values) for name, values in x.items()}, level)
            assert seen.lo is not None and seen.hi is not None
            score, lo, hi = (float(each[0]) for each in (seen.mean, seen.lo, seen.hi))
            row = {"target": target, "largest_run": forecaster.largest_score, "score": score, "lo": lo, "hi": hi}
            found.append({**row, "level": level})
        return found

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {
            "schema": "scalelaw.scores/1",
            "forecasters": {target: forecaster.to_dict() for target, forecaster in self.all.items()},
            "refused": dict(self.refused),
        }

    def to_columns(self) -> Columns:
        """Return one row per score: its forecaster and error on held-back larger runs."""
        return columns_of(
            {"target": target, "chance": each.chance, "n_items": each.items, "error": each.error}
            for target, each in self.all.items()
        )

    def report(self) -> Report:
        """Return one row per score, then why others have none."""
        rows = [["score", "chance", "largest run", "error on larger runs"]]
        for target, each in self.all.items():
            rows.append([target, f"{each.chance:.3g}", f"{each.largest_score:.3f}", f"{each.error:.3f}"])
        lines = [(target, f"no forecast: {why}") for target, why in self.refused.items()]
        return Report(f"{len(self.each)} scores", [Table(rows, right=range(1, 4)), Lines(lines, width=0)])


def forecast_scores(
    runs: Any, targets: Sequence[str] | None = None, *, n: str | None = None, draws: int = 200, seed: int = 0,
    **score: Unpack[ScoreOptions],
) -> ScoreForecasts:  # fmt: skip
    """Forecast several scores of the same runs, and their average.

    Args:
        runs: a table, or anything ``load_runs`` reads.
        targets: scores to forecast; every ``score@...`` of the table by default.
        n: kind of N the laws take, if the table has several.
        draws: draws of each law.
        seed: seed of the draws.
        **score: ``loss`` and ``chance``, see ``forecast_score``.

    Raises:
        BadInput: no scores, or no score that can be forecast.
    """
    table = runs if isinstance(runs, RunTable) else load_runs(runs)
    wanted = list(targets or scores_of(table))
    if not wanted:
        raise BadInput(f"no scores to forecast; the table has {', '.join(table.targets) or 'no target'}")
    each, refused = {}, {}
    for target in wanted:
        try:
            each[target] = forecast_score(table, target=target, n=n, draws=draws, seed=seed, **score)
        except NeedsAnswer:
            raise
        except ScalelawError as error:
            refused[target] = str(error)
    if not each:
        why = "; ".join(f"{target}: {reason}" for target, reason in refused.items())
        raise BadInput(f"no score can be forecast: {why}")
    average = _average(table, list(each), n, draws, seed, score) if len(each) > 1 else None
    return ScoreForecasts(each, average, refused)


def _average(
    table: RunTable, targets: Sequence[str], n: str | None, draws: int, seed: int, score: ScoreOptions
) -> ScoreEnsemble | None:
    """Return the forecaster of the mean of the scores; None if too few runs have all of them."""
    rows = averaged([chance_of_rows(observe_rows(table, target, None), score.get("chance")) for target in targets])
    source, rows = with_loss(table, rows, score.get("loss"))
    try:
        return forecast_score_rows(rows, source, calibration=shipped_for_scores(), n=n, draws=draws, seed=seed)
    except ScalelawError:
        return None


def averaged(scores: Sequence[Observations]) -> Observations:
    """Return the mean score of each run that has all of them, with its chance and the items that give its noise.

    Items are those of one test with the same standard error as the mean of the tests.
    """
    first = scores[0]
    at = [dict(zip(_names(rows), range(len(rows)), strict=True)) for rows in scores]
    shared = [name for name in _names(first) if all(name in index for index in at)]
    taken = [rows.rows(np.array([index[name] for name in shared], int)) for rows, index in zip(scores, at, strict=True)]
    y = np.mean([rows.y for rows in taken], axis=0)
    chance = float(np.mean([one_chance(rows) or 0.0 for rows in taken]))
    variance = np.mean(
        [rows.y * (1 - rows.y) / items_of(rows) for rows in taken], axis=0) / len(taken)  # fmt: skip
    with np.errstate(divide="ignore", invalid="ignore"):
        items = np.where(variance > 0, y * (1 - y) / variance, np.nan)
    columns = {**taken[0].columns, "chance": frozen(np.full(len(y), chance)), "n_items": frozen(items)}
    note = f"mean of {len(scores)} scores, over the {len(y)} runs that have all of them"
    return replace(taken[0], target=AVERAGE, columns=columns, y=frozen(y), se=None, notes=(*first.notes, note))


def _names(rows: Observations) -> list[Any]:
    names: list[Any] = (rows.cluster if rows.names is None else rows.names).tolist()
    return names
