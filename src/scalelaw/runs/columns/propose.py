"""Propose columns where none is recognised as loss, N, D or C, with the option that names them."""

import ast
import math
from collections.abc import Callable, Iterable, Mapping

import numpy as np

from scalelaw.core.findings import Answer
from scalelaw.core.names import words
from scalelaw.core.quantities import TOO_SMALL, recognise
from scalelaw.core.types import Array
from scalelaw.runs.cells import read_numbers
from scalelaw.runs.columns.units import units_of
from scalelaw.runs.raw import RawTable

_SHOWN = 3
_LEAST = 3
_LOSS_WORDS = frozenset({"loss", "losses", "ce", "xent", "nll", "ppl", "bits", "bpb", "bpc", "val", "valid",
                         "validation", "eval", "test", "heldout", "entropy", "objective",
                         "metric", "lossu"})  # fmt: skip
_N_WORDS = frozenset({"param", "params", "parameter", "parameters", "size", "model", "n", "nonemb", "width", "weights"})
_D_WORDS = frozenset({"token", "tokens", "tok", "toks", "data", "d", "dataset", "examples", "characters", "samples",
                      "seen"})  # fmt: skip
_SETTINGS = frozenset({"lr", "rate", "wd", "decay", "dropout", "batch", "bs", "warmup", "seed", "epoch", "epochs",
                       "layers", "heads", "time", "seconds", "hours", "mfu", "std", "se", "stderr", "index", "id",
                       "step", "steps", "fn", "grad", "norm", "beta", "per"})  # fmt: skip


def propose(table: RawTable, used: set[str], wanted: str) -> list[str]:
    """Return the unused columns that may hold the wanted quantity, the likeliest first.

    Args:
        table: the raw columns.
        used: columns that already hold something.
        wanted: ``loss``, ``params`` or ``tokens``.
    """
    free = {
        name: values for name, cells in table.columns.items() if name not in used and cells.scalar
        if (values := _positive(read_numbers(cells).values)) is not None
    }  # fmt: skip
    sizes = [
        read_numbers(table.columns[name]).values for name in used if recognise(name) in ("params", "tokens", "flops")
    ]
    scored = {name: _SCORES[wanted](set(words(name)), values, sizes) for name, values in free.items()}
    found = [name for name in sorted(scored, key=lambda name: -scored[name]) if scored[name] >= _LEAST]
    return found[:_SHOWN]


def advice(likely: Mapping[str, list[str]]) -> tuple[str, tuple[Answer, ...]]:
    """Return the option that names the likeliest column of each wanted quantity, and the answers to offer.

    Args:
        likely: quantity -> columns, as ``propose`` returns them; a quantity without any is shown as dots.
    """
    wanted = {name: columns for name, columns in likely.items() if columns} or likely
    first = {name: (columns[0] if columns else "...") for name, columns in wanted.items()}
    python = ", ".join(f'"{name}": "{column}"' for name, column in first.items())
    cli = " ".join(f"--column {quoted(f'{name}={column}')}" for name, column in first.items())
    text = f"name them with columns={{{python}}} (CLI: {cli})"
    others = [column for columns in likely.values() for column in columns[1:]]
    if others:
        text += f"; less likely: {', '.join(map(repr, others))}"
    if "loss" in likely:
        text += f"; a loss may be in {units_of('loss')} (CLI: --unit loss=...), bits per byte are bpb"
    if wanted is likely and not all(likely.values()):
        return text, ()
    name, columns = next(iter(wanted.items()))
    rest = {other: column for other, column in first.items() if other != name}
    return text, tuple(Answer(f"{name} is {column!r}", {"columns": {**rest, name: column}}) for column in columns)


def unnamed_note(quantity: str, column: str) -> str:
    """Return the note that no column is recognised as a quantity, but that this column may hold it."""
    option = f"pass columns={{{quantity!r}: {column!r}}} (CLI: --column {quoted(f'{quantity}={column}')})"
    return f"no column is {quantity}; if {column!r} is, {option}"


def unnamed_in(notes: Iterable[str], quantity: str) -> str | None:
    """Return the column that an ``unnamed_note`` among these notes proposes for a quantity, or None."""
    opened = f"no column is {quantity}; if "
    named = next((note.removeprefix(opened) for note in notes if note.startswith(opened)), None)
    return None if named is None else str(ast.literal_eval(named.split(" is, pass columns=")[0]))


def quoted(text: str) -> str:
    """Return an option's value, quoted for a shell where needed."""
    return f"'{text}'" if any(letter in text for letter in " ()[]$&;*?<>|\\") else text


def _positive(values: Array) -> Array | None:
    """Return a column whose finite values are all positive, else None."""
    finite = values[np.isfinite(values)]
    return values if len(finite) and np.all(finite > 0) else None


def _as_loss(found_words: set[str], values: Array, sizes: list[Array]) -> int:
    finite = values[np.isfinite(values)]
    broken = bool(np.any(finite != np.round(finite)))
    falls = any(_rank_correlation(values, size) < -0.5 for size in sizes)
    plausible = 0.1 < float(np.median(finite)) < 15 and float(finite.max()) < 1e3
    return 3 * bool(found_words & _LOSS_WORDS) + 2 * falls + broken * plausible - 4 * bool(found_words & _SETTINGS)


def _as_size(
    mine: frozenset[str], other: frozenset[str], least: float
) -> Callable[[set[str], Array, list[Array]], int]:
    def score(found_words: set[str], values: Array, sizes: list[Array]) -> int:
        finite = values[np.isfinite(values)]
        large = float(np.median(finite)) >= least
        return (
            3 * bool(found_words & mine)
            + 2 * large
            - 3 * bool(found_words & other)
            - 4 * bool(found_words & (_SETTINGS | _LOSS_WORDS))
            - 3 * (float(finite.max()) < 1)
        )

    return score


_SCORES: Mapping[str, Callable[[set[str], Array, list[Array]], int]] = {
    "loss": _as_loss,
    "params": _as_size(_N_WORDS, _D_WORDS, TOO_SMALL["params"]),
    "tokens": _as_size(_D_WORDS, frozenset(), TOO_SMALL["tokens"]),
}


def _rank_correlation(a: Array, b: Array) -> float:
    """Return Spearman's correlation; zero for fewer than four pairs or a constant column."""
    there = np.isfinite(a) & np.isfinite(b)
    if there.sum() < 4 or np.ptp(a[there]) == 0 or np.ptp(b[there]) == 0:
        return 0.0
    ranks = [np.argsort(np.argsort(values[there], kind="stable")).astype(float) for values in (a, b)]
    found = float(np.corrcoef(ranks[0], ranks[1])[0, 1])
    return found if math.isfinite(found) else 0.0
