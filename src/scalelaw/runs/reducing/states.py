"""Read the state that trackers give a run, and whether its last value is usable."""

from collections.abc import Mapping

import numpy as np

from scalelaw.core.types import AnyArray

DELETED = frozenset({"deleted", "removed", "trashed"})
UNFINISHED = frozenset(
    {"crashed", "failed", "running", "killed", "preempted", "preempting", "aborted", "cancelled", "canceled",
     "interrupted", "stopped", "pending", "queued", "scheduled", "oom", "timeout"}
)  # fmt: skip


def states(runs: Mapping[str, AnyArray], n_runs: int) -> AnyArray:
    """Return the state of each run in lower case, empty where unknown, (n,)."""
    if "state" not in runs:
        return np.full(n_runs, "", dtype=object)
    return np.array([str(state or "").strip().lower() for state in runs["state"]], dtype=object)
