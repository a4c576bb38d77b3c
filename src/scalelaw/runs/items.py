"""Scores by item: the answers of each model to each question, right or wrong, and the likelihood of the right answer.

``load_items`` reads the samples of the LM Evaluation Harness (``samples_*.jsonl``) and tables of 0 and 1 with a row per
item and a column per run. ``ItemScores`` keeps the matrix for evaluation noise, and ``to_columns`` gives the scores.
"""

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from os import PathLike, fspath
from pathlib import Path
from typing import Any

import numpy as np

from scalelaw.core.errors import BadTable
from scalelaw.core.nouns.brief import Brief
from scalelaw.core.nouns.tabular import Columns, Tabular
from scalelaw.core.types import AnyArray, Array, frozen
from scalelaw.runs.cells import read_numbers
from scalelaw.runs.importers._parsing.files import number, read_text, shown, walk

_SAMPLES = re.compile(r"samples_(?P<task>.+?)(?:_\d{4}-\d\d-\d\dT[\d.:-]+)?\.jsonl")
_CORRECT = ("acc", "exact_match", "em", "pass@1", "pass_at_1", "acc_norm")
_NAMES = ("item", "item_id", "doc_id", "id", "question", "question_id")


@dataclass(frozen=True, eq=False)
class ItemScores(Brief, Tabular):
    """What each run scored on each item of one task.

    Attributes:
        task: name of the benchmark.
        runs: names of the runs, (r,).
        items: names of the items, (n,).
        correct: 1 for a right answer, 0 for a wrong one, NaN where a run lacks the item, (n, r).
        logprob: log-probability of the right answer, nats, NaN where unknown, (n, r).
        p_choices: its share of the probability of all choices, NaN where unknown, (n, r).
    """

    task: str
    runs: tuple[str, ...]
    items: tuple[str, ...]
    correct: Array
    logprob: Array
    p_choices: Array

    def to_columns(self) -> Columns:
        """Return one row per run: score, its standard error, items, mean log-probability and mean share of choices."""
        there = np.isfinite(self.correct)
        n = there.sum(axis=0).astype(float)
        with np.errstate(invalid="ignore", divide="ignore"):
            score = np.where(there, self.correct, 0).sum(axis=0) / n
            se = np.sqrt(score * (1 - score) / n)
        found: dict[str, AnyArray] = {
            "run": np.array(self.runs, dtype=object), f"score@{self.task}": score, f"score@{self.task}_stderr": se,
            f"n_items_{self.task}": n,
        }  # fmt: skip
        for name, values in (("logprob", self.logprob), ("p_choices", self.p_choices)):
            if np.isfinite(values).any():
                found[f"{name}@{self.task}"] = _means(values)
        return found


def load_items(source: str | PathLike[str] | Mapping[str, Any], task: str = "") -> dict[str, ItemScores]:
    """Return task -> the scores of each run on each of its items.

    Args:
        source: a ``samples_*.jsonl`` of the LM Evaluation Harness, a folder with some (one subfolder per model), a
            table file, or columns: a row per item, a column of 0 and 1 per run.
        task: name of the benchmark of a table; the name of the file by default.

    Raises:
        BadInput: the source cannot be read.
        BadTable: it holds no scores of items.

    Example:
        >>> found = load_items({"item": ["q1", "q2", "q3"], "small": [0, 1, 0], "large": [1, 1, 0]}, "quiz")
        >>> found["quiz"].correct.mean(axis=0).round(2).tolist(), found["quiz"].runs
        ([0.33, 0.67], ('small', 'large'))
    """
    if isinstance(source, Mapping):
        return {task or "items": _of_columns(dict(source), task or "items", "columns")}
    path = Path(fspath(source)).expanduser()
    files = sorted(walk(path, lambda name: _SAMPLES.fullmatch(name) is not None)) if path.is_dir() else []
    if path.is_dir() and not files:
        raise BadTable(f"{path.name} holds no samples_*.jsonl; write them with lm_eval --log_samples")
    if path.is_dir() or _SAMPLES.fullmatch(path.name):
        return _of_samples(files or [path])
    from scalelaw.runs.reading.io_source import read_source

    raw = read_source(str(path), None)
    cells = {name: [None if gone else value for value, gone in zip(column.values, column.missing, strict=True)]
             for name, column in raw.columns.items()}  # fmt: skip
    return {task or path.stem: _of_columns(cells, task or path.stem, path.name)}


@dataclass
class _Read:
    """Answers of one task so far: item -> run -> (right, log-probability, share of choices)."""

    answers: dict[str, dict[str, tuple[float, float, float]]] = field(default_factory=dict)
    runs: dict[str, None] = field(default_factory=dict)


def _of_samples(files: list[Path]) -> dict[str, ItemScores]:
    found: dict[str, _Read] = {}
    for file in files:
        match = _SAMPLES.fullmatch(file.name)
        read = found.setdefault(match["task"] if match else file.stem, _Read())
        run = re.sub(r"^\.?__", "", file.parent.name)
        read.runs[run] = None
        for count, line in enumerate(read_text(file).splitlines(), start=1):
            if line.strip():
                item, answer = _answer(line, f"{shown(file)}, line {count}")
                read.answers.setdefault(item, {})[run] = answer
    return {task: _matrix(task, read) for task, read in found.items()}


def _answer(line: str, where: str) -> tuple[str, tuple[float, float, float]]:
    """Return the item of one line, and its answer: right or wrong, log-probability, share of the choices."""
    try:
        record = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise BadTable(f"{where}, is not valid JSON ({error}); is it cut off?") from error
    if not isinstance(record, dict) or "doc_id" not in record:
        raise BadTable(f"{where}, has no doc_id, so it does not come from the LM Evaluation Harness")
    right = next((known for name in _CORRECT if (known := number(record.get(name))) is not None), math.nan)
    choices = _likelihoods(record.get("filtered_resps"))
    target = record.get("target")
    at = int(target) if isinstance(target, int) or (isinstance(target, str) and target.isdigit()) else -1
    if len(choices) < 2 or not 0 <= at < len(choices):
        single = choices[0] if len(choices) == 1 else math.nan
        return str(record["doc_id"]), (right, single, math.nan)
    share = 1 / sum(math.exp(min(each - choices[at], 700.0)) for each in choices)
    return str(record["doc_id"]), (right, choices[at], share)


def _likelihoods(responses: Any) -> list[float]:
    """Return the log-probability of each choice: a response is ``[log-probability, greedy]`` or a number."""
    if not isinstance(responses, list):
        return []
    firsts = [each[0] if isinstance(each, list) and each else each for each in responses]
    numbers = [_value(each) for each in firsts]
    return [each for each in numbers if each is not None] if None not in numbers else []


def _value(response: Any) -> float | None:
    """Return a number, also one written as text, as newer versions of the harness do; None for other text."""
    if not isinstance(response, str):
        return number(response)
    try:
        return float(response)
    except ValueError:
        return None


def _matrix(task: str, read: _Read) -> ItemScores:
    items, runs = tuple(read.answers), tuple(read.runs)
    values = np.full((3, len(items), len(runs)), np.nan)
    for row, item in enumerate(items):
        for column, run in enumerate(runs):
            values[:, row, column] = read.answers[item].get(run, (np.nan, np.nan, np.nan))
    return ItemScores(task, runs, items, *(frozen(each) for each in values))


def _of_columns(columns: dict[str, Any], task: str, source: str) -> ItemScores:
    """Return a table of 0 and 1: the columns that hold nothing else are the runs."""
    from scalelaw.runs.raw import column

    named = next((name for name in _NAMES if name in columns), None)
    scored: dict[str, Array] = {}
    for name, cells in columns.items():
        numbers = read_numbers(column(_flags(cells)))
        known = numbers.values[numbers.present]
        if name != named and len(known) and np.isin(known, (0.0, 1.0)).all() and not numbers.unreadable.any():
            scored[str(name)] = np.where(numbers.present, numbers.values, np.nan)
    if not scored:
        raise BadTable(f"{source}: no column holds only 0 and 1; give a row per item and a column per run")
    correct = np.column_stack(list(scored.values()))
    items = [_name(each) for each in columns[named]] if named else [str(row) for row in range(1, len(correct) + 1)]
    unknown = frozen(np.full(correct.shape, np.nan))
    return ItemScores(task, tuple(scored), tuple(items), frozen(correct), unknown, unknown)


def _name(cell: Any) -> str:
    return str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell)


def _flags(cells: Any) -> list[Any]:
    return [float(cell) if isinstance(cell, bool | np.bool_) else cell for cell in cells]


def _means(values: Array) -> Array:
    there = np.isfinite(values)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.where(there, values, 0).sum(axis=0) / there.sum(axis=0))
