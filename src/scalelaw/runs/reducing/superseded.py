"""Find runs that a later run replaced: resumed under another id, or repeated under the same name."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from scalelaw.core.types import AnyArray
from scalelaw.runs.reducing.states import UNFINISHED, states

_SAME = ("label", "params", "params_non_embedding", "params_active", "planned_tokens", "seed", "lr", "batch_tokens",
         "dataset", "tokenizer", "recipe", "schedule")  # fmt: skip


def superseded(runs: Mapping[str, AnyArray], n_runs: int) -> Iterator[tuple[AnyArray, str]]:
    """Yield the runs that another run resumes, and all but the latest of repeated runs.

    A repeat has the same label, settings, seed and tokens (planned or seen) and a later date; an unfinished repeat does
    not replace a finished run. Without labels and dates no run counts as a repeat. A run from which others only branch
    stays.
    """
    if "resumed_from" in runs:
        named = {str(parent) for parent in runs["resumed_from"] if parent is not None}
        ids = [str(name) for name in runs["run"]] if "run" in runs else [""] * n_runs
        resumed = [ids[at] in named and ids[at] != str(runs["resumed_from"][at]) for at in range(n_runs)]
        yield np.array(resumed, dtype=bool), "superseded: another run resumed it"
    if {"label", "date"} <= set(runs):
        yield _run_again(runs, n_runs), "superseded: run again later"


def _run_again(runs: Mapping[str, AnyArray], n_runs: int) -> AnyArray:
    names = [name for name in _SAME if name in runs]
    if "planned_tokens" not in runs and "tokens" in runs:
        names.append("tokens")
    groups: dict[tuple[Any, ...], list[int]] = defaultdict(list)
    for at in range(n_runs):
        if runs["label"][at] is not None and runs["date"][at] is not None:
            groups[tuple(_plain(runs[name][at]) for name in names)].append(at)
    replaced = np.zeros(n_runs, dtype=bool)
    unfinished = np.isin(states(runs, n_runs), list(UNFINISHED))
    for members in groups.values():
        finished = [at for at in members if not unfinished[at]]
        latest = max(str(runs["date"][at]) for at in finished or members)
        replaced[[at for at in members if str(runs["date"][at]) < latest]] = True
    return replaced


def _plain(value: Any) -> Any:
    """Return a value that equals itself, also for NaN."""
    return None if isinstance(value, float) and value != value else value
