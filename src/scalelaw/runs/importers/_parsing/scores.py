"""Columns of scores: what one harness measured of each model, kept apart by metric and number of shots."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Measured:
    """One number that a harness measured.

    Attributes:
        task: name of the benchmark.
        kind: metric of the vocabulary: ``score``, ``bpb``, ``logprob``.
        metric: the name of the metric in the harness, such as ``acc_norm``.
        value: the number.
        se: its standard error, or None.
        items: number of items behind it, or None.
        shots: solved examples in the prompt, or None.
        main: the task's main metric.
    """

    task: str
    kind: str
    metric: str
    value: float
    se: float | None = None
    items: float | None = None
    shots: int | None = None
    main: bool = False


def score_columns(models: Sequence[Sequence[Measured]], order: Sequence[str]) -> tuple[list[dict[str, Any]], list[str]]:
    """Return the columns of each model, and notes on what was kept apart.

    A task's main metric is the first of ``order`` that any model has; its target is ``score@task``, that of another
    metric ``score@task:metric``. Where models had different numbers of shots, the name ends in ``:5shot``.

    Args:
        models: what was measured of each model.
        order: metrics, the most usual first; a metric marked as main goes before them.

    Example:
        >>> one = [Measured("piqa", "score", "acc", 0.7, shots=0)]
        >>> two = [Measured("piqa", "score", "acc_norm", 0.8, shots=5)]
        >>> [list(columns) for columns in score_columns([one, two], ("acc", "acc_norm"))[0]]
        [['score@piqa:0shot'], ['score@piqa:5shot:acc_norm']]
    """
    every = [each for measured in models for each in measured]
    main = _main_metrics(every, order)
    shots = {each.task: set[int]() for each in every}
    for each in every:
        if each.shots is not None:
            shots[each.task].add(each.shots)
    several = {task for task, found in shots.items() if len(found) > 1}
    found = [_columns(measured, main, several) for measured in models]
    notes = []
    if several:
        names = sorted(several)
        notes.append(f"several numbers of shots, each a separate target: {', '.join(names[:3])}"
                     + (f" and {len(names) - 3} more" if len(names) > 3 else ""))  # fmt: skip
    return found, notes


def _main_metrics(every: Sequence[Measured], order: Sequence[str]) -> dict[tuple[str, str], str]:
    """Return (task, kind) -> its main metric, the same for all models."""
    found: dict[tuple[str, str], str] = {}
    marked: set[tuple[str, str]] = set()
    for each in every:
        key = (each.task, each.kind)
        better = key not in found or (each.main and key not in marked)
        if not better and key not in marked:
            better = _rank(each.metric, order) < _rank(found[key], order)
        if better:
            found[key] = each.metric
        if each.main:
            marked.add(key)
    return found


def _rank(metric: str, order: Sequence[str]) -> int:
    return order.index(metric) if metric in order else len(order)


def _columns(measured: Sequence[Measured], main: dict[tuple[str, str], str], several: set[str]) -> dict[str, Any]:
    columns: dict[str, Any] = {}
    for each in sorted(measured, key=lambda one: main[one.task, one.kind] != one.metric):
        name = each.task
        if each.task in several and each.shots is not None:
            name += f":{each.shots}shot"
        if each.metric != main[each.task, each.kind]:
            name += f":{each.metric}"
        target = f"{each.kind}@{name}"
        if target in columns:
            continue
        columns[target] = each.value
        if each.kind == "score" or each.se is not None:
            columns[f"{target}_stderr"] = each.se
        if each.kind == "score":
            columns[f"n_items_{name}"] = each.items
    return {name: value for name, value in columns.items() if value is not None}
