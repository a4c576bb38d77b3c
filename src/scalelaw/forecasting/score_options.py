"""Which targets are scores, and the options that only their forecasts have; light, since every forecast asks."""

from collections.abc import Mapping
from typing import Any, TypedDict

from scalelaw.core.errors import UnknownName
from scalelaw.runs.chance import Chance
from scalelaw.runs.observations import Observations
from scalelaw.runs.table import RunTable


class ScoreOptions(TypedDict, total=False):
    """Keyword arguments that only a score has: the measured loss it follows, and the score of guessing."""

    loss: str | None
    chance: Chance | None


def check_options(score: Mapping[str, Any]) -> None:
    """Check that every option exists.

    Raises:
        UnknownName: one does not.
    """
    for name in score:
        if name not in ScoreOptions.__annotations__:
            raise UnknownName.among("option of a forecast", name, ScoreOptions.__annotations__)


def is_score(runs: RunTable | Observations, target: str | None) -> bool:
    """Return whether a target, or the only target of the runs, is a score."""
    if isinstance(runs, Observations):
        target = runs.target
    elif target is None and len(runs.targets) == 1:
        target = runs.targets[0]
    return target is not None and target.partition("@")[0] == "score"


def scores_of(table: RunTable) -> list[str]:
    """Return the targets of a table that are scores."""
    return [name for name in table.targets if name.partition("@")[0] == "score"]
