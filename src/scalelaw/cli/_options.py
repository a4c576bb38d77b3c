"""Options that several commands share: how a table is read, how a law is fitted, how sure the answer must be."""

import os
import shlex
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypedDict, cast, get_args

import typer

from scalelaw.cli._held import HELD
from scalelaw.core.errors import BadInput, BadNumber, UnknownName
from scalelaw.core.numbers import parse_number

if TYPE_CHECKING:
    from scalelaw.fitting.spec import FitOptions, Intervals
    from scalelaw.laws import LawAt
    from scalelaw.runs.observations import Reduction
    from scalelaw.runs.table import RunTable

_TABLE = "The table"
_FIT = "The fit"

File = Annotated[
    str,
    typer.Argument(help="Runs: CSV, TSV, JSON, JSONL or Parquet, or the logs of a tracker or trainer.", metavar="FILE"),
]
LawName = Annotated[str, typer.Option("--law", help="Law by name, spelling or formula.", metavar="NAME|FORMULA")]
OneLaw = Annotated[
    str | None,
    typer.Option(
        "--law", help="Decide by this law alone; by the ensemble of laws unless given.", metavar="NAME|FORMULA"
    ),
]
PriorName = Annotated[
    str | None,
    typer.Option(
        "--prior",
        help="Whether published studies share in the decision: they do unless none; with --law, only if literature.",
        metavar="literature|none",
    ),
]
Verbose = Annotated[bool, typer.Option("--verbose", help="Print everything: runs read, fit, laws, assumptions.")]
Plot = Annotated[
    bool | None, typer.Option("--plot/--no-plot", help="Show the runs as a scatter; unsaid, on a terminal only.")
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]


def real(text: str | float) -> float:
    """Return a number as people write it, for the ``parser`` of an option."""
    try:
        return parse_number(text)
    except BadNumber as error:
        raise typer.BadParameter(str(error)) from error


def _whole(text: str | int) -> int:
    value = real(text)
    if not value.is_integer():
        raise typer.BadParameter(f"{text!r} is not a whole number")
    return int(value)


def _threshold(text: str | float) -> float | str:
    return "auto" if text == "auto" else real(text)


def _text(help: str, metavar: str, panel: str, *names: str) -> typer.models.OptionInfo:
    return typer.Option(*names, help=help, metavar=metavar, rich_help_panel=panel)  # type: ignore[no-any-return]


class Mapped(TypedDict):
    """How columns become quantities, as ``load_runs`` takes it."""

    columns: dict[str, str]
    units: dict[str, str]
    derive: dict[str, str]
    importer: str | None


class Reduced(TypedDict):
    """What of a table is fitted."""

    target: str | None
    use: "Reduction | None"
    over: Sequence[str]


@dataclass(frozen=True)
class MappingOptions:
    """How the columns of a source become quantities."""

    column: Annotated[
        list[str] | None, _text("Which column holds a quantity.", "QUANTITY=COLUMN", _TABLE, "--column")
    ] = None
    unit: Annotated[
        list[str] | None, _text("Unit of a quantity, e.g. tokens=B, loss=bits.", "QUANTITY=UNIT", _TABLE, "--unit")
    ] = None
    derive: Annotated[
        list[str] | None,
        _text("Compute a quantity, e.g. tokens='step * batch * seq_len'.", "QUANTITY=FORMULA", _TABLE),
    ] = None
    importer: Annotated[
        str | None, _text("Read the source as this tool's log, e.g. mlflow_folder.", "NAME", _TABLE)
    ] = None

    def arguments(self) -> "Mapped":
        """Return them as keyword arguments of ``load_runs``.

        Raises:
            BadInput: one is not NAME=VALUE.
        """
        return {
            "columns": pairs(self.column, "--column", empty=True),
            "units": pairs(self.unit, "--unit"),
            "derive": pairs(self.derive, "--derive"),
            "importer": self.importer,
        }


@dataclass(frozen=True)
class TableOptions(MappingOptions):
    """How a table is read, and what of it is fitted."""

    target: Annotated[str | None, _text("What to fit, e.g. loss@c4.", "METRIC@SET", _TABLE)] = None
    use: Annotated[
        str | None,
        _text(
            "What to fit: the end of each run, the best of each swept cell, or all checkpoints.",
            "endpoints|best|curves",
            _TABLE,
        ),
    ] = None
    over: Annotated[str | None, _text("What was swept, for --use best.", "COLUMN,...", _TABLE)] = None
    per_byte: Annotated[
        bool,
        typer.Option(
            "--per-byte", help="Turn losses into bits per byte and tokens into bytes.", rich_help_panel=_TABLE
        ),
    ] = False
    exclude_top: Annotated[
        list[str] | None, _text("Leave out the rows with the K highest values, e.g. loss=5.", "QUANTITY=K", _TABLE)
    ] = None
    where: Annotated[
        list[str] | None,
        _text("Keep these runs, e.g. arch=llama, optimizer=adam,muon or params=1e6..1e9.", "COLUMN=VALUE", _TABLE),
    ] = None
    exclude: Annotated[
        list[str] | None,
        _text("Leave these runs out, e.g. run=NAME, run='row 7' or lr=0.1,0.2.", "COLUMN=VALUE", _TABLE),
    ] = None
    reason: Annotated[str | None, _text("Why rows are left out; kept with the result.", "TEXT", _TABLE)] = None
    strict: Annotated[
        bool, typer.Option("--strict", help="Refuse a table with any unusable row.", rich_help_panel=_TABLE)
    ] = False

    def read(self, file: str) -> "RunTable":
        """Load a table as the options say.

        Raises:
            BadInput: a bad file or option.
        """
        from scalelaw.runs.reading.load import load_runs

        with HELD.reading():
            table = load_runs(file, **self.arguments(), strict=self.strict)
        for name, text in pairs(self.where, "--where").items():
            table = table.where(**{name: wanted(table, name, text)})
        why = self.reason or "left out on the command line"
        for name, text in pairs(self.exclude, "--exclude").items():
            table = table.exclude(**{name: wanted(table, name, text)}, reason=why)
        for name, count in pairs(self.exclude_top, "--exclude-top").items():
            if not count.isdigit() or int(count) < 1:
                raise BadInput(f"--exclude-top {name}={count}: say how many rows, like {name}=5")
            table = table.exclude_top(**{name: int(count)}, reason=why)
        if self.reason and not (self.exclude_top or self.exclude):
            how = "--exclude COLUMN=VALUE or --exclude-top QUANTITY=K"
            raise BadInput(f"--reason says why rows are left out, and none are; add {how}")
        return table.per_byte() if self.per_byte else table

    def reduced(self) -> "Reduced":
        """Return the keyword arguments that say what of the table is fitted.

        Raises:
            BadInput: no such reduction, or --over without --use best.
        """
        from scalelaw.runs.observations import Reduction
        from scalelaw.runs.reducing.sweeps import SWEPT

        if self.use is not None and self.use not in get_args(Reduction):
            raise UnknownName.among("reduction in --use", self.use, get_args(Reduction))
        if self.over and self.use != "best":
            raise BadInput("--over says what was swept, and nothing is chosen by it; add --use best")
        over = tuple(name.strip() for name in self.over.split(",") if name.strip()) if self.over else SWEPT
        return {"target": self.target, "use": cast("Reduction | None", self.use), "over": over}


@dataclass(frozen=True)
class ResampleOptions:
    """How sure the answer must be."""

    draws: Annotated[
        int,
        typer.Option(help="Draws of the coefficients; 0 for none.", parser=_whole, metavar="N", rich_help_panel=_FIT),
    ] = 1000
    seed: Annotated[int, typer.Option(help="Seed of the draws.", parser=_whole, metavar="N", rich_help_panel=_FIT)] = 0
    level: Annotated[
        float,
        typer.Option(
            help="Level of the intervals, between 0 and 1.", parser=real, metavar="LEVEL", rich_help_panel=_FIT
        ),
    ] = 0.9


@dataclass(frozen=True)
class DrawOptions(ResampleOptions):
    """How sure the answer of a fit must be, and how that is found."""

    intervals: Annotated[str, _text("How intervals are drawn.", "auto|laplace|sandwich|wild|cluster|pairs", _FIT)] = (
        "auto"
    )

    def chosen(self) -> "FitOptions":
        """Return them as options of a fit."""
        return {
            "draws": self.draws,
            "seed": self.seed,
            "level": self.level,
            "intervals": cast("Intervals", self.intervals),
        }


@dataclass(frozen=True)
class SearchOptions:
    """What is minimised, and from where."""

    loss: Annotated[str, _text("huber, absolute, squared or, for scores, binomial.", "KIND", _FIT)] = "huber"
    delta: Annotated[
        str,
        typer.Option(
            help="Huber's threshold, in units of the residual, or auto: 1.345 sd of the residuals.",
            parser=_threshold,
            metavar="X|auto",
            rich_help_panel=_FIT,
        ),
    ] = "1e-3"
    scale: Annotated[
        str | None,
        _text("What the sd of the noise is a power of (flops or an input), or se.", "QUANTITY|se", _FIT),
    ] = None
    on: Annotated[str, _text("Residuals of the log of the target, or of the target: log or raw.", "SCALE", _FIT)] = (
        "log"
    )
    starts: Annotated[
        int,
        typer.Option(
            help="Starts of the search; how many agree is told.", parser=_whole, metavar="N", rich_help_panel=_FIT
        ),
    ] = 64

    prior: Annotated[
        str | None, _text("Exponents as far as published studies agree, for few runs.", "literature|none", _FIT)
    ] = None

    def chosen(self) -> "FitOptions":
        """Return them as options of a fit.

        Raises:
            BadInput: a value that no fit accepts.
        """
        from scalelaw.fitting.solver.noise import Noise

        noise = Noise(self.loss, self.delta, self.on, self.scale)  # type: ignore[arg-type]
        options: FitOptions = {"noise": noise, "starts": self.starts}
        return options if self.prior is None else {**options, "prior": self.prior}  # type: ignore[typeddict-item]


@dataclass(frozen=True)
class FixOptions:
    """Which coefficients of the law are held."""

    fix: Annotated[
        list[str] | None,
        _text("Hold a coefficient at a value, e.g. E=1.69; again for another.", "COEF=VALUE", _FIT, "--fix"),
    ] = None

    def chosen(self) -> "FitOptions":
        """Return them as options of a fit.

        Raises:
            BadInput: one is not NAME=NUMBER.
        """
        held = pairs(self.fix, "--fix")
        return {"fixed": {name: parse_number(value) for name, value in held.items()}} if held else {}


@dataclass(frozen=True)
class OneLawOptions(FixOptions):
    """What is said of the one law that decides: coefficients held, and values of inputs beside params and tokens."""

    at: Annotated[
        list[str] | None,
        _text("Value of another input of the law, such as a column its formula names.", "INPUT=VALUE", _FIT, "--at"),
    ] = None

    def values(self) -> dict[str, float | str]:
        """Return value by input.

        Raises:
            BadInput: one is not NAME=VALUE.
        """
        return dict(pairs(self.at, "--at"))

    def check(self, law: str | None) -> None:
        """Refuse what is said of one law where the ensemble decides.

        Raises:
            BadInput: what to do instead.
        """
        from scalelaw.forecasting.ensemble_name import ensemble_named

        for option, said in (("--at", pairs(self.at, "--at")), ("--fix", pairs(self.fix, "--fix"))):
            if said and ensemble_named(law) is not None:
                name = next(iter(said))
                raise BadInput(f"{option} {name}=... is for one law that has it; name it with --law, like chinchilla")

    def applied(self, law: str | None) -> "str | LawAt | None":
        """Return the law that decides alone, at these values; None for the ensemble.

        Raises:
            BadInput: values for the ensemble, whose laws take params and tokens alone.
        """
        from scalelaw.laws import LawAt

        values = self.values()
        self.check(law)
        return LawAt(law, values) if values and law is not None else law


def pairs(values: Sequence[str] | None, option: str, *, empty: bool = False) -> dict[str, str]:
    """Split NAME=VALUE arguments; ``empty`` lets a value be left out, as in ``--column run=``.

    Raises:
        BadInput: one has no equals sign, or a name stands twice.
    """
    found: dict[str, str] = {}
    for text in values or ():
        name, equals, value = (part.strip() for part in text.partition("="))
        if not (equals and name and (value or empty)):
            raise BadInput(f"{option} {text!r}: write it as NAME=VALUE")
        if name in found:
            raise BadInput(f"{option} names {name} twice: {found[name]!r} and {value!r}")
        found[name] = value
    return found


def wanted(table: "RunTable", name: str, text: str) -> Any:
    """Return a condition as ``RunTable.where`` takes it: a value, a list at commas, or a range LOW..HIGH.

    Raises:
        BadInput: there is no such column.
    """
    values = table.values(name)
    if text in {str(value) for value in values.tolist()}:
        return text
    low, dots, high = text.partition("..")
    if dots and values.dtype.kind == "f":
        return (low.strip() or None, high.strip() or None)
    parts = [part.strip() for part in text.split(",") if part.strip()]
    return parts if len(parts) > 1 else text


def names_of(*groups: type) -> tuple[str, ...]:
    """Return the options of some groups."""
    return tuple(field.name for group in groups for field in fields(group))


def prior_named(prior: str) -> "Literal['literature', 'none']":
    """Return the prior of a decision.

    Raises:
        UnknownName: there is none of this name.
    """
    if prior not in ("literature", "none"):
        raise UnknownName.among("prior", prior, ("literature", "none"))
    return cast("Literal['literature', 'none']", prior)


def given_of(context: typer.Context, bootstrap: DrawOptions, one: OneLawOptions, prior: str | None) -> "FitOptions":
    """Return the options of a decision, ``draws`` only where the user gave it: one law and an ensemble differ in it.

    Raises:
        BadInput: a value that no decision accepts.
    """
    options = bootstrap.chosen() | one.chosen()
    source = context.get_parameter_source("draws")
    if source is None or source.name != "COMMANDLINE":
        options.pop("draws", None)
    return with_prior(options, prior)


def with_prior(options: "FitOptions", prior: str | None) -> "FitOptions":
    """Return the options of a decision with its prior, where the user named one.

    Raises:
        UnknownName: there is none of this name.
    """
    return options if prior is None else {**options, "prior": prior_named(prior)}


def words_of(file: str, table: TableOptions) -> str:
    """Return a file and the options it is read by, as a command line has them."""
    words = [file]
    for each in fields(table):
        value, option = getattr(table, each.name), f"--{each.name.replace('_', '-')}"
        if isinstance(value, bool):
            words += [option] * value
        elif value is not None:
            words += [word for one in ([value] if isinstance(value, str) else value) for word in (option, one)]
    return shlex.join(words)


def refuse_with(context: typer.Context, names: Sequence[str], why: str) -> None:
    """Refuse options that were given and would do nothing.

    Raises:
        BadInput: one of them stands on the command line.
    """
    for name in names:
        source = context.get_parameter_source(name)
        if source is not None and source.name == "COMMANDLINE":
            raise BadInput(f"--{name.replace('_', '-')} {why}")


def check_writable(path: str, option: str, *, folder: bool = False) -> None:
    """Refuse a place nothing can be written to, before any work is done.

    Args:
        path: the file to write, or with ``folder`` the folder to write into, which need not exist.
        option: the option it was given with.
        folder: see ``path``.

    Raises:
        BadInput: it cannot be written.
    """
    place = Path(path).expanduser()
    if folder:
        while not place.exists() and place != place.parent:
            place = place.parent
        if not place.is_dir():
            raise BadInput(f"{option} {path}: {place} is a file; name a folder")
    elif place.is_dir():
        raise BadInput(f"{option} {path}: that is a folder; name a file in it")
    elif not place.parent.is_dir():
        raise BadInput(f"{option} {path}: there is no folder {place.parent}; make it first")
    elif place.is_symlink():
        raise BadInput(f"{option} {path}: that is a link; name the file that it leads to")
    elif place.exists() and not place.is_file():
        raise BadInput(f"{option} {path}: that is no regular file; name one")
    holders = [place] if folder else [place, place.parent] if place.exists() else [place.parent]
    for holder in holders:
        if not os.access(holder, os.W_OK):
            raise BadInput(f"{option} {path}: {holder} may not be written to; name another place")


def check_figure(path: str, option: str) -> None:
    """Refuse a figure that could not be drawn or written, before any work is done.

    Raises:
        BadInput: the suffix is of no format, or nothing can be written there.
        MissingExtra: matplotlib is not installed.
    """
    from scalelaw.core.optional import require
    from scalelaw.viz.style import FORMATS

    if Path(path).suffix not in FORMATS:
        raise BadInput(f"{option} {path}: figures are written as {', '.join(FORMATS)}")
    check_writable(path, option)
    require("matplotlib", extra="plot", why="draw figures")
