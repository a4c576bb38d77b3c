"""Measured columns that a law takes as inputs: the loss or bits per byte of a run, from which a law gives its score.

code             grade  when
FIT_WHICH_INPUT  ask    several targets of the table can be the measured input of the law
"""

from collections.abc import Sequence
from dataclasses import fields, replace

import numpy as np

from scalelaw.core.errors import BadInput
from scalelaw.core.findings import Answer, Finding, Grade, enforce
from scalelaw.core.quantities import METRICS
from scalelaw.core.types import frozen
from scalelaw.laws import FormulaLaw, Law
from scalelaw.runs.observations import Observations, Reduction
from scalelaw.runs.table import RunTable

_TIMES = ("tokens", "steps", "flops")
_SHOWN = 6


def taking(law: Law, table: RunTable, x: str | None) -> Law:
    """Return the law with the metric of ``x`` as its input, where it takes one measured input of another metric.

    Args:
        law: the law to be fitted.
        table: the runs.
        x: target of the table that the law takes, such as ``loss@c4``.

    Raises:
        BadInput: the law takes no such input.
        UnknownName: the table has no such target.
    """
    if x is None:
        return law
    metric = _metric(table.target(x))
    if metric in law.inputs:
        return law
    if "input" in {field.name for field in fields(law)} and len(law.inputs) == 1:
        return replace(law, input=metric)  # type: ignore[call-arg]
    takes = ", ".join(law.inputs)
    raise BadInput(f"x={x!r}: {law.spelling} takes {takes}; name a target of {takes}, or leave x out (CLI: --from)")


def with_measured_inputs(
    law: Law, table: RunTable, observed: Observations, use: Reduction | None, over: Sequence[str], x: str | None = None
) -> Observations:
    """Add to the rows each metric that the law takes as an input, from the same run at the same point of training.

    A row whose run lacks the metric at that time has NaN there, which a fit excludes and counts.

    Args:
        law: the law to be fitted.
        table: where the rows come from.
        observed: rows of the target, reduced by ``use``.
        use: how the rows were reduced.
        over: what was swept, for ``best``.
        x: target to take; needed only if several have the metric and none is of the evaluation set of the rows.

    Raises:
        NeedsAnswer: several targets have the metric.
    """
    columns, notes = dict(observed.columns), list(observed.notes)
    for metric in _taken(law, observed.target):
        if metric in columns:
            continue
        source = _source(law, metric, table, observed.target, x)
        if source is not None:
            columns[metric] = at_same_time(table.reduced(use or observed.reduction, source, over), observed)
            notes += [f"{metric} = {source}, of the same run"] if source != metric else []
    return replace(observed, columns=columns, notes=tuple(notes))


def _source(law: Law, metric: str, table: RunTable, target: str, x: str | None) -> str | None:
    """Return the target that holds a metric: the one named, the only one, or that of the same evaluation set."""
    sources = [name for name in table.targets if _metric(name) == metric and name != target]
    if x is not None and table.target(x) in sources:
        return table.target(x)
    same = [name for name in sources if name.partition("@")[2] == target.partition("@")[2]]
    if len(sources) < 2 or len(same) == 1:
        return next(iter(same or sources), None)
    named = ", ".join(sources[:_SHOWN]) + (", ..." if len(sources) > _SHOWN else "")
    message = f"{law.name} takes a {metric}, and the table has {len(sources)} ({named})"
    fix = f'choose one with x="{sources[0]}" (CLI: --from {sources[0]})'
    answers = tuple(Answer(f"from {each}", {"x": each}) for each in sources)
    enforce([Finding("FIT_WHICH_INPUT", Grade.ASK, message, 0, fix, answers)])
    return None


def at_same_time(measured: Observations, observed: Observations) -> np.ndarray:
    """Return the measured value of each observed row: of its run, at the same time where a run has several rows."""
    value = dict(zip(_keys(measured), measured.y.tolist(), strict=True))
    return frozen(np.array([value.get(key, np.nan) for key in _keys(observed)]))


def _keys(rows: Observations) -> list[tuple[object, ...]]:
    """Return the run of each row, and the time where one run has several rows."""
    runs = (rows.cluster if rows.names is None else rows.names).tolist()
    if rows.reduction != "curves":
        return [(run,) for run in runs]
    times = [np.asarray(rows.columns[name], float).tolist() for name in _TIMES if name in rows.columns]
    return list(zip(runs, *times[:1], strict=True))


def _taken(law: Law, target: str) -> list[str]:
    """Return the metrics a law takes beside the one it gives."""
    if not isinstance(law, FormulaLaw) and law.output not in METRICS:
        return []
    return [name for name in law.inputs if name in METRICS and name != _metric(target)]


def _metric(target: str) -> str:
    return target.partition("@")[0]
