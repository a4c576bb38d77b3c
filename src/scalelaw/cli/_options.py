"""Options that several commands share, spelled once, and the reading of a table with them."""

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, TypedDict, cast, get_args

import typer

from scalelaw.core.errors import BadInput, UnknownName

if TYPE_CHECKING:
    from scalelaw.fitting import FitOptions
    from scalelaw.runs import Reduction, RunTable


class Reduced(TypedDict):
    """What of a table is fitted."""

    use: "Reduction | None"
    over: tuple[str, ...]


_TABLE = "The table"
_FIT = "The fit"

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
PerByte = Annotated[
    bool,
    typer.Option("--per-byte", help="Turn losses into bits per byte and tokens into bytes.", rich_help_panel=_TABLE),
]
Use = Annotated[
    str | None,
    typer.Option(
        help="What to fit: the end of each run, the best of each swept cell, or all checkpoints.",
        metavar="endpoints|best|curves",
        rich_help_panel=_TABLE,
    ),
]
Over = Annotated[
    str | None,
    typer.Option(help="What was swept, for --use best.", metavar="COLUMN,...", rich_help_panel=_TABLE),
]
Loss = Annotated[str, typer.Option(help="huber, absolute or squared.", rich_help_panel=_FIT)]
Delta = Annotated[float, typer.Option(help="Huber's threshold, in units of the residual.", rich_help_panel=_FIT)]
On = Annotated[
    str, typer.Option(help="Residuals of the log of the target, or of the target: log or raw.", rich_help_panel=_FIT)
]
Draws = Annotated[int, typer.Option(help="Bootstrap refits; 0 for none.", rich_help_panel=_FIT)]
Starts = Annotated[int, typer.Option(help="Starts that must agree.", rich_help_panel=_FIT)]
Seed = Annotated[int, typer.Option(help="Seed of the resampling.", rich_help_panel=_FIT)]
Level = Annotated[float, typer.Option(help="Level of the intervals.", rich_help_panel=_FIT)]
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
    per_byte: bool = False,
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
    if per_byte:
        table = table.per_byte()
    for name, count in pairs(exclude_top, "--exclude-top").items():
        if not count.isdigit() or int(count) < 1:
            raise BadInput(f"--exclude-top {name}={count}: say how many rows, like {name}=5")
        table = table.exclude_top(**{name: int(count)}, reason=reason or "left out on the command line")
    if reason and not exclude_top:
        raise BadInput("--reason says why rows are left out, and none are; add --exclude-top QUANTITY=K")
    return table


def reduction(use: str | None, over: str | None) -> "Reduced":
    """Return the keyword arguments that say what of a table is fitted.

    Raises:
        BadInput: no such reduction, or --over without --use best.
    """
    from scalelaw.runs import SWEPT, Reduction

    if use is not None and use not in get_args(Reduction):
        raise UnknownName.among("reduction in --use", use, get_args(Reduction))
    if over and use != "best":
        raise BadInput("--over says what was swept, and nothing is chosen by it; add --use best")
    names = tuple(name.strip() for name in over.split(",") if name.strip()) if over else SWEPT
    return {"use": cast("Reduction | None", use), "over": names}


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


def show(result: Any, as_json: bool) -> None:
    """Print a result as text, or as the JSON of its ``to_dict``."""
    typer.echo(json.dumps(finite(result.to_dict()), indent=2) if as_json else str(result))


def finite(value: Any) -> Any:
    """Return a value with infinite and missing numbers as null, which JSON can hold."""
    if isinstance(value, Mapping):
        return {name: finite(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [finite(each) for each in value]
    if isinstance(value, float) and value - value != 0:
        return None
    return value
