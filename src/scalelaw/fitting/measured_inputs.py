"""Measured columns that a law takes as inputs: the bits per byte of a run, from which a law gives its score."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from scalelaw.core.quantities import METRICS
from scalelaw.core.types import frozen
from scalelaw.laws import Law
from scalelaw.runs.observations import Observations, Reduction
from scalelaw.runs.table import RunTable

_TIMES = ("tokens", "steps", "flops")


def target_of(law: Law, table: RunTable) -> str | None:
    """Return the one target that a law of measured inputs predicts, or None if law and table leave a choice."""
    if not _taken(law):
        return None
    given = [name for name in table.targets if _metric(name) == law.output]
    return given[0] if len(given) == 1 else None


def with_measured_inputs(
    law: Law, table: RunTable, observed: Observations, use: Reduction | None, over: Sequence[str]
) -> Observations:
    """Add to the rows each metric that the law takes as an input, from the same run at the same point of training.

    A row whose run lacks the metric at that time has NaN there, which a fit excludes and counts.

    Args:
        law: the law to be fitted.
        table: where the rows come from.
        observed: rows of the target, reduced by ``use``.
        use: how the rows were reduced.
        over: what was swept, for ``best``.
    """
    columns = dict(observed.columns)
    for metric in _taken(law):
        sources = [name for name in table.targets if _metric(name) == metric]
        if metric not in columns and len(sources) == 1:
            columns[metric] = _joined(table.reduced(use or observed.reduction, sources[0], over), observed)
    return replace(observed, columns=columns)


def _joined(measured: Observations, observed: Observations) -> np.ndarray:
    value = dict(zip(_keys(measured), measured.y.tolist(), strict=True))
    return frozen(np.array([value.get(key, np.nan) for key in _keys(observed)]))


def _keys(rows: Observations) -> list[tuple[object, ...]]:
    """Return the run of each row, and the time where one run has several rows."""
    runs = (rows.cluster if rows.names is None else rows.names).tolist()
    if rows.reduction != "curves":
        return [(run,) for run in runs]
    times = [np.asarray(rows.columns[name], float).tolist() for name in _TIMES if name in rows.columns]
    return list(zip(runs, *times[:1], strict=True))


def _taken(law: Law) -> list[str]:
    """Return the metrics a law takes, where it gives another one."""
    return [name for name in law.inputs if name in METRICS] if law.output in METRICS else []


def _metric(target: str) -> str:
    return target.partition("@")[0]
