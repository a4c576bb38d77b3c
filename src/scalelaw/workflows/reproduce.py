"""Reproduce published numbers: compare each with ours and explain differences."""

import importlib
import os
import pkgutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scalelaw.core.errors import BadInput, UnknownName
from scalelaw.core.nouns.tabular import Columns, Tabular, columns_of
from scalelaw.core.rendering import Lines, Renderable, Report, Table
from scalelaw.workflows import reproductions
from scalelaw.workflows.reproductions._figure import Figure


@dataclass(frozen=True)
class Reproduced:
    """One published number and the number computed here, which is missing without the published tables."""

    figure: Figure
    ours: float | None

    @property
    def difference(self) -> float | None:
        """Ours minus the published."""
        return None if self.ours is None else self.ours - self.figure.published

    @property
    def holds(self) -> bool | None:
        """Whether ours equals the published number to its digits or, for an optimum, is at least as good."""
        if self.difference is None:
            return None
        off = {"near": abs(self.difference), "below": self.difference, "above": -self.difference}[self.figure.side]
        return off <= self.figure.digits * (1 + 1e-9)

    @property
    def why(self) -> str:
        """Explanation of the difference, or empty."""
        if self.holds is None:
            return f"not measured: {self.figure.needs} is not in the folder of tables (--data)"
        if self.figure.side == "near" and self.holds:
            return ""
        return self.figure.why


@dataclass(frozen=True)
class Reproduction(Renderable, Tabular):
    """Published numbers, each with the number computed here."""

    rows: tuple[Reproduced, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {
            "schema": "scalelaw.reproduction/1",
            "figures": [
                {
                    "name": row.figure.name,
                    "what": row.figure.what,
                    "published": row.figure.published,
                    "ours": row.ours,
                    "difference": row.difference,
                    "holds": row.holds,
                    "why": row.why,
                    "source": row.figure.source,
                    "unverified": row.figure.unverified,
                }
                for row in self.rows
            ],
        }

    def to_columns(self) -> Columns:
        """Return one row per number."""
        return columns_of(self.to_dict()["figures"])

    def report(self) -> Report:
        """Return the table, and the number that hold."""
        head = ["figure", "published", "ours", "difference", "holds", "why", "source"]
        measured = [row for row in self.rows if row.holds is not None]
        held = sum(bool(row.holds) for row in measured)
        lines = [("held", f"{held} of {len(measured)} measured; {len(self.rows) - len(measured)} not measured")]
        if any(row.figure.unverified for row in self.rows):
            lines.append(("*", "published number from memory or a secondary source"))
        return Report("", [Table([head, *map(_cells, self.rows)], right=[1, 2, 3]), Lines(lines, width=0)])

    def page(self) -> str:
        """Return the page of the documentation."""
        return _HEAD + self.to_markdown() + "\n"


_HEAD = """# Published figures, computed again

Written by `make reproduce`, which is `scalelaw reproduce --to docs/reproduced.md` with the folder of published tables
in `SCALELAW_DATA`. A figure holds if ours equals the published one to its printed digits. An optimum also holds if ours
is better.

"""


def _cells(row: Reproduced) -> list[str]:
    holds = {True: "yes", False: "no", None: ""}[row.holds]
    numbers = ["" if value is None else f"{value:.6g}" for value in (row.ours, row.difference)]
    star = "*" if row.figure.unverified else ""
    return [row.figure.what, f"{row.figure.published:.6g}{star}", *numbers, holds, row.why, row.figure.source]


def figures() -> dict[str, Figure]:
    """Return name -> figure from the files of ``workflows/reproductions``; a new file adds its figures."""
    modules = sorted(found.name for found in pkgutil.iter_modules(reproductions.__path__) if found.name[0] != "_")
    return {
        figure.name: figure
        for name in modules
        for figure in importlib.import_module(f"{reproductions.__name__}.{name}").FIGURES
    }


def reproduce(names: Sequence[str] = (), *, data: str | Path | None = None) -> Reproduction:
    """Compute published numbers again.

    Args:
        names: names of figures or their first letters; all by default.
        data: folder of published tables; by default ``SCALELAW_DATA``. Without it, figures that need data are not
            measured.

    Raises:
        UnknownName: no figure has this name.
        BadInput: the folder does not exist.

    Example:
        >>> print(reproduce(["kumar"], data=".").rows[0].holds)
        True
    """
    known = figures()
    wanted: dict[str, Figure] = {}
    for name in names or known:
        found = {key: figure for key, figure in known.items() if key.startswith(name)}
        if not found:
            raise UnknownName.among("figure", name, known)
        wanted |= found
    folder = data or os.environ.get("SCALELAW_DATA")
    if folder is not None and not Path(folder).is_dir():
        raise BadInput(f"the folder {str(folder)!r} of published tables does not exist; give one with --data")
    place = None if folder is None else Path(folder)
    return Reproduction(tuple(Reproduced(figure, _ours(figure, place)) for figure in wanted.values()))


def _ours(figure: Figure, folder: Path | None) -> float | None:
    if figure.needs and (folder is None or not (folder / figure.needs).is_dir()):
        return None
    return figure.ours(folder or Path())
