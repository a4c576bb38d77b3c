"""Scores on the command line: which targets are scores, and the goal of ``--score``."""

from typing import TYPE_CHECKING

from scalelaw.core.errors import BadInput
from scalelaw.core.numbers import parse_number

if TYPE_CHECKING:
    from scalelaw.forecasting.score_table import ScoreForecasts
    from scalelaw.runs.table import RunTable

_SCORE = "score"


def scores_asked(runs: "RunTable", target: str | None) -> list[str]:
    """Return the scores that ``--target`` names, empty if it names a loss: ``score`` alone means every score."""
    from scalelaw.forecasting.score_options import scores_of

    every = scores_of(runs)
    if target is None:
        return every if len(every) == len(runs.targets) else []
    if target in (_SCORE, f"{_SCORE}@*") and target not in runs.targets:
        return every
    named = [name.strip() for name in target.split(",")]
    return named if all(name.partition("@")[0] == _SCORE for name in named) else []


def goal_of(text: str, runs: "RunTable") -> tuple[str, float]:
    """Return the target and the score of ``--score mmlu=0.6``.

    Raises:
        BadInput: not NAME=SCORE, or a benchmark that the table does not have.
    """
    name, _, value = text.rpartition("=")
    from scalelaw.forecasting.score_options import scores_of

    every = scores_of(runs)
    found = [target for target in every if name in (target, target.partition("@")[2])]
    if not name or not found:
        have = ", ".join(target.partition("@")[2] or target for target in every) or "none"
        raise BadInput(f"--score {text}: write BENCHMARK=SCORE, like mmlu=0.6; the benchmarks of the table are {have}")
    return found[0], parse_number(value)


def forecast_asked(
    runs: "RunTable", targets: list[str], loss: str | None, kind: str | None, draws: int, seed: int
) -> "ScoreForecasts":
    """Forecast the scores asked for."""
    from scalelaw.forecasting.score_table import forecast_scores

    return forecast_scores(runs, targets, n=kind, draws=draws, seed=seed, loss=loss)
