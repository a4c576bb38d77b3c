"""A project: a folder whose ``scalelaw.toml`` says how one source of runs is read, reduced, fitted and planned from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from functools import cached_property
from pathlib import Path
from typing import Any

from scalelaw.backtesting.backtest import Progress
from scalelaw.core.errors import BadInput, UnknownName
from scalelaw.core.nouns.brief import Brief
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
}  # fmt: skip
_ENTRIES: Mapping[str, tuple[type, ...]] = {
    "columns": (str,), "units": (str,), "derive": (str,), "ties": (str,), "fixed": (int, float), "bounds": (list,),
    "at": (int, float, str),
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
    """Runs left out, and why.

    Attributes:
        reason: in words; shown wherever a result is.
        where: column -> what the runs left out have there, as in ``RunTable.exclude``.
        top: quantity -> how many of its highest values go, as in ``RunTable.exclude_top``.
    """

    reason: str
    where: Mapping[str, Any] = field(default_factory=dict)
    top: Mapping[str, int] = field(default_factory=dict)

    def applied(self, table: RunTable) -> RunTable:
        """Return the table without those runs."""
        if self.top:
            table = table.exclude_top(**self.top, reason=self.reason)
        return table.exclude(**self.where, reason=self.reason) if self.where else table


@dataclass(frozen=True, eq=False)
class Project(Brief):
    """What ``scalelaw.toml`` says; its keys are the arguments of ``load_runs``, ``RunTable`` and ``study``.

    Attributes:
        source: file, folder or address of the runs; a relative path is taken from ``folder``.
        columns: quantity -> column; empty text leaves a quantity out.
        units: quantity -> unit of its bare numbers.
        derive: quantity -> arithmetic over columns.
        importer: which importer reads the source.
        strict: refuse a table of which any run would be set aside.
        where: column -> value, list of values, or ``{from, to}``; other runs are set aside.
        exclude: runs left out, each with a reason.
        per_byte: losses in bits per byte, data in bytes.
        law: name, spelling or formula to decide by alone; the ensemble of laws where None.
        at: input of that law beside params and tokens -> the value to plan at.
        target: ``metric@eval_set``.
        use: ``endpoints``, ``best`` or ``curves``.
        over: what was swept, for ``best``.
        flops: budget to plan for.
        out: folder of the figures, taken from ``folder``.
        fit: options of ``FitSpec``.
        folder: where relative paths start.
    """

    source: str
    columns: Mapping[str, str] = field(default_factory=dict)
    units: Mapping[str, str] = field(default_factory=dict)
    derive: Mapping[str, str] = field(default_factory=dict)
    importer: str | None = None
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
        """The table as it is read, before anything is left out."""
        source = self.source if "://" in self.source else str(self.folder / Path(self.source).expanduser())
        columns = {name: column or None for name, column in self.columns.items()}
        return load_runs(
            source, columns=columns, units=self.units, derive=self.derive, importer=self.importer, strict=self.strict
        )

    @cached_property
    def table(self) -> RunTable:
        """The table that is fitted.

        Raises:
            BadInput: the source, or what is said of it, cannot be read.
            NeedsAnswer: only the user can know.
        """
        return self.prepared(self.loaded)

    def prepared(self, loaded: RunTable) -> RunTable:
        """Return a table as the project has it, from the one its source holds."""
        table = loaded.where(**{name: _wanted(name, said) for name, said in self.where.items()})
        for exclusion in self.exclude:
            table = exclusion.applied(table)
        return table.per_byte() if self.per_byte else table

    def study(self, progress: Progress | None = None, *, figures: bool = True) -> Study:
        """Fit, backtest, plan and, with ``figures``, draw, as the file says; see ``study`` for what it raises."""
        return study(
            self.table,
            law=LawAt(self.law, self.at) if self.law is not None and self.at else self.law,
            target=self.target,
            use=self.use,
            over=self.over,
            flops=self.flops,
            out=self.folder / self.out if figures and self.out is not None else None,
            progress=progress,
            **self.fit,
        )


def load_project(folder: str | Path = ".") -> Project:
    """Return the project of a folder.

    Args:
        folder: the folder, or its ``scalelaw.toml``.

    Raises:
        BadInput: there is no such file, or it cannot be understood.
    """
    path = Path(folder)
    path = path / FILE if path.is_dir() else path
    said = read_toml(path, "`scalelaw init RUNS` writes one")
    try:
        return read_project(said, path.parent)
    except BadInput as error:
        raise type(error)(f"{path}: {error}") from error


def read_project(said: Mapping[str, Any], folder: Path = Path()) -> Project:
    """Return the project that the keys of a ``scalelaw.toml`` describe.

    Raises:
        BadInput: an unknown key, or a value of the wrong kind.
    """
    of_fit = {name: _kinds_of(default) for name, default in vars(FitSpec()).items()}
    for name, value in said.items():
        if name not in _KINDS and name not in of_fit:
            raise UnknownName.among("key", name, [*_KINDS, *of_fit])
        _check_kind(name, value, _KINDS.get(name) or of_fit[name])
    if "source" not in said:
        raise BadInput('source is missing; say where the runs are, e.g. source = "runs.csv"')
    for name, kinds in _ENTRIES.items():
        for quantity, value in said.get(name, {}).items():
            _check_kind(f"{name}.{quantity}", value, kinds)
    for name, ends in said.get("bounds", {}).items():
        if len(ends) != 2 or any(isinstance(end, bool) or not isinstance(end, int | float) for end in ends):
            raise BadInput(f"bounds.{name} = {ends!r}: give two numbers, [low, high]; inf leaves an end open")
    for name in said.get("over", ()):
        _check_kind("over", name, (str,))
    fit = {name: value for name, value in said.items() if name in of_fit}
    if "noise" in fit:
        fit["noise"] = _noise(fit["noise"])
    plain = {name: value for name, value in said.items() if name in _KINDS and name != "exclude"}
    excluded = tuple(_exclusion(each) for each in said.get("exclude", ()))
    return Project(**plain, exclude=excluded, fit=fit, folder=folder)


def _noise(said: Mapping[str, Any]) -> Noise:
    known = [each.name for each in fields(Noise)]
    for name in said:
        if name not in known:
            raise UnknownName.among("key of noise", name, known)
    return Noise(**said)


def _kinds_of(default: Any) -> tuple[type, ...]:
    """Return what an option of a fit may be in TOML, from the value it has when unsaid."""
    if default is None or isinstance(default, str):
        return (str,)
    if isinstance(default, float):
        return (int, float)
    return (type(default),) if isinstance(default, bool | int) else (dict,)


def _check_kind(name: str, value: Any, kinds: tuple[type, ...]) -> None:
    if not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds):
        raise BadInput(f"{name} = {value!r}: give {_WORDS[kinds[0]]}")


def _exclusion(said: Any) -> ExclusionRule:
    _check_kind("exclude", said, (dict,))
    where = {name: value for name, value in said.items() if name not in ("reason", "top")}
    reason, top = said.get("reason", ""), said.get("top", {})
    _check_kind("exclude.reason", reason, (str,))
    _check_kind("exclude.top", top, (dict,))
    if not reason.strip():
        raise BadInput('every [[exclude]] needs a reason in words, e.g. reason = "wrong data"')
    if not (where or top):
        raise BadInput('an [[exclude]] names no run; say which, e.g. run = ["a3"] or top.loss = 5')
    return ExclusionRule(reason, {name: _wanted(name, value) for name, value in where.items()}, top)


def _wanted(name: str, said: Any) -> Any:
    """Return a condition as ``RunTable.where`` takes it: a table with ``from`` and ``to`` is a range."""
    if not isinstance(said, Mapping):
        return said
    if not said or not set(said) <= {"from", "to"}:
        raise BadInput(f"{name} = {dict(said)!r}: a range is {{ from = 1e6, to = 1e9 }}, either end may be left out")
    return said.get("from"), said.get("to")
