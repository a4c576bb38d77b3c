"""Data mixtures: one column of shares per domain (``mixture.github``), joined to one vector for a fit."""

from collections.abc import Mapping
from dataclasses import replace
from fnmatch import fnmatchcase

import numpy as np

from scalelaw.core.errors import BadInput
from scalelaw.core.types import AnyArray, Array, frozen
from scalelaw.runs.raw import RawTable

_PREFIX = "mixture."


def named_shares(
    raw: RawTable, columns: Mapping[str, str | None] | None
) -> tuple[RawTable, Mapping[str, str | None] | None]:
    """Rename columns that match the pattern of ``mixture`` to ``mixture.<domain>``; return table and other ``columns``.

    Args:
        raw: the raw columns.
        columns: quantity -> column as the user named them; ``{"mixture": "train_*"}`` takes every column that matches.

    Raises:
        BadInput: fewer than two columns match; a mixture needs two domains.
    """
    if not columns or columns.get("mixture") is None:
        return raw, columns
    pattern = str(columns["mixture"])
    found = [name for name in raw.columns if fnmatchcase(name, pattern)]
    if len(found) < 2:
        raise BadInput(f"columns= has mixture={pattern!r}, which matches {len(found)} of the columns; a pattern such as"
                       " 'train_*' names one column for each domain")  # fmt: skip
    start = pattern.partition("*")[0]
    shares = {(_PREFIX + name.removeprefix(start) if name in found else name): c for name, c in raw.columns.items()}
    return replace(raw, columns=shares), {name: column for name, column in columns.items() if name != "mixture"}


def mixture_columns(names: Mapping[str, AnyArray]) -> tuple[str, ...]:
    """Return the columns that hold shares, in the order of the table."""
    return tuple(name for name, values in names.items() if name.startswith(_PREFIX) and values.dtype == np.float64)


def domains(columns: tuple[str, ...]) -> tuple[str, ...]:
    """Return the names of the domains, one per column of shares."""
    return tuple(name.removeprefix(_PREFIX) for name in columns)


def stacked_shares(runs: Mapping[str, AnyArray], columns: tuple[str, ...]) -> Array:
    """Return the shares of every run, shape (runs, domains)."""
    return frozen(np.column_stack([runs[name] for name in columns]))
