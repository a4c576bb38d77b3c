"""Shared parts of the Weights & Biases importers."""

import json
from typing import Any

from scalelaw.runs.importers._parsing.files import number
from scalelaw.runs.importers._parsing.history import LoggedRun, flat

_STATES = {
    "finished": "finished", "running": "running", "pending": "running", "crashed": "crashed", "preempting": "crashed",
    "preempted": "crashed", "failed": "failed", "killed": "failed",
}  # fmt: skip


def state_of(text: Any) -> str | None:
    """Return the state in canonical words, None if unknown.

    Example:
        >>> state_of("Killed")
        'failed'
    """
    return _STATES.get(str(text).strip().lower())


def settings_of(config: dict[str, Any]) -> dict[str, Any]:
    """Return the settings of a run without the tracker's own entries."""
    return flat({key: value for key, value in config.items() if not key.startswith("_")})


def add_row(run: LoggedRun, row: dict[str, Any], at: float) -> None:
    """Add the values logged at one step, without media, tables and the tracker's own entries."""
    for metric, value in row.items():
        if not metric.startswith(("_", "system/", "gradients/")) and (found := number(value)) is not None:
            run.log(metric, at, found)


def parsed(text: Any) -> Any:
    """Parse JSON text; return None if it is not valid."""
    try:
        return json.loads(text)
    except (TypeError, ValueError, RecursionError):
        return None
