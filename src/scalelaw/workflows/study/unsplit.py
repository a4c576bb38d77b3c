"""Explain a missing size: the table holds one run, or its size column has an unknown name.

code               grade         when
RUNS_ONE_RUN       refuse, warn  the rows are, or may be, readings of one run, and a law needs several runs
RUNS_SIZE_UNNAMED  warn          no column is recognised as the size, but one may be it
"""

import numpy as np

from scalelaw.core.errors import BadTable
from scalelaw.core.findings import Answer, Finding, Grade
from scalelaw.core.numbers import format_number
from scalelaw.laws import Law
from scalelaw.runs.columns.propose import quoted, unnamed_in
from scalelaw.runs.grouping.one_run import EACH_ITS_OWN, time_of_one_run
from scalelaw.runs.observations import Reduction
from scalelaw.runs.table import RunTable

_FEWEST = 3
_PLAIN = 1e6
_AHEAD = 2.0
"""Default end of a run, as a multiple of its last reading."""


def written(end: float) -> str:
    """Return the end of a run as text for the option ``--end``.

    Example:
        >>> written(1000.0), written(100.6e9)
        ('1000', '101B')
    """
    return f"{end:.0f}" if end < _PLAIN else format_number(end, 3)


def of_several(table: RunTable, law: str | Law | None, use: Reduction | None) -> RunTable:
    """Return the table; raise if it is the log of one run, which the ensemble of laws cannot use.

    Args:
        table: the table.
        law: the law that decides, or None for the ensemble.
        use: rows to use; ``curves`` allows the curve of one run.

    Raises:
        BadTable: the table holds readings of one run.
    """
    if law is not None or use == "curves":
        return table
    axis = next((name for name in ("tokens", "steps") if name in table.evals), None)
    readings = len(table.evals["run"])
    if len(table) != 1 or axis is None or readings < _FEWEST:
        return table
    message = f"{table.source} holds {readings} readings of one run, and a law needs several runs"
    end = written(_AHEAD * float(np.nanmax(table.evals[axis])))
    fix = f"`scalelaw extrapolate FILE --end {end}` forecasts its loss at {end} {axis}"
    found = Finding("RUNS_ONE_RUN", Grade.REFUSE, message, readings, fix)
    raise BadTable(f"{found} [{found.code}]", [found])


def why_unsplit(table: RunTable) -> list[Finding]:
    """Return findings that explain a forecast without a compute-optimal split."""
    column = unnamed_in(table.notes, "params")
    if column is None or any(name.startswith("params") for name in table.quantities()):
        return _one_run(table)
    message = f"no column is recognised as model size, so a plan is not possible; {column!r} may be the size"
    fix = f"give --column {quoted(f'params={column}')} (Python: columns={{'params': {column!r}}})"
    answers = (Answer(f"params is {column!r}", {"columns": {"params": column}}),)
    return [Finding("RUNS_SIZE_UNNAMED", Grade.WARN, message, len(table), fix, answers)]


def _one_run(table: RunTable) -> list[Finding]:
    """Return a finding if the rows rise in time without any other sign of separate runs: they may be one run."""
    axis = time_of_one_run(table)
    if axis is not None and EACH_ITS_OWN not in table.notes and np.all(np.diff(table.runs[axis]) > 0):
        message = f"the {len(table)} rows may be readings of one run, since {axis} rises"
        fix = (
            "if so, `scalelaw extrapolate` forecasts its end; "
            'if each row is a run, give columns={"run": None} (CLI: --column run=)'
        )
        end = _AHEAD * float(np.nanmax(table.runs[axis]))
        return [Finding("RUNS_ONE_RUN", Grade.WARN, message, len(table), fix, (Answer("one run", {"end": end}),))]
    return []
