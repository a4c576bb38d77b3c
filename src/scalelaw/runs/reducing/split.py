"""Warn of columns that split a table into kinds of runs, which one law may not describe together.

code          grade  when
RUNS_SPLIT    warn   runs of several architectures, optimizers, context lengths, data sets or the like in one table;
                     ``scalelaw init`` asks
"""

import shlex
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from scalelaw.core.findings import Answer, Finding, Grade
from scalelaw.core.names import words
from scalelaw.core.numbers import format_number
from scalelaw.core.quantities import QUANTITIES
from scalelaw.core.types import AnyArray
from scalelaw.runs.reducing.settings import is_setting

if TYPE_CHECKING:
    from scalelaw.runs.table import RunTable

CODE = "RUNS_SPLIT"
_FEWEST, _MOST_LEVELS, _SHOWN, _NAMED = 3, 6, 4, 3
_KINDS = frozenset(
    {"arch", "architecture", "architectures", "backbone", "optimizer", "optimiser", "optim", "opt", "activation", "act",
     "attention", "attn", "norm", "normalization", "rope", "mixer", "variant", "objective", "positional", "block",
     "ffn"}
)  # fmt: skip
_LENGTHS = frozenset({"ctx", "context", "seq", "seqlen", "ctxlen", "window", "nctx"})
_CHOSEN = ("seq_len", "dataset")
_SAYING = ("experts", "top_k", "bits", "seq_len")
_POOLED = ("family", "dataset", "tokenizer", "recipe")
_OTHERWISE = frozenset({"size", "unit", "units", "schedule", "scheduler", "framework", "library", "gpu", "device",
                        "cluster", "split", "group", "set", "sweep", "phase", "stage"})  # fmt: skip


def check_split(table: "RunTable", run: AnyArray) -> list[Finding]:
    """Warn once of all columns that split these runs, given by number (n,), into kinds."""
    return joined(_splits(table, run))


def joined(parts: Sequence[Finding]) -> list[Finding]:
    """Join the findings of several columns into one that names the first; a single finding is unchanged."""
    if len(parts) < 2:
        return list(parts)
    named = [f"{column_of(each)} ({len(each.answers) - 1} values)" for each in parts]
    more = f" and {len(named) - _NAMED} more" if len(named) > _NAMED else ""
    message = f"the table mixes several kinds of runs, by {len(named)} columns: {', '.join(named[:_NAMED])}{more}"
    fix = parts[0].fix.replace("one kind", f"one kind of {column_of(parts[0])}, and so on for the others", 1)
    return [Finding(CODE, Grade.WARN, message, parts[0].rows, fix, parts[0].answers, tuple(parts))]


def parts_of(finding: Finding) -> tuple[Finding, ...]:
    """Return the findings of the single columns that split the table."""
    return finding.parts or (finding,)


def _splits(table: "RunTable", run: AnyArray) -> list[Finding]:
    return [finding for name in table.runs if (finding := _split(table, name, run)) is not None]


def _split(table: "RunTable", name: str, run: AnyArray) -> Finding | None:
    if name in QUANTITIES and name not in _CHOSEN:
        return None
    values, in_name = table.runs[name][run], set(words(name))
    numeric = values.dtype == np.float64
    if not is_setting(table, name) or (numeric and name not in _CHOSEN and not in_name & _LENGTHS):
        return None
    if in_name & _OTHERWISE and not in_name & _KINDS:
        return None
    levels, count = _levels(values)
    if not 2 <= len(levels) <= _MOST_LEVELS or count.min() < _FEWEST or count.sum() < len(run):
        return None
    if not in_name & (_KINDS | _LENGTHS) and name != "seq_len" and _ordered(table, run, values):
        return None
    if _follows(table, name, run):
        return None
    texts = [format_number(level) if isinstance(level, float) else level for level in levels]
    some = ", ".join(f"{text} {n}" for text, n in zip(texts[:_SHOWN], count, strict=False))
    more = ", ..." if len(levels) > _SHOWN else ""
    message = f"the table mixes runs of {len(levels)} values of {name} ({some}{more} runs)"
    answers = [
        Answer(f"fit {name} {text} alone ({n} runs)", {"where": {name: level}})
        for level, text, n in zip(levels, texts, count, strict=True)
    ]
    together = Answer("fit all of them together", {"where": {name: list(levels)}})
    fix = f"--where {shlex.quote(f'{name}={texts[int(np.argmax(count))]}')} keeps one kind (Python: runs.where)"
    return Finding(CODE, Grade.WARN, message, len(run), fix, (*answers, together))


def column_of(finding: Finding) -> str:
    """Return the column that splits the table, or the first of several."""
    return str(next(iter(finding.answers[0].settings["where"])))


def _levels(values: AnyArray) -> tuple[list[float | str], AnyArray]:
    """Return the levels, the most frequent first, and the number of runs of each."""
    if values.dtype == np.float64:
        there = values[~np.isnan(values)]
    else:
        there = np.array([str(value) for value in values if value is not None and str(value).strip()], dtype=str)
    levels, count = np.unique(there, return_counts=True)
    order = np.argsort(-count, kind="stable")
    return levels[order].tolist(), count[order]


def _follows(table: "RunTable", name: str, run: AnyArray) -> bool:
    """Return whether a quantity that a law can take, such as experts, determines the column."""
    levels = np.unique([str(value) for value in table.runs[name][run]], return_inverse=True)[1]
    for other in _SAYING:
        if other not in table.runs or other == name:
            continue
        codes = np.unique([str(value) for value in table.runs[other][run]], return_inverse=True)[1]
        pairs = np.unique(np.column_stack([codes, levels]), axis=0)
        if len(pairs) == len(np.unique(codes)) and len(np.unique(codes)) < len(run):
            return True
    return False


def kinds(table: "RunTable", run: AnyArray) -> AnyArray:
    """Return the number of the kind of each run, by all columns that split them, (n,)."""
    named = [column_of(each) for each in _splits(table, run)]
    named += [name for name in _POOLED if name in table.runs]
    codes = [np.unique([str(value) for value in table.runs[name][run]], return_inverse=True)[1] for name in named]
    if not codes:
        return np.zeros(len(run), dtype=int)
    return np.asarray(np.unique(np.column_stack(codes), axis=0, return_inverse=True)[1].ravel())


def _ordered(table: "RunTable", run: AnyArray, values: AnyArray) -> bool:
    """Return whether the levels are ranges of size, tokens or compute, as ``small`` and ``large`` are."""
    levels = [str(value) for value in values]
    for name in ("params", "params_active", "params_non_embedding", "tokens", "flops"):
        if name not in table.runs:
            continue
        in_order = [levels[at] for at in np.argsort(table.runs[name][run], kind="stable")]
        changes = sum(one != other for one, other in zip(in_order[1:], in_order[:-1], strict=True))
        if changes < len(set(levels)):
            return True
    return False
