"""Name the runs of a reduced table that blew up, where its target is a loss."""

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from scalelaw.core.findings import Finding, Grade
from scalelaw.core.names import words
from scalelaw.core.quantities import QUANTITIES
from scalelaw.core.types import AnyArray
from scalelaw.runs.observations import Observations
from scalelaw.runs.reducing.blown_up import Blown, blown_up
from scalelaw.runs.reducing.split import kinds

if TYPE_CHECKING:
    from scalelaw.runs.table import RunTable

CODE = "RUNS_BLOWN_UP"
_TARGETS = ("loss", "bpb")
_SIZES = ("params", "params_active", "params_non_embedding")
_SHOWN = 3
_NAMING = frozenset({"name", "run", "label", "experiment", "model", "id", "title", "display"})


def with_suspects(table: "RunTable", run: AnyArray, observed: Observations) -> Observations:
    """Add a warning that names the runs that blew up without a mark, if any.

    Args:
        table: the runs.
        run: number of the run of each row, (n,).
        observed: the rows, one per run.
    """
    if observed.target.partition("@")[0] not in _TARGETS or not len(observed):
        return observed
    size = next((name for name in _SIZES if name in observed.columns), None)
    axes = [name for name in (size, "tokens") if name is not None and name in observed.columns]
    if not axes:
        axes = ["flops"] if "flops" in observed.columns else []
    setting = observed.setting if observed.setting is not None else np.zeros(len(observed), dtype=int)
    found = []
    kind = kinds(table, run)
    for number in range(int(kind.max()) + 1):
        own = np.flatnonzero(kind == number)
        x = {name: np.asarray(observed.columns[name], float)[own] for name in axes}
        found += [replace(each, row=int(own[each.row])) for each in blown_up(x, observed.y[own], setting[own])]
    found.sort(key=lambda each: -each.above)
    if not found:
        return observed
    names = tuple(str(observed.run_names()[each.row]) for each in found)
    column, labels = _labels(table, run, observed)
    wanted = [str(labels[each.row]) for each in found]
    message = _message(table, run, observed, found, wanted)
    finding = Finding(CODE, Grade.WARN, message, len(found), _fix(column, wanted))
    return replace(observed, findings=(*observed.findings, finding), suspects=names)


def _labels(table: "RunTable", run: AnyArray, observed: Observations) -> tuple[str, AnyArray]:
    """Return the column that names runs and each row's name in it, (n,)."""
    labels = None if "run" in table.runs else naming(table.runs)
    return ("run", observed.run_names()) if labels is None else (labels[0], labels[1][run])


def called(observed: Observations) -> AnyArray | None:
    """Return the name of each row, (n,): of its run, or from a column of unique names; None without either."""
    others = observed.others
    labels = None if others is None or "run" in others.origins else naming(others.columns)
    return observed.names if labels is None or others is None else labels[1][others.run]


def naming(columns: Mapping[str, AnyArray]) -> tuple[str, AnyArray] | None:
    """Return the first column whose title means a name and whose text differs from run to run."""
    for column, values in columns.items():
        texts = [str(value) for value in values] if values.dtype == object else []
        if texts and column not in QUANTITIES and set(words(column)) & _NAMING and len(set(texts)) == len(texts):
            return column, np.array(texts, dtype=object)
    return None


def _message(
    table: "RunTable", run: AnyArray, observed: Observations, found: list[Blown], called: Sequence[str]
) -> str:
    """Describe the runs with their rows and losses and those of their neighbours."""
    metric = observed.target.partition("@")[0]
    described = []
    for each, name in zip(found[:_SHOWN], called, strict=False):
        row = f"row {table.row_of(int(run[each.row]))}"
        which = name if name == row else f"{name} ({row})"
        low, high = f"{each.low:.3g}", f"{each.high:.3g}"
        near = low if low == high else f"{low} to {high}"
        described.append(f"{which} has {metric} {observed.y[each.row]:.4g} where neighbours have {near}")
    more = f", and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
    lies = "1 run lies" if len(found) == 1 else f"{len(found)} runs lie"
    return f"{lies} far above the others: {', '.join(described)}{more}"


def _fix(column: str, names: Sequence[str]) -> str:
    value = repr(names[0]) if len(names) == 1 else repr(list(names))
    it = "it" if len(names) == 1 else "them"
    option = f"--exclude {shlex.quote(column + '=' + ','.join(names))}"
    return f"{option} leaves {it} out (Python: {_python(column, value)})"


def _python(column: str, value: str) -> str:
    condition = f"{column}={value}" if column.isidentifier() else f"**{{{column!r}: {value}}}"
    return f"runs.exclude({condition}, reason=...)"
