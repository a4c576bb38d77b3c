"""Import results of the LM Evaluation Harness: ``results_*.json``, one file per model and time."""

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scalelaw.core.errors import BadTable
from scalelaw.core.reading import glance, one_line
from scalelaw.runs.importers._parsing.files import is_folder, number, read_json, shown, utc, walk
from scalelaw.runs.importers._parsing.scores import Measured, score_columns
from scalelaw.runs.raw import RawTable, from_rows

_FRACTIONS = ("acc", "exact_match", "acc_norm", "em", "f1", "mc2", "mc1", "pass@1", "pass_at_1")
_KEYS = frozenset({"results"})
_SIBLINGS = frozenset({"configs", "versions", "n-shot", "n-samples", "config"})


@dataclass(frozen=True)
class LmEval:
    """Reads one results file, or all below a folder, also in folders called ``.__x``."""

    name = "lm_eval"
    reads = "results of the LM Evaluation Harness, results_*.json"

    def recognises(self, source: str) -> bool:
        """Return whether it is a results file or a folder with one."""
        if is_folder(source):
            return any(_begins_so(path) for path in walk(Path(source), _is_results, glance=True))
        return _is_results(Path(source).name) and "://" not in source and _begins_so(Path(source))

    def read(self, source: str) -> RawTable:
        """Return one row per file: the scores of a model, with standard errors and item counts.

        A metric, or a number of shots, that differs between files is a separate target.
        """
        path = Path(source)
        files = [file for file in walk(path, _is_results) if _begins_so(file)] if path.is_dir() else [path]
        if not files:
            raise BadTable(f"{path.name} holds no results of the LM Evaluation Harness")
        rows, measured = [], []
        for file in files:
            with one_line(shown(file)):
                row, scores = _read_file(file)
            rows.append(row)
            measured.append(scores)
        _tell_apart(rows)
        columns, notes = score_columns(measured, _FRACTIONS)
        found = from_rows([row | scores for row, scores in zip(rows, columns, strict=True)], path.name)
        present = {name: column for name, column in found.columns.items() if not column.missing.all()}
        read = f"read: {len(files)} results of the LM Evaluation Harness"
        return RawTable(path.name, present, (read, *notes), frozenset({"params"}))


IMPORTER = LmEval()


def _is_results(name: str) -> bool:
    return re.fullmatch(r"results(?:_.*)?\.json", name) is not None


def _begins_so(path: Path) -> bool:
    """Return whether a file begins like one of the harness; other tables are called results too."""
    return re.match(rb'\s*\{\s*"results"\s*:\s*\{', glance(path, 200)) is not None


def _read_file(path: Path) -> tuple[dict[str, Any], list[Measured]]:
    content = read_json(path)
    if not content.keys() >= _KEYS or not content.keys() & _SIBLINGS or not isinstance(content["results"], dict):
        raise BadTable(f"{path.name} holds no results of the LM Evaluation Harness (no 'results' beside 'configs')")
    config = content.get("config") if isinstance(content.get("config"), dict) else {}
    row: dict[str, Any] = {"run": _model(content, config or {}, path), "created_at": utc(number(content.get("date")))}
    params = number((config or {}).get("model_num_parameters"))
    row["params"] = params if params and params > 0 else None
    version = content.get("lm_eval_version")
    row["harness"] = f"lm-eval {version}" if version else "lm-eval"
    row["harness_commit"] = str(content["git_hash"]) if content.get("git_hash") else None
    scores: list[Measured] = []
    for task, measured in content["results"].items():
        if isinstance(measured, dict):
            scores += _scores(content, str(task), measured)
    return row, scores


def _model(content: Mapping[str, Any], config: Mapping[str, Any], path: Path) -> str:
    """Return the model's name: from the settings of the harness, else the folder of the file."""
    told = re.search(r"(?:^|,)\s*(?:pretrained|model|path)=([^,]+)", str(config.get("model_args", "")))
    told_args = config.get("model_args")
    if isinstance(told_args, dict):
        return str(told_args.get("pretrained") or told_args.get("model") or path.parent.name)
    name = content.get("model_name") or (told[1] if told else None)
    return str(name or re.sub(r"^\.?__", "", path.parent.name) or path.stem)


def _scores(content: Mapping[str, Any], task: str, measured: Mapping[str, Any]) -> list[Measured]:
    """Return the fractions and the bits per byte of one task, by the first filter of each metric."""
    found: dict[str, Measured] = {}
    items, shots = _items(content, task), _of_task(content, "n-shot", task)
    for key, value in measured.items():
        metric, _, under = key.partition(",")
        known = number(value)
        if known is None or metric.endswith("_stderr") or metric in found:
            continue
        stderr = number(measured.get(f"{metric}_stderr,{under}" if under else f"{metric}_stderr"))
        if metric in _FRACTIONS:
            found[metric] = Measured(task, "score", metric, known, stderr, items, shots)
        elif metric == "bits_per_byte":
            found[metric] = Measured(task, "bpb", metric, known, stderr, None, None)
    return list(found.values())


def _of_task(content: Mapping[str, Any], key: str, task: str) -> int | None:
    """Return a whole number that a file states for a task; for a group, that of its parts where they agree."""
    stated = content.get(key)
    if not isinstance(stated, dict):
        return None
    if (found := number(stated.get(task))) is not None:
        return int(found)
    groups = content.get("group_subtasks")
    parts = groups.get(task) if isinstance(groups, dict) else None
    others = [str(part) for part in parts if part != task] if isinstance(parts, list) else []
    of_parts = {_of_task(content, key, part) for part in others}
    return of_parts.pop() if len(of_parts) == 1 else None


def _items(content: Mapping[str, Any], task: str) -> float | None:
    """Return the number of items of a score; for a group, the sum over its tasks."""
    counts = content.get("n-samples")
    groups = content.get("group_subtasks")
    if not isinstance(counts, dict):
        return None
    entry = counts.get(task)
    if isinstance(entry, dict):
        return number(entry.get("effective"))
    parts = groups.get(task) if isinstance(groups, dict) else None
    found = [_items(content, str(part)) for part in parts if part != task] if isinstance(parts, list) else []
    return sum(count for count in found if count is not None) if found and None not in found else None


def _tell_apart(rows: list[dict[str, Any]]) -> None:
    """Number the results of one model in order of time and keep the shared name as ``label``."""
    names = [row["run"] for row in rows]
    if len(set(names)) == len(names):
        return
    for row in rows:
        row["label"] = row["run"]
    for name in (name for name, count in Counter(names).items() if count > 1):
        same = sorted((row for row in rows if row["run"] == name), key=lambda row: row["created_at"] or "")
        for count, row in enumerate(same[:-1], start=1):
            row["run"] = f"{name} (results {count} of {len(same)})"
