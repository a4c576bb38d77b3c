"""Turn logged series into rows, one per step with a held-out metric."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from scalelaw.core.errors import BadInput, BadTable
from scalelaw.core.quantities import METRICS, QUANTITIES, recognise
from scalelaw.runs.importers._parsing.curve import Curve
from scalelaw.runs.importers._parsing.presets import batch_of, is_secret, metric_columns, preset_of, setting_columns
from scalelaw.runs.raw import RawTable, from_rows

MOST_POINTS = 20_000_000
"""Largest number of logged values in one import."""

_MOST_KEPT = 60
_GIGA = 1e9
_STANDING = ("lr_now", "train_loss", "epochs")
_GROWING = ("steps", "tokens", "flops", "gflops")

_TEXTS = frozenset({"resumed_from", *(name for name, quantity in QUANTITIES.items() if quantity.kind == "text")})

Series = dict[float, float]
"""Step -> value; the last of several values at one step counts."""


@dataclass
class LoggedRun:
    """One run as its tracker logged it.

    Attributes:
        name: its name for people.
        id: its unique id in the tracker.
        series: metric -> step -> value.
        config: settings, flat, with dotted names.
        columns: run-level columns that the format defines, by conventional names.
    """

    name: str
    id: str = ""
    series: dict[str, Series] = field(default_factory=dict)
    config: dict[str, Any] = field(default_factory=dict)
    columns: dict[str, Any] = field(default_factory=dict)

    def log(self, metric: str, at: float, value: float) -> None:
        """Record one value."""
        self.series.setdefault(metric, {})[at] = value


def flat(config: Mapping[str, Any], prefix: str = "", depth: int = 8) -> dict[str, Any]:
    """Return nested settings as one level of dotted names; lists stay lists.

    Example:
        >>> flat({"model": {"n_params": 7}, "seed": 0})
        {'model.n_params': 7, 'seed': 0}
    """
    found: dict[str, Any] = {}
    for key, value in config.items():
        name = f"{prefix}{key}"
        if isinstance(value, Mapping) and value and depth:
            found |= flat(value, f"{name}.", depth - 1)
        else:
            found[name] = value
    return found


def tabulate(
    runs: Sequence[LoggedRun],
    source: str,
    notes: Sequence[str] = (),
    stated: frozenset[str] = frozenset(),
    read: int | None = None,
) -> RawTable:
    """Return the long table of these runs; see ``Importer`` for its columns.

    Args:
        runs: the runs, in output order.
        source: the name for messages.
        notes: notes of the reader.
        stated: columns whose unit the format defines.
        read: number of rows or files of the source.

    Raises:
        BadTable: no runs.
        BadInput: too many logged values.
    """
    if not runs:
        raise BadTable(f"{source} holds no run")
    if sum(len(series) for run in runs for series in run.series.values()) > MOST_POINTS:
        raise BadInput(f"{source} holds more than {MOST_POINTS} logged values; import fewer runs at a time")
    remarks = list(notes)
    presets = [found.name for run in runs if (found := preset_of(run.series))]
    if presets:
        remarks.append(f"metric names are those of {Counter(presets).most_common(1)[0][0]}")
    meant = metric_columns({metric for run in runs for metric in run.series})
    held_out = {metric for metric, column in meant.items() if column.partition("@")[0] in METRICS}
    if "loss" in held_out and meant["loss"] == "loss":
        remarks.append("'loss' is taken for the held-out loss; if it is the training loss, pass columns={'loss': None}")
    measured = any(held_out & set(run.series) for run in runs)
    if not measured and "train_loss" in meant.values():
        remarks.append("no held-out loss is logged; columns={'loss': 'train_loss'} uses the training loss")
    kept = _settings_that_differ(runs)
    labels = _labels(runs)
    others = sorted({metric for run in runs for metric in run.series} - set(meant))
    if len(others) > _MOST_KEPT:
        remarks.append(f"the first {_MOST_KEPT} of {len(others)} other metrics are kept")
    rows: list[dict[str, Any]] = []
    for run, label in zip(runs, labels, strict=True):
        chosen = {**label, **_run_level(run, kept, remarks), **run.columns}
        rows += _rows(run, chosen, meant, held_out, others[:_MOST_KEPT], remarks, training=not measured)
    table = from_rows(rows, source)
    columns = {name: column for name, column in table.columns.items() if not column.missing.all()}
    return RawTable(source, columns, tuple(remarks), stated, read)


def _rows(
    run: LoggedRun, chosen: dict[str, Any], meant: Mapping[str, str], held_out: set[str], others: Sequence[str],
    remarks: list[str], *, training: bool,
) -> list[dict[str, Any]]:  # fmt: skip
    """Return the rows of one run; a run without metrics gets one row, so that it is counted."""
    curves = {meant[metric]: Curve.of(series) for metric, series in run.series.items() if meant.get(metric)}
    at = {step for metric in held_out & set(run.series) for step in run.series[metric]}
    if training and not at:
        at = {step for metric, column in meant.items() if column == "train_loss" for step in run.series.get(metric, ())}
    ends = [max(series) for series in run.series.values() if series]
    rows = []
    for step in sorted(at) or [max(ends)] if ends else [None]:
        row = dict(chosen)
        if step is not None:
            row |= _progress(curves, step, chosen.get("batch_tokens"), remarks)
            row |= {meant[metric]: run.series[metric].get(step) for metric in held_out & set(run.series)}
            row |= {_own_name(metric): run.series.get(metric, {}).get(step) for metric in others}
        rows.append(row)
    return rows


def _progress(curves: Mapping[str, Curve], step: float, batch_tokens: Any, remarks: list[str]) -> dict[str, Any]:
    """Return the progress at the tracker's step: optimizer steps, tokens, learning rate, compute."""
    found: dict[str, Any] = {"steps": step}
    found |= {column: curves[column].last(step) for column in _STANDING if column in curves}
    found |= {column: curves[column].counted(step) for column in _GROWING if column in curves}
    if (gflops := found.pop("gflops", None)) is not None:
        found["flops"] = gflops * _GIGA
    if "tokens" not in curves and isinstance(batch_tokens, int | float) and found["steps"] is not None:
        found["tokens"] = found["steps"] * batch_tokens
        _note(remarks, "tokens = steps x batch_tokens, from the settings")
    return found


def _run_level(run: LoggedRun, kept: Sequence[str], remarks: list[str]) -> dict[str, Any]:
    """Return the columns given by the settings of a run."""
    meant, open_ones = setting_columns(run.config)
    for note in open_ones:
        _note(remarks, note)
    columns = {column: _plain(column, run.config[key]) for key, column in meant.items() if _is_scalar(run.config[key])}
    if "batch_tokens" not in columns and (found := batch_of(run.config, preset_of(run.series))):
        columns["batch_tokens"] = found[0]
        _note(remarks, f"batch_tokens = {found[1]}, from the settings")
    return {**columns, **{f"config.{key}": run.config.get(key) for key in kept}}


def _settings_that_differ(runs: Sequence[LoggedRun]) -> list[str]:
    """Return the settings to keep under their own name: unrecognised, not secret, and varying between runs."""
    values: dict[str, set[str]] = {}
    for run in runs:
        for key, value in run.config.items():
            if _is_scalar(value):
                values.setdefault(key, set()).add(str(value))
    used = {key for run in runs for key in setting_columns(run.config)[0]}
    differ = [key for key, found in values.items() if len(found) > 1 and key not in used and not is_secret(key)]
    return sorted(differ)[:_MOST_KEPT]


def _labels(runs: Sequence[LoggedRun]) -> list[dict[str, Any]]:
    """Return a unique name for each run and, where names repeat, the shared name as ``label``."""
    count = Counter(run.name for run in runs)
    if max(count.values()) == 1:
        return [{"run": run.name, "id": run.id or None} for run in runs]
    return [
        {
            "run": run.name if count[run.name] == 1 else f"{run.name} ({run.id or number})",
            "id": run.id or None,
            "label": run.name,
        }
        for number, run in enumerate(runs, start=1)
    ]


def _own_name(metric: str) -> str:
    """Return a column name for an unknown metric that is not recognised as a quantity."""
    taken = recognise(metric) or re.match(r"(?:val_|eval_|validation_)?(?:loss|bpb|score|acc)", metric, re.IGNORECASE)
    return f"metric.{metric}" if taken else metric


def _is_scalar(value: Any) -> bool:
    return isinstance(value, str | int | float) or value is None


def _plain(column: str, value: Any) -> Any:
    """Return numeric text as a number; text with a suffix stays text."""
    if not isinstance(value, str) or column in _TEXTS:
        return value
    try:
        return float(value)
    except ValueError:
        return value


def _note(remarks: list[str], note: str) -> None:
    if note not in remarks:
        remarks.append(note)
