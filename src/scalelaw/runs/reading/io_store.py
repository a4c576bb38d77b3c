"""Read a store of runs into raw columns: one row per evaluation, with the settings repeated."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from scalelaw.core.errors import BadTable
from scalelaw.core.numbers import counted
from scalelaw.runs.checking.values import COUNTS
from scalelaw.runs.raw import RawColumn, RawTable, column
from scalelaw.runs.storing.store import RunRecord, Store, count_states


def read_store(store: Store, source: str, runs: Iterable[str] | None = None) -> RawTable:
    """Return the current raw columns of a store: ``run``, ``state``, settings and logged values.

    A run without evaluations gets one row, so that it is counted. Nested settings get dotted names.

    Args:
        store: the store.
        source: its name in messages.
        runs: names of the runs to read; all by default.

    Raises:
        BadTable: the store has no run yet.
    """
    records = [store.read(run) for run in (store.runs() if runs is None else runs)]
    if not records:
        raise BadTable(f"{source} has no run yet; sl.record writes a run")
    records.sort(key=lambda record: (record.started, record.run))
    settings = [_flat(record.settings) for record in records]
    rows = [dict(values) for record in records for values in (record.evals or ({},))]
    each = np.array([max(1, len(record.evals)) for record in records])
    columns = {"run": _repeat([record.run for record in records], each)}
    for name in dict.fromkeys(name for found in settings for name in found):
        columns[name] = _repeat([found.get(name) for found in settings], each)
    columns["state"] = _repeat([record.state for record in records], each)
    for name in dict.fromkeys(name for row in rows for name in row):
        columns.setdefault(name, column([row.get(name) for row in rows]))
    return RawTable(source, columns, tuple(_notes(records)), stated=frozenset(COUNTS))


def _flat(settings: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in settings.items():
        if isinstance(value, Mapping):
            found.update(_flat(value, f"{prefix}{name}."))
        else:
            found[prefix + name] = value
    return found


def _repeat(cells: list[Any], each: Any) -> RawColumn:
    """Return a column from one cell per run, repeated on each of its rows."""
    once = column(cells)
    return RawColumn(np.repeat(once.values, each), np.repeat(once.missing, each))


def _notes(records: list[RunRecord]) -> Iterable[str]:
    yield f"{counted(len(records), 'recorded run')}: {count_states(records)}"
    trainers = Counter(record.settings["trainer"] for record in records if "trainer" in record.settings)
    if len(trainers) > 1:
        each = ", ".join(f"{runs} of {trainer}" for trainer, runs in sorted(trainers.items()))
        yield f"runs of several trainer revisions ({each}), whose losses differ at equal settings"
    if torn := sum(record.torn for record in records):
        yield f"{counted(torn, 'half-written line')} ignored"
    if again := sum(record.superseded for record in records):
        yield f"{counted(again, 'evaluation')} repeated by a resumed run, or added after its takeover; not used"
