"""Per-item answers of several models: how items belong together, and how far two models answer the same items right."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from scalelaw.core.benchmarks.item_noise import design_effect
from scalelaw.core.errors import BadInput
from scalelaw.core.nouns.brief import Brief
from scalelaw.core.quantities import spelling
from scalelaw.core.types import AnyArray, Array
from scalelaw.runs.reading.io_source import read_source

_NAMES = {
    "item": ("item", "item_id", "doc_id", "doc", "question_id", "question", "native_id", "id"),
    "correct": ("correct", "right", "acc", "exact_match", "score", "accuracy", "is_correct"),
    "model": ("run", "model", "model_name", "name", "checkpoint"),
    "task": ("task", "benchmark", "eval_set", "dataset", "task_name"),
    "cluster": ("cluster", "subject", "group", "passage", "document", "category", "topic"),
}
"""What a column of per-item answers is -> its usual names."""
_ONE = ""
_MOST_MODELS = 200


@dataclass(frozen=True, eq=False)
class ItemAnswers(Brief):
    """The answers of models to the items of one task.

    Attributes:
        right: share right of each model and item, (models, items); NaN where not asked.
        cluster: number of the cluster of each item, (items,), or None.
    """

    right: Array
    cluster: AnyArray | None

    @property
    def items(self) -> int:
        """Number of items."""
        return int(self.right.shape[1])

    def correlation(self) -> float | None:
        """Return the mean correlation over items between two models, or None with one model or equal answers."""
        whole = self.right[:_MOST_MODELS, np.isfinite(self.right[:_MOST_MODELS]).all(axis=0)]
        whole = whole[np.ptp(whole, axis=1) > 0] if whole.shape[1] > 1 else whole[:0]
        if len(whole) < 2:
            return None
        found = np.asarray(np.corrcoef(whole))
        return float(np.mean(found[np.triu_indices(len(whole), 1)]))

    def clusters(self) -> tuple[float, float] | None:
        """Return size and correlation of the clusters, by analysis of variance within each model; None without them.

        Larger clusters count more in the size, sum m^2 / n, as they do in the variance of the mean.
        """
        if self.cluster is None:
            return None
        found = [each for row in self.right if (each := _within(row, self.cluster)) is not None]
        size = np.bincount(self.cluster).astype(float)
        return (float(size @ size / size.sum()), float(np.clip(np.mean(found), 0.0, 1.0))) if found else None

    def design_effect(self) -> float | None:
        """Return the factor by which clusters widen the variance of the score, or None without clusters."""
        found = self.clusters()
        return None if found is None else design_effect(*found)


def read_answers(source: Any) -> dict[str, ItemAnswers]:
    """Return the answers by task, from a long table: one row per model and item.

    Args:
        source: a file, dataframe or dict of columns with ``item`` and ``correct``, and where there are several
            ``model``, ``task`` and ``cluster``, under these or other usual names.

    Raises:
        BadInput: a column is missing, or an answer is not between 0 and 1.
    """
    raw = read_source(source)
    columns = {spelling(name): column.values for name, column in raw.columns.items()}
    have = {kind: next((each for each in names if each in columns), None) for kind, names in _NAMES.items()}
    for kind in ("item", "correct"):
        if have[kind] is None:
            raise BadInput(f"items: no column {kind!r} in {', '.join(raw.columns)}; give one row per model and item")
    right = _numbers(columns[str(have["correct"])])
    task = _texts(columns, have["task"], len(right))
    model, item = _texts(columns, have["model"], len(right)), _texts(columns, have["item"], len(right))
    cluster = _texts(columns, have["cluster"], len(right)) if have["cluster"] else None
    return {
        str(name): _one_task(model[at], item[at], right[at], None if cluster is None else cluster[at])
        for name in np.unique(task)
        for at in [task == name]
    }


def of_target(answers: dict[str, ItemAnswers], target: str) -> ItemAnswers | None:
    """Return the answers of a target: by its eval set, or those of the only task of a table without tasks."""
    if set(answers) == {_ONE}:
        return answers[_ONE]
    names = {spelling(name): name for name in answers}
    found = names.get(spelling(target.partition("@")[2] or target)) or names.get(spelling(target))
    return answers[found] if found is not None else None


def _one_task(model: AnyArray, item: AnyArray, right: Array, cluster: AnyArray | None) -> ItemAnswers:
    models, row = np.unique(model, return_inverse=True)
    items, first, at = np.unique(item, return_index=True, return_inverse=True)
    total, asked = np.zeros((2, len(models), len(items)))
    np.add.at(total, (row.ravel(), at.ravel()), right)
    np.add.at(asked, (row.ravel(), at.ravel()), 1)
    with np.errstate(invalid="ignore", divide="ignore"):
        share = total / asked
    return ItemAnswers(share, None if cluster is None else np.unique(cluster[first], return_inverse=True)[1].ravel())


def _within(right: Array, cluster: AnyArray) -> float | None:
    """Return the correlation of items of one cluster, by analysis of variance; None without several of each."""
    there = np.isfinite(right)
    y, of = right[there], np.unique(cluster[there], return_inverse=True)[1].ravel()
    size = np.bincount(of).astype(float) if len(of) else np.zeros(0)
    groups, n = len(size), float(size.sum())
    if groups < 2 or n <= groups:
        return None
    mean = np.bincount(of, y) / size
    within = float(np.sum((y - mean[of]) ** 2)) / (n - groups)
    between = float(size @ (mean - y.mean()) ** 2) / (groups - 1)
    usual = (n - float(size @ size) / n) / (groups - 1)
    whole = between + (usual - 1) * within
    return (between - within) / whole if whole > 0 else None


def _numbers(cells: AnyArray) -> Array:
    try:
        right = np.array([float(cell) for cell in cells])
    except (TypeError, ValueError):
        wrong = next(cell for cell in cells if not isinstance(cell, bool | int | float | np.number))
        raise BadInput(f"items: the answer {wrong!r} is not a number; write 1 for right and 0 for wrong") from None
    if not np.all((right >= 0) & (right <= 1)):
        wrong = right[~((right >= 0) & (right <= 1))][0]
        raise BadInput(f"items: the answer {wrong:g} is not between 0 and 1; write 1 for right and 0 for wrong")
    return right


def _texts(columns: dict[str, AnyArray], name: str | None, rows: int) -> AnyArray:
    return np.full(rows, _ONE) if name is None else np.array([str(cell) for cell in columns[name]])
