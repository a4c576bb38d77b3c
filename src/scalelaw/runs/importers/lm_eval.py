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
        """Return one row per file: the scores of a model, with standard errors and item counts."""
        path = Path(source)
        files = [file for file in walk(path, _is_results) if _begins_so(file)] if path.is_dir() else [path]
        if not files:
            raise BadTable(f"{path.name} holds no results of the LM Evaluation Harness")
        rows = []
        for file in files:
            with one_line(shown(file)):
                rows.append(_read_file(file))
        _tell_apart(rows)
        found = from_rows(rows, path.name)
        columns = {name: column for name, column in found.columns.items() if not column.missing.all()}
        said = f"read: {len(files)} results of the LM Evaluation Harness"
        return RawTable(path.name, columns, (said,), frozenset({"params"}))


IMPORTER = LmEval()


def _is_results(name: str) -> bool:
    return re.fullmatch(r"results(?:_.*)?\.json", name) is not None


def _begins_so(path: Path) -> bool:
    """Return whether a file begins like one of the harness; other tables are called results too."""
    return re.match(rb'\s*\{\s*"results"\s*:\s*\{', glance(path, 200)) is not None


def _read_file(path: Path) -> dict[str, Any]:
    content = read_json(path)
    if not content.keys() >= _KEYS or not content.keys() & _SIBLINGS or not isinstance(content["results"], dict):
        raise BadTable(f"{path.name} holds no results of the LM Evaluation Harness (no 'results' beside 'configs')")
    config = content.get("config") if isinstance(content.get("config"), dict) else {}
    row: dict[str, Any] = {"run": _model(content, config or {}, path), "created_at": utc(number(content.get("date")))}
    params = number((config or {}).get("model_num_parameters"))
    row["params"] = params if params and params > 0 else None
    for task, measured in content["results"].items():
        if isinstance(measured, dict):
            row |= _scores(str(task), measured, _items(content, str(task)))
    return row


def _model(content: Mapping[str, Any], config: Mapping[str, Any], path: Path) -> str:
    """Return the model's name: from the settings of the harness, else the folder of the file."""
    told = re.search(r"(?:^|,)\s*(?:pretrained|model|path)=([^,]+)", str(config.get("model_args", "")))
    told_args = config.get("model_args")
    if isinstance(told_args, dict):
        return str(told_args.get("pretrained") or told_args.get("model") or path.parent.name)
    name = content.get("model_name") or (told[1] if told else None)
    return str(name or re.sub(r"^\.?__", "", path.parent.name) or path.stem)


def _scores(task: str, measured: Mapping[str, Any], items: float | None) -> dict[str, Any]:
    """Return the columns of one task: the first fraction is its score; others keep their metric's name."""
    by_metric: dict[str, tuple[str, float]] = {}
    for key, value in measured.items():
        metric, _, under = key.partition(",")
        found = number(value)
        if found is not None and not metric.endswith("_stderr") and metric not in by_metric:
            by_metric[metric] = (f"{metric}_stderr,{under}" if under else f"{metric}_stderr", found)
    columns: dict[str, Any] = {}
    fractions = [metric for metric in _FRACTIONS if metric in by_metric]
    for metric in fractions:
        name = task if metric == fractions[0] else f"{task}:{metric}"
        stderr, columns[f"score@{name}"] = by_metric[metric]
        columns[f"score@{name}_stderr"] = number(measured.get(stderr))
        columns[f"n_items_{name}"] = items
    if "bits_per_byte" in by_metric:
        columns[f"bpb@{task}"] = by_metric["bits_per_byte"][1]
    return columns


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
