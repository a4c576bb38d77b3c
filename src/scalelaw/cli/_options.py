"""Options that several commands share, spelled once, and the reading of a table with them."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from scalelaw.core.errors import BadInput, BadNumber
from scalelaw.core.numbers import parse_number

if TYPE_CHECKING:
    from scalelaw.fitting import FitOptions
    from scalelaw.runs import RunTable

_TABLE = "The table"
_FIT = "The fit"

TABLE_OPTIONS = ("target", "column", "unit", "derive", "exclude_top", "reason", "strict")
"""Options that say how a table is read; each means nothing without one."""


def _real(text: str | float) -> float:
    try:
        return parse_number(text)
    except BadNumber as error:
        raise typer.BadParameter(str(error)) from error


def _whole(text: str | int) -> int:
    value = _real(text)
    if not value.is_integer():
        raise typer.BadParameter(f"{text!r} is not a whole number")
    return int(value)


File = Annotated[str, typer.Argument(help="CSV, TSV, JSON, JSONL or Parquet file of runs.", metavar="FILE")]
LawName = Annotated[str, typer.Option("--law", help="Law by name, spelling or formula.", metavar="NAME|FORMULA")]
Target = Annotated[
    str | None, typer.Option(help="What to fit, e.g. loss@c4.", metavar="METRIC@SET", rich_help_panel=_TABLE)
]
Columns = Annotated[
    list[str] | None,
    typer.Option("--column", help="Which column holds a quantity.", metavar="QUANTITY=COLUMN", rich_help_panel=_TABLE),
]
Units = Annotated[
    list[str] | None,
    typer.Option(
        "--unit", help="Unit of a quantity, e.g. tokens=B, loss=bits.", metavar="QUANTITY=UNIT", rich_help_panel=_TABLE
    ),
]
Derive = Annotated[
    list[str] | None,
    typer.Option(
        help="Compute a quantity, e.g. tokens='step * batch * seq_len'.",
        metavar="QUANTITY=FORMULA",
        rich_help_panel=_TABLE,
    ),
]
ExcludeTop = Annotated[
    list[str] | None,
    typer.Option(
        help="Leave out the rows with the K highest values, e.g. loss=5.", metavar="QUANTITY=K", rich_help_panel=_TABLE
    ),
]
Reason = Annotated[
    str | None,
    typer.Option(help="Why rows are left out; kept with the result.", metavar="TEXT", rich_help_panel=_TABLE),
]
Strict = Annotated[bool, typer.Option("--strict", help="Refuse a table with any unusable row.", rich_help_panel=_TABLE)]
Loss = Annotated[str, typer.Option(help="huber, absolute or squared.", metavar="KIND", rich_help_panel=_FIT)]
Delta = Annotated[
    float,
    typer.Option(help="Huber's threshold, in units of the residual.", parser=_real, metavar="X", rich_help_panel=_FIT),
]
On = Annotated[
    str,
    typer.Option(
        help="Residuals of the log of the target, or of the target: log or raw.",
        metavar="SCALE",
        rich_help_panel=_FIT,
    ),
]
Draws = Annotated[
    int, typer.Option(help="Bootstrap refits; 0 for none.", parser=_whole, metavar="N", rich_help_panel=_FIT)
]
Starts = Annotated[
    int,
    typer.Option(
        help="Starts of the search; how many agree is told.", parser=_whole, metavar="N", rich_help_panel=_FIT
    ),
]
Seed = Annotated[int, typer.Option(help="Seed of the resampling.", parser=_whole, metavar="N", rich_help_panel=_FIT)]
Level = Annotated[
    float,
    typer.Option(help="Level of the intervals, between 0 and 1.", parser=_real, metavar="LEVEL", rich_help_panel=_FIT),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]


def read_table(
    file: str,
    *,
    columns: Sequence[str] | None,
    units: Sequence[str] | None,
    derive: Sequence[str] | None,
    exclude_top: Sequence[str] | None,
    reason: str | None,
    strict: bool,
) -> "RunTable":
    """Load a table as the shared options say.

    Raises:
        BadInput: a bad file or option.
    """
    from scalelaw.runs import load_runs

    table = load_runs(
        file,
        columns=pairs(columns, "--column"),
        units=pairs(units, "--unit"),
        derive=pairs(derive, "--derive"),
        strict=strict,
    )
    for name, count in pairs(exclude_top, "--exclude-top").items():
        if not count.isdigit() or int(count) < 1:
            raise BadInput(f"--exclude-top {name}={count}: say how many rows, like {name}=5")
        table = table.exclude_top(**{name: int(count)}, reason=reason or "left out on the command line")
    if reason and not exclude_top:
        raise BadInput("--reason says why rows are left out, and none are; add --exclude-top QUANTITY=K")
    return table


def fit_options(*, loss: str, delta: float, on: str, draws: int, starts: int, seed: int, level: float) -> "FitOptions":
    """Return the options of a fit from the shared flags.

    Raises:
        BadInput: a value that no fit accepts.
    """
    from scalelaw.fitting import FitOptions, Noise

    noise = Noise(loss, delta, on)  # type: ignore[arg-type]
    return FitOptions(noise=noise, draws=draws, starts=starts, seed=seed, level=level)


def pairs(values: Sequence[str] | None, option: str) -> dict[str, str]:
    """Split NAME=VALUE arguments.

    Raises:
        BadInput: one has no equals sign, or a name stands twice.
    """
    found: dict[str, str] = {}
    for text in values or ():
        name, equals, value = (part.strip() for part in text.partition("="))
        if not (equals and name and value):
            raise BadInput(f"{option} {text!r}: write it as NAME=VALUE")
        if name in found:
            raise BadInput(f"{option} names {name} twice: {found[name]!r} and {value!r}")
        found[name] = value
    return found


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
    holder = place if folder or place.exists() else place.parent
    if not os.access(holder, os.W_OK):
        raise BadInput(f"{option} {path}: {holder} may not be written to; name another place")
