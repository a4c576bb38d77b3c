"""Rows that look like checkpoints of a few runs, in a table that names no run."""

from collections.abc import Mapping

import numpy as np

from scalelaw.core.findings import Answer, Finding, Grade
from scalelaw.core.quantities import spelling
from scalelaw.core.types import AnyArray

_NAMES = frozenset({"model", "model_name", "name", "exp", "exp_name", "experiment", "series", "curve", "config"})
_MANY = 10


def check_checkpoints(columns: Mapping[str, AnyArray], read: int) -> list[Finding]:
    """Ask where a column of names groups many rows of one size over ever more tokens.

    Args:
        columns: canonical and other columns, each (n,).
        read: how many rows there are.
    """
    kind = next((name for name in columns if name.startswith("params")), None)
    if "run" in columns or kind is None or "tokens" not in columns:
        return []
    for name, values in columns.items():
        if spelling(name) not in _NAMES or values.dtype == np.float64 or any(value is None for value in values):
            continue
        series = np.unique(values.astype(str), return_inverse=True)[1]
        count = int(series.max()) + 1
        if count * _MANY > read or not _one_size(series, columns[kind]) or _repeats(series, columns["tokens"]):
            continue
        message = f"the {read} rows look like checkpoints of {count} runs that the column {name!r} names"
        fix = (
            f'say columns={{"run": "{name}"}} (CLI: --column run={name}) if they are, '
            'or columns={"run": None} if each row was trained by itself'
        )
        answers = (
            Answer(f"{name} names the runs, and rows are their checkpoints", {"columns": {"run": name}}),
            Answer("each row is a run of its own", {"columns": {"run": ""}}),
        )
        return [Finding("RUNS_CHECKPOINTS", Grade.ASK, message, read, fix, answers)]
    return []


def _one_size(series: AnyArray, params: AnyArray) -> bool:
    """Return whether every series has one N."""
    first = np.zeros(int(series.max()) + 1)
    first[series] = params
    return bool(np.all(np.isclose(first[series], params, rtol=1e-3) | np.isnan(params)))


def _repeats(series: AnyArray, tokens: AnyArray) -> bool:
    """Return whether some amount of tokens stands twice in a series, as it does where runs were swept."""
    pairs = np.unique(np.column_stack([series, tokens]), axis=0)
    return len(pairs) < len(series)
