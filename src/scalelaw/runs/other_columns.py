"""Unrecognised columns, which formulas may use, and the names of all columns in formulas."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from scalelaw.core.components import kind_of
from scalelaw.core.errors import BadTable
from scalelaw.core.nouns.brief import Brief
from scalelaw.core.quantities import QUANTITIES
from scalelaw.core.types import AnyArray, Array, frozen
from scalelaw.runs.cells import read_numbers
from scalelaw.runs.raw import column

if TYPE_CHECKING:
    from scalelaw.runs.table import RunTable

_FLAGS = {"true": 1.0, "yes": 1.0, "false": 0.0, "no": 0.0}
_SHOWN = 3


@dataclass(frozen=True, eq=False)
class OtherColumns(Brief):
    """Unrecognised columns, kept for formulas.

    Attributes:
        columns: name -> cells, one per run of the table.
        origins: quantity -> the column that holds it.
        run: number of each row's run in the table, (n,).
    """

    columns: Mapping[str, AnyArray]
    origins: Mapping[str, str]
    run: AnyArray

    def rows(self, index: AnyArray) -> "OtherColumns":
        """Return the columns of some rows, by mask or by number."""
        return replace(self, run=self.run[index])

    def names(self) -> dict[str, str]:
        """Return the names that a formula may use; see ``formula_names``."""
        return formula_names(self.origins, self.columns)

    def numbers(self, name: str) -> Array:
        """Return a column by its name in a formula, as numbers (n,), NaN where missing.

        Raises:
            BadTable: it holds text.
        """
        values = self.columns[spoken(self.origins, self.columns)[name]]
        if values.dtype == np.float64:
            return np.asarray(values[self.run])
        cells = [_flag(cell) for cell in values]
        numbers = read_numbers(column(cells))
        if numbers.unreadable.any():
            some = list(dict.fromkeys(str(value) for value in values[numbers.unreadable]))
            shown = ", ".join(map(repr, some[:_SHOWN])) + (", ..." if len(some) > _SHOWN else "")
            raise BadTable(
                f"the formula takes {name}, but that column holds text ({shown}); fit the runs of one {name}, or "
                "add a column of numbers for it"
            )
        return np.asarray(numbers.values[self.run])


def _flag(cell: object) -> object:
    """Return 1 for the words true and yes, 0 for false and no, and any other cell as it is."""
    return _FLAGS.get(cell.strip().lower(), cell) if isinstance(cell, str) else cell


def with_formula_columns(table: "RunTable", names: Iterable[str]) -> "RunTable":
    """Add columns of the file that a formula uses, converted to numbers."""
    every = OtherColumns(unrecognised(table.runs), table.origins, np.arange(len(table)))
    known = spoken(every.origins, every.columns)
    added = {name: frozen(every.numbers(name)) for name in names if name not in QUANTITIES and name in known}
    return replace(table, runs={**table.runs, **added}) if added else table


def unrecognised(runs: Mapping[str, AnyArray]) -> dict[str, AnyArray]:
    """Return the columns of a table that are not quantities."""
    return {name: values for name, values in runs.items() if name not in QUANTITIES}


def joined(parts: Sequence[OtherColumns | None]) -> OtherColumns | None:
    """Stack the columns of several selections of rows from one table."""
    known = [part for part in parts if part is not None]
    if not known or len(known) < len(parts):
        return None
    return replace(known[0], run=np.concatenate([part.run for part in known]))


def formula_names(origins: Mapping[str, str], others: Iterable[str]) -> dict[str, str]:
    """Map each name that a formula may use to the quantity in its column, or to the column's own name without one.

    A column has three names, tried in order until one is unique: its own, with an underscore for every other sign
    (``parallel size`` is ``parallel_size``); the last part of a path (``config.dropout`` is ``dropout``); lower case.

    Args:
        origins: quantity -> the column that holds it.
        others: the columns that are not quantities.
    """
    of = {name: quantity for quantity, name in origins.items() if kind_of(quantity) == "number"}
    return {name: of.get(held, name) for name, held in spoken(origins, others).items()}


def spoken(origins: Mapping[str, str], others: Iterable[str]) -> dict[str, str]:
    """Map each name that a formula may use to its column; see ``formula_names``."""
    held = [name for quantity, name in origins.items() if kind_of(quantity) == "number"]
    held += others
    found: dict[str, str] = {}
    for way in (_own, _last_part, _lower):
        by_name: dict[str, list[str]] = {}
        for name in dict.fromkeys(held):
            by_name.setdefault(way(name), []).append(name)
        found = {name: of[0] for name, of in by_name.items() if len(of) == 1 and name.isidentifier()} | found
    return found


def _own(name: str) -> str:
    return re.sub(r"\W+", "_", name.strip()).strip("_")


def _last_part(name: str) -> str:
    last = _own(re.split(r"[./]", name.strip())[-1])
    return last if len(last) > 1 else ""


def _lower(name: str) -> str:
    own = _own(name).lower()
    return own if len(own) > 1 else ""
