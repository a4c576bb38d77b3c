"""Mixtures in a table: one column of shares for each domain, ``mixture.github``; a vector in what a fit sees."""

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
    """Return the table with the columns that ``mixture`` names by a pattern called ``mixture.<domain>``, and the rest.

    Args:
        raw: the raw columns.
        columns: quantity -> column as the user says; ``{"mixture": "train_*"}`` takes every column that matches.

    Raises:
        BadInput: fewer than two columns match, which make no mixture.
    """
    if not columns or columns.get("mixture") is None:
        return raw, columns
    pattern = str(columns["mixture"])
    found = [name for name in raw.columns if fnmatchcase(name, pattern)]
    if len(found) < 2:
        raise BadInput(f"columns= says mixture={pattern!r}, which {len(found)} of the columns match; a pattern such as"
                       " 'train_*' names one column for each domain")  # fmt: skip
    start = pattern.partition("*")[0]
    shares = {(_PREFIX + name.removeprefix(start) if name in found else name): c for name, c in raw.columns.items()}
    return replace(raw, columns=shares), {name: column for name, column in columns.items() if name != "mixture"}


def mixture_columns(names: Mapping[str, AnyArray]) -> tuple[str, ...]:
    """Return the columns that hold shares, in the order of the table."""
    return tuple(name for name, values in names.items() if name.startswith(_PREFIX) and values.dtype == np.float64)


def domains(columns: tuple[str, ...]) -> tuple[str, ...]:
    """Return what the shares are of."""
    return tuple(name.removeprefix(_PREFIX) for name in columns)


def stacked_shares(runs: Mapping[str, AnyArray], columns: tuple[str, ...]) -> Array:
    """Return the shares of every run, (runs, domains)."""
    return frozen(np.column_stack([runs[name] for name in columns]))
