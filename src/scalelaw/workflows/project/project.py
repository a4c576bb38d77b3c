"""A project: a folder whose ``scalelaw.toml`` describes how to read, reduce and fit a source of runs, and to plan."""

import os
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from functools import cached_property
from pathlib import Path
from typing import Any

from scalelaw.backtesting.backtest import Progress
from scalelaw.core.errors import BadInput, UnknownName
from scalelaw.core.nouns.brief import Brief
from scalelaw.core.reading import one_line
from scalelaw.core.toml import read_toml
from scalelaw.fitting.solver.noise import Noise
from scalelaw.fitting.spec import FitSpec
from scalelaw.laws import LawAt
from scalelaw.runs.reading.load import load_runs
from scalelaw.runs.reducing.sweeps import SWEPT
from scalelaw.runs.table import RunTable
from scalelaw.workflows.study.study import Study, study

FILE = "scalelaw.toml"
"""Name of the file in a project's folder."""

_KINDS: Mapping[str, tuple[type, ...]] = {
    "source": (str,), "importer": (str,), "strict": (bool,), "per_byte": (bool,), "law": (str,), "target": (str,),
    "use": (str,), "over": (list, tuple), "flops": (str, int, float), "out": (str,), "columns": (dict,),
    "units": (dict,), "derive": (dict,), "where": (dict,), "exclude": (list,), "at": (dict,),
    "chance": (int, float, str, dict),
}  # fmt: skip
_ENTRIES: Mapping[str, tuple[type, ...]] = {
    "columns": (str,), "units": (str,), "derive": (str,), "ties": (str,), "fixed": (int, float), "bounds": (list,),
    "at": (int, float, str), "chance": (int, float),
}  # fmt: skip
_WORDS = {
    str: "text",
    bool: "true or false",
    list: "a list",
    dict: "a table",
    int: "a number",
    float: "a number",
}


@dataclass(frozen=True)
class ExclusionRule:
    """A rule that excludes runs.

    Attributes:
        reason: reason, shown with every result.
        where: column -> value of the excluded runs, as in ``RunTable.exclude``.
        top: quantity -> number of its highest values to exclude, as in ``RunTable.exclude_top``.
    """

    reason: str
    where: Mapping[str, Any] = field(default_factory=dict)
    top: Mapping[str, int] = field(default_factory=dict)

    def applied(self, table: RunTable) -> RunTable:
        """Return the table without the excluded runs."""
        if self.top:
            table = table.exclude_top(**self.top, reason=self.reason)
        return table.exclude(**self.where, reason=self.reason) if self.where else table


@dataclass(frozen=True, eq=False)
class Project(Brief):
    """The content of ``scalelaw.toml``; its keys are the arguments of ``load_runs``, ``RunTable`` and ``study``.

    Attributes:
        source: file, folder or address of the runs; relative paths start at ``folder``.
        columns: quantity -> column; empty text excludes a quantity.
        units: quantity -> unit of bare numbers.
        derive: quantity -> arithmetic over columns.
        importer: importer that reads the source.
        chance: score of guessing of every score, or by benchmark, or a TOML file of such levels.
        strict: raise if any run would be excluded.
        where: column -> value, list of values, or ``{from, to}`` of the runs to keep.
        exclude: rules that exclude runs.
        per_byte: losses in bits per byte, data in bytes.
        law: name, spelling or formula of the law that decides alone; None for the ensemble of laws.
        at: further input of that law -> the value to plan at.
        target: ``metric@eval_set``.
        use: ``endpoints``, ``best`` or ``curves``.
        over: swept columns, for ``best``.
        flops: budget to plan for.
        out: folder of the figures, relative to ``folder`` and inside it.
        fit: options of ``FitSpec``.
        folder: base of relative paths.
    """

    source: str
    columns: Mapping[str, str] = field(default_factory=dict)
    units: Mapping[str, str] = field(default_factory=dict)
    derive: Mapping[str, str] = field(default_factory=dict)
    importer: str | None = None
    chance: Any = None
    strict: bool = False
    where: Mapping[str, Any] = field(default_factory=dict)
    exclude: tuple[ExclusionRule, ...] = ()
    per_byte: bool = False
    law: str | None = None
    at: Mapping[str, float | str] = field(default_factory=dict)
    target: str | None = None
    use: Any = None
    over: Sequence[str] = SWEPT
    flops: float | str | None = None
    out: str | None = None
    fit: Mapping[str, Any] = field(default_factory=dict)
    folder: Path = Path()

    @cached_property
    def loaded(self) -> RunTable:
        """The table as read, before exclusions."""
        source = self.source if "://" in self.source else str(self.folder / Path(self.source).expanduser())
        columns = {name: column or None for name, column in self.columns.items()}
        return load_runs(
            source,
            columns=columns,
            units=self.units,
            derive=self.derive,
            importer=self.importer,
            chance=str(self.folder / self.chance) if isinstance(self.chance, str) else self.chance,
            strict=self.strict,
        )

    @cached_property
    def table(self) -> RunTable:
        """The table after selection and exclusions.

        Raises:
            BadInput: the source cannot be read as described.
            NeedsAnswer: the source is ambiguous.
        """
        return self.prepared(self.loaded)

    def prepared(self, loaded: RunTable) -> RunTable:
        """Return a loaded table after selection and exclusions."""
        table = loaded.where(**{name: _wanted(name, value) for name, value in self.where.items()})
        for exclusion in self.exclude:
            table = exclusion.applied(table)
        return table.per_byte() if self.per_byte else table

    @property
    def outside(self) -> Path | None:
        """The folder of the figures where it lies outside the project's folder, directly or through a link."""
        place = None if self.out is None else self.folder / self.out
        return None if place is None or _lies_in(place, self.folder) else place

    def place(self, out: str | Path | None = None) -> Path | None:
        """Return the folder of the figures.

        Someone else may have written the file, so it cannot choose a place outside the project; only the caller can.

        Args:
            out: any folder; None takes that of the file, which may also be None.

        Raises:
            BadInput: the file names a folder outside the project.
        """
        if out is None and self.outside is not None:
            raise BadInput(
                f"{self.folder / FILE}: out = {self.out!r} leads outside the project's folder; name a folder inside, "
                f"or allow this one with `scalelaw study --out {shlex.quote(str(self.outside))}`"
            )
        if out is not None:
            return Path(out).expanduser()
        return None if self.out is None else self.folder / self.out

    def study(self, progress: Progress | None = None, *, figures: bool = True, out: str | Path | None = None) -> Study:
        """Fit, backtest, plan and draw as the file describes.

        Args:
            progress: called with (done, of) as the windows of the backtest are scored.
            figures: whether to draw.
            out: folder of the figures; None takes that of the file.

        Raises:
            BadInput: as ``study``, or the file names a folder outside the project and ``out`` is not given.
        """
        place = self.place(out) if figures else None
        return study(
            self.table,
            law=LawAt(self.law, self.at) if self.law is not None and self.at else self.law,
            target=self.target,
            use=self.use,
            over=self.over,
            flops=self.flops,
            out=place,
            progress=progress,
            **self.fit,
        )


def load_project(folder: str | Path = ".") -> Project:
    """Load the project of a folder.

    Args:
        folder: the folder, or its ``scalelaw.toml``.

    Raises:
        BadInput: the file is missing or invalid.
    """
    path = Path(folder)
    path = path / FILE if path.is_dir() else path
    content = read_toml(path, "`scalelaw init RUNS` writes one")
    with one_line(str(path)):
        try:
            return read_project(content, path.parent)
        except BadInput as error:
            raise type(error)(f"{path}: {error}") from error


def _lies_in(place: Path, folder: Path) -> bool:
    try:
        return Path(os.path.realpath(place)).is_relative_to(os.path.realpath(folder))
    except ValueError:  # no file system has such a name
        return False


def read_project(content: Mapping[str, Any], folder: Path = Path()) -> Project:
    """Return the project that the keys of a ``scalelaw.toml`` describe.

    Raises:
        BadInput: an unknown key, or a value of the wrong kind.
    """
    of_fit = {name: _kinds_of(default) for name, default in vars(FitSpec()).items()}
    for name, value in content.items():
        if name not in _KINDS and name not in of_fit:
            raise UnknownName.among("key", name, [*_KINDS, *of_fit])
        _check_kind(name, value, _KINDS.get(name) or of_fit[name])
    if "source" not in content:
        raise BadInput('source is missing; give the file of the runs, e.g. source = "runs.csv"')
    for name, kinds in _ENTRIES.items():
        for quantity, value in _table(content.get(name)).items():
            _check_kind(f"{name}.{quantity}", value, kinds)
    for name, ends in content.get("bounds", {}).items():
        if len(ends) != 2 or any(isinstance(end, bool) or not isinstance(end, int | float) for end in ends):
            raise BadInput(f"bounds.{name} = {ends!r}: give two numbers, [low, high]; inf leaves an end open")
    for name in content.get("over", ()):
        _check_kind("over", name, (str,))
    fit = {name: value for name, value in content.items() if name in of_fit}
    if "noise" in fit:
        fit["noise"] = _noise(fit["noise"])
    plain = {name: value for name, value in content.items() if name in _KINDS and name != "exclude"}
    excluded = tuple(_exclusion(each) for each in content.get("exclude", ()))
    return Project(**plain, exclude=excluded, fit=fit, folder=folder)


def _table(value: Any) -> Mapping[str, Any]:
    """Return a value that may be a table, as ``chance`` may, or an empty one."""
    return value if isinstance(value, Mapping) else {}


def _noise(table: Mapping[str, Any]) -> Noise:
    known = [each.name for each in fields(Noise)]
    for name in table:
        if name not in known:
            raise UnknownName.among("key of noise", name, known)
    return Noise(**table)


def _kinds_of(default: Any) -> tuple[type, ...]:
    """Return the TOML types of a fit option, from its default."""
    if default is None or isinstance(default, str):
        return (str,)
    if isinstance(default, float):
        return (int, float)
    return (type(default),) if isinstance(default, bool | int) else (dict,)


def _check_kind(name: str, value: Any, kinds: tuple[type, ...]) -> None:
    if not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds):
        raise BadInput(f"{name} = {value!r}: give {_WORDS[kinds[0]]}")


def _exclusion(table: Any) -> ExclusionRule:
    _check_kind("exclude", table, (dict,))
    where = {name: value for name, value in table.items() if name not in ("reason", "top")}
    reason, top = table.get("reason", ""), table.get("top", {})
    _check_kind("exclude.reason", reason, (str,))
    _check_kind("exclude.top", top, (dict,))
    if not reason.strip():
        raise BadInput('every [[exclude]] needs a reason, e.g. reason = "wrong data"')
    if not (where or top):
        raise BadInput('an [[exclude]] names no run; add e.g. run = ["a3"] or top.loss = 5')
    return ExclusionRule(reason, {name: _wanted(name, value) for name, value in where.items()}, top)


def _wanted(name: str, value: Any) -> Any:
    """Return a condition as ``RunTable.where`` takes it; a table with ``from`` and ``to`` is a range."""
    if not isinstance(value, Mapping):
        return value
    if not value or not set(value) <= {"from", "to"}:
        raise BadInput(f"{name} = {dict(value)!r}: give a range {{ from = 1e6, to = 1e9 }}; either end is optional")
    return value.get("from"), value.get("to")
