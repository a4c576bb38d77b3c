"""Import results of OLMES: ``metrics-all.jsonl`` and ``task-*-metrics.json``, one folder per model."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scalelaw.core.errors import BadTable
from scalelaw.core.reading import glance, one_line
from scalelaw.runs.importers._parsing.files import is_folder, number, read_json, read_text, shown, walk
from scalelaw.runs.importers._parsing.scores import Measured, score_columns
from scalelaw.runs.raw import RawTable, from_rows

_ALL = "metrics-all.jsonl"
_FRACTIONS = (
    "acc_raw",
    "acc_per_char",
    "acc_per_token",
    "acc_per_byte",
    "acc_uncond",
    "exact_match",
    "f1",
    "pass_at_1",
)
_BITS = ("bits_per_byte_corr", "logits_per_byte_corr", "bits_per_byte")
_NATS = ("sum_logits_corr", "logits_per_token_corr", "logits_per_char_corr")
_GROUPS = ("macro", "micro")


@dataclass(frozen=True)
class Olmes:
    """Reads one file of metrics, or all below a folder."""

    name = "olmes"
    reads = "results of OLMES, metrics-all.jsonl or task-*-metrics.json"

    def recognises(self, source: str) -> bool:
        """Return whether it is a file of metrics or a folder with one."""
        if is_folder(source):
            return any(_begins_so(path) for path in walk(Path(source), _is_metrics, glance=True))
        return _is_metrics(Path(source).name) and "://" not in source and _begins_so(Path(source))

    def read(self, source: str) -> RawTable:
        """Return one row per model: its scores with item counts, bits per byte and log-probabilities of answers."""
        path = Path(source)
        files = [file for file in walk(path, _is_metrics) if _begins_so(file)] if path.is_dir() else [path]
        found: dict[str, list[Measured]] = {}
        for file in _without_parts(files):
            with one_line(shown(file)):
                for record in _records(file):
                    found.setdefault(_model(record, file), []).extend(_measured(record))
        if not found:
            raise BadTable(f"{path.name} holds no metrics of OLMES")
        columns, notes = score_columns(list(found.values()), _FRACTIONS)
        rows = [{"run": run, "harness": "olmes"} | scores for run, scores in zip(found, columns, strict=True)]
        read = f"read: the metrics of {len(found)} models, by OLMES"
        return RawTable(path.name, from_rows(rows, path.name).columns, (read, *notes), frozenset({"params"}))


IMPORTER = Olmes()


def _is_metrics(name: str) -> bool:
    return name == _ALL or re.fullmatch(r"task-.*-metrics\.json", name) is not None


def _begins_so(path: Path) -> bool:
    """Return whether a file begins with a record of one task."""
    return b'"task_name"' in glance(path, 2000)


def _without_parts(files: list[Path]) -> list[Path]:
    """Return the files without those of single tasks in a folder that has all in one."""
    whole = {file.parent for file in files if file.name == _ALL}
    return [file for file in files if file.name == _ALL or file.parent not in whole]


def _records(path: Path) -> Iterator[Mapping[str, Any]]:
    if path.name != _ALL:
        yield read_json(path)
        return
    for count, line in enumerate(read_text(path).splitlines(), start=1):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise BadTable(f"{shown(path)}, line {count}, is not valid JSON ({error})") from error
        if isinstance(record, dict):
            yield record


def _model(record: Mapping[str, Any], path: Path) -> str:
    """Return the model's name and revision from its settings, else the name of the folder."""
    config = record.get("model_config")
    config = config if isinstance(config, dict) else {}
    name = config.get("model_path") or config.get("model") or path.parent.name
    revision = config.get("revision")
    return f"{name} ({revision})" if revision and str(revision) != "main" else str(name)


def _measured(record: Mapping[str, Any]) -> list[Measured]:
    config = record.get("task_config") if isinstance(record.get("task_config"), dict) else {}
    metrics = record.get("metrics")
    if not isinstance(metrics, dict) or not isinstance(config, dict):
        return []
    metadata = config.get("metadata") if isinstance(config.get("metadata"), dict) else {}
    task = str((metadata or {}).get("alias") or record.get("task_name") or "")
    items, shots = number(record.get("num_instances")), number(config.get("num_shots"))
    primary = str(config.get("primary_metric") or "")
    fewshot = None if shots is None else int(shots)
    values = {name: known for name, value in metrics.items() if (known := number(value)) is not None}
    found = [
        Measured(
            task, "score", name, values[name], number(metrics.get(f"{name}_stderr")), items, fewshot, name == primary
        )
        for name in (*_FRACTIONS, *(_GROUPS if primary in _GROUPS else ()))
        if name in values and 0 <= values[name] <= 1
    ]
    if not any(each.main for each in found) and 0 <= values.get("primary_score", -1.0) <= 1:
        found.append(Measured(task, "score", primary or "primary", values["primary_score"], None, items, fewshot, True))
    found += [Measured(task, "bpb", "bpb", values[name], shots=fewshot) for name in _BITS if name in values][:1]
    found += [Measured(task, "logprob", name, values[name], shots=fewshot) for name in _NATS if name in values][:1]
    return found
