"""``scalelaw extrapolate``: the final loss of each run, from its losses so far."""

from typing import Annotated

import typer

from scalelaw.cli._groups import grouped
from scalelaw.cli._output import Json, show, write_figure
from scalelaw.cli._places import Figure, check_figure
from scalelaw.cli._table import File, MappingOptions

MAPPING = MappingOptions()


@grouped
def extrapolate_command(
    file: File,
    at: Annotated[
        str | None,
        typer.Option(help="Use only this share of each run, e.g. 1/3; all of it unless given.", metavar="SHARE"),
    ] = None,
    end: Annotated[
        str | None,
        typer.Option(help="Tokens or steps of a complete run, if no column has them.", metavar="NUMBER"),
    ] = None,
    schedule: Annotated[
        str | None,
        typer.Option(
            help="Learning rate schedule: constant, linear, cosine, wsd[decay=0.2], step[end=0.3,decay=0.4].",
            metavar="NAME",
        ),
    ] = None,
    target: Annotated[
        str | None, typer.Option(help="Forecast this metric, e.g. loss@c4.", metavar="METRIC@SET")
    ] = None,
    level: Annotated[str, typer.Option(help="Level of the intervals, between 0 and 1.", metavar="LEVEL")] = "0.9",
    figure: Figure = None,
    mapping: MappingOptions = MAPPING,
    json: Json = False,
) -> None:
    """Forecast the final loss of unfinished runs.

    Uses the losses so far and the planned learning rate of each run.
    """
    from scalelaw.core.numbers import parse_number
    from scalelaw.curves.extrapolation import extrapolate
    from scalelaw.runs.reading.load import load_runs

    if figure is not None:
        check_figure(figure, "--figure")
    found = extrapolate(
        load_runs(file, **mapping.arguments()),
        at=at,
        end=None if end is None else parse_number(end),
        schedule=schedule,
        target=target,
        level=parse_number(level),
    )
    write_figure("curves", found, figure)
    show(found, json)
