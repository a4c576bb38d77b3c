"""``scalelaw ladder``: designs, shows and trains ladders of small runs, and lists recipes."""

import os
from typing import TYPE_CHECKING, Annotated

import typer

from scalelaw.cli import sweep, tune
from scalelaw.cli._command import Commands
from scalelaw.cli._groups import grouped
from scalelaw.cli._output import Json, echo, show
from scalelaw.cli._places import check_writable
from scalelaw.cli._values import real
from scalelaw.core.errors import BadInput, BadNumber
from scalelaw.core.numbers import parse_number

if TYPE_CHECKING:
    from scalelaw.designing.assumed import Assumption

app = Commands(no_args_is_help=True, help="Design, train and tune ladders of small runs.")


def _flops(text: str | float) -> float:
    """Return a compute in FLOP, for the ``parser`` of an option."""
    try:
        return parse_number(text, "flops")
    except BadNumber as error:
        raise typer.BadParameter(str(error)) from error


File = Annotated[str, typer.Argument(help="The ladder.toml, or its folder.", metavar="LADDER.toml")]
Target = Annotated[float, typer.Option(help="Compute of the run to forecast, e.g. 1e22.", parser=_flops, metavar="C")]
OtherTarget = Annotated[
    float | None,
    typer.Option(
        "--target", help="Compute of the run to forecast; the ladder's own unless given.", parser=_flops, metavar="C"
    ),
]
Width = Annotated[
    str, typer.Option(help="Precision: half the interval of the forecast, over the loss.", metavar="SHARE")
]
Device = Annotated[
    str | None,
    typer.Option(help="Device to train on: cpu (one core), h100, ...; by the target unless given.", metavar="NAME"),
]
Workers = Annotated[int, typer.Option(help="Devices that train in parallel.", metavar="N")]
Assume = Annotated[
    str | None,
    typer.Option(help="Law and noise to assume: a saved fit, a published law, or cpu-text.",
                 metavar="FIT.json|LAW@SOURCE|cpu-text"),
]  # fmt: skip
Level = Annotated[float, typer.Option(help="Level of the interval, between 0 and 1.", parser=real, metavar="SHARE")]
Like = Annotated[str | None, typer.Option(help="Use shapes, recipe and data of this ladder.", metavar="LADDER.toml")]
To = Annotated[str | None, typer.Option(help="Write the ladder.toml to this file.", metavar="FILE")]
Name = Annotated[str | None, typer.Argument(help="Recipe to show with its constants and sources.", metavar="NAME")]


@app.command("design")
@grouped
def design_command(
    target: Target,
    half_width: Width = "2%",
    device: Device = None,
    workers: Workers = 1,
    assume: Assume = None,
    level: Level = "0.9",  # type: ignore[assignment]
    like: Like = None,
    to: To = None,
    json: Json = False,
) -> None:
    """Find the cheapest ladder that reaches a requested precision.

    The precision is that of the forecast of a large run. Nothing is trained.
    """
    from scalelaw.designing.cheapest import design
    from scalelaw.ladder import Ladder
    from scalelaw.runs.schedule import parse_share

    if to is not None:
        check_writable(to, "--to")
    found = design(
        target,
        parse_share(half_width, "--half-width"),
        device=device,
        workers=workers,
        level=level,
        assume=_assumed(assume),
        like=None if like is None else Ladder.load(like),
    )
    show(found, json)
    if to is not None:
        found.ladder.save(to)
        if not json:
            echo(f"\n{to} written; edit it, then `scalelaw ladder dry-run {to}`")


@app.command("show")
@grouped
def show_command(file: File, json: Json = False) -> None:
    """Show the rungs of a ladder with exact counts and horizons."""
    from scalelaw.ladder import Ladder

    show(Ladder.load(file), json)


@app.command("dry-run")
@grouped
def dry_run_command(
    file: File,
    device: Device = "cpu",
    workers: Workers = 1,
    target: OtherTarget = None,
    assume: Assume = None,
    level: Level = "0.9",  # type: ignore[assignment]
    json: Json = False,
) -> None:
    """Estimate what a ladder costs and how precise its forecast is."""
    from scalelaw.designing.half_width import expected_half_width
    from scalelaw.ladder import Ladder

    ladder = Ladder.load(file)
    sure = expected_half_width(ladder, target=target, assume=_assumed(assume), level=level)
    show(ladder.dry_run(device or "cpu", workers=workers, forecast=sure), json)


app.command("run")(sweep.run_command)
app.command("tune")(tune.tune_command)


@app.command("recipes")
@grouped
def recipes_command(name: Name = None, json: Json = False) -> None:
    """List the recipes, or show the constants of one."""
    from scalelaw.ladder import list_recipes, recipe

    show(list_recipes() if name is None else recipe(name), json)


def _assumed(text: str | None) -> "Assumption | None":
    """Load a saved fit; return any other name unchanged.

    Raises:
        BadInput: the file is not a saved fit.
    """
    if text is None or not os.path.exists(text):
        return text
    from scalelaw.core.reading import is_fit
    from scalelaw.fitting.files import load_fit

    if not is_fit(text):
        raise BadInput(f"--assume {text}: not a saved fit; write one with `scalelaw fit RUNS --save fit.json`")
    return load_fit(text)
