"""Shared parts of the two MLflow importers."""

from typing import Any

from scalelaw.runs.importers._parsing.files import number, utc
from scalelaw.runs.importers._parsing.history import LoggedRun

_STATES = {
    "1": "running", "2": "running", "3": "finished", "4": "failed", "5": "failed",
    "RUNNING": "running", "SCHEDULED": "running", "FINISHED": "finished", "FAILED": "failed", "KILLED": "failed",
}  # fmt: skip
_HELD = 1.7e308
"""MLflow stores infinity in a database as the largest number."""


def run_of(meta: dict[str, Any], params: dict[str, Any], tags: dict[str, Any]) -> LoggedRun:
    """Return a run without metrics; reads only the tags of its name and parent."""
    identity = str(meta.get("run_uuid") or meta.get("run_id") or "")
    name = tags.get("mlflow.runName") or meta.get("run_name") or meta.get("name") or identity
    started = number(meta.get("start_time")) if not isinstance(meta.get("start_time"), str) else _milliseconds(meta)
    gone = str(meta.get("lifecycle_stage", "active")) == "deleted"
    columns = {
        "state": "deleted" if gone else _STATES.get(str(meta.get("status", "")).strip()),
        "created_at": utc(started / 1000) if started else None,
    }
    return LoggedRun(str(name), identity, config=params, columns=columns)


def metric_value(text: Any, is_nan: Any = False) -> float | None:
    """Return a metric as a number, NaN and infinities included."""
    if is_nan:
        return float("nan")
    try:
        value = float(text)
    except (TypeError, ValueError):
        return None
    if abs(value) >= _HELD and value == value:
        return float("inf") if value > 0 else float("-inf")
    return value


def _milliseconds(meta: dict[str, Any]) -> float | None:
    try:
        return float(meta["start_time"])
    except ValueError:
        return None
