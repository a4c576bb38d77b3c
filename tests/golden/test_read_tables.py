"""Every file and folder of runs in tests/data, as it is read: columns, counts, sums, findings, and what is reduced.

After a change that is meant, write the file again with ``python tests/golden/test_read_tables.py`` and read the
difference.
"""

import json
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import scalelaw as sl
from scalelaw.core.errors import ScalelawError
from scalelaw.runs.review import review_runs

DATA = Path(__file__).parents[1] / "data"
FILE = Path(__file__).parent / "files" / "tables.json"
RECORDED: dict[str, dict[str, Any]] = json.loads(FILE.read_text(encoding="utf-8")) if FILE.exists() else {}
FOLDERS = (
    "messy", "importers", "importers/printed", "importers/wandb_offline", "importers/mlflow_sqlite",
    "importers/trackio", "trials/checkpoints", "trials/S1_flops_not_6ND", "trials/X5_nested_budget",
)  # fmt: skip
SOURCES = {
    f"{folder}/{each.name}": each
    for folder in FOLDERS
    for each in sorted((DATA / folder).iterdir())
    if each.suffix not in (".md", ".py") and f"{folder}/{each.name}" not in FOLDERS
}


def summed(values: Any) -> Any:
    """A column in brief: how many numbers and their sum in three weights, or how many distinct texts."""
    try:
        each = np.asarray(values, float)
    except (TypeError, ValueError):
        return {"texts": len(set(map(str, values))), "rows": len(values)}
    known = each[np.isfinite(each)]
    weights = np.cos(np.arange(len(each)))[np.isfinite(each)]
    return {"numbers": len(known), "sum": float(known.sum()), "in place": float(known @ weights)}


def reduced(make: Callable[[], Any]) -> Any:
    """Rows, clusters and sums of a reduction, or the kind of its refusal."""
    try:
        rows = make()
    except ScalelawError as error:
        return type(error).__name__
    columns = {name: summed(rows.columns[name]) for name in sorted(rows.columns)}
    aside = sum(each.rows if hasattr(each, "rows") else 0 for each in getattr(rows, "set_aside", ()))
    return {"y": summed(rows.y), "clusters": len(np.unique(rows.cluster)), "columns": columns, "aside": aside}


def written(source: Path) -> dict[str, Any]:
    """What is read from a source, in plain values."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            table = sl.load_runs(str(source))
        except ScalelawError as error:
            return {"refused": type(error).__name__}
        found = (*table.findings, *review_runs(table).findings)
        return {
            "read": table.read, "runs": len(table.names), "targets": sorted(table.targets),
            "columns": {name: summed(table.runs[name]) for name in sorted(table.runs)},
            "evals": {name: summed(table.evals[name]) for name in sorted(table.evals)},
            "findings": sorted({each.code: each.rows for each in found}.items()),
            "endpoints": reduced(table.endpoints), "curves": reduced(table.curves), "best": reduced(table.best),
        }  # fmt: skip


def same(found: Any, recorded: Any) -> bool:
    if isinstance(recorded, float):
        return bool(found == pytest.approx(recorded, rel=1e-6, abs=1e-6))
    return bool(found == recorded)


def differences(found: Any, recorded: Any, path: str = "") -> list[str]:
    """Paths at which plain values differ from those recorded; a new column is no difference."""
    if isinstance(recorded, dict) and isinstance(found, dict):
        return [line for name in recorded for line in differences(found.get(name), recorded[name], f"{path}.{name}")]
    return [] if same(found, recorded) else [f"{path}: {found}, before {recorded}"]


@pytest.mark.parametrize("name", sorted(RECORDED))
def test_a_source_is_read_as_before(name: str) -> None:
    found = json.loads(json.dumps(written(SOURCES[name])))
    assert not differences(found, RECORDED[name])


def test_most_sources_are_read() -> None:
    assert sum("refused" not in each for each in RECORDED.values()) >= 20


if __name__ == "__main__":
    lines = (f"{json.dumps(name)}: {json.dumps(written(each))}" for name, each in SOURCES.items())
    FILE.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
