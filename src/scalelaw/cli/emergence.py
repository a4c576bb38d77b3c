"""``scalelaw emergence``: whether a score rises smoothly with scale, breaks, or only looks as if it did."""

from typing import Annotated, Literal

import typer

from scalelaw.cli._groups import grouped
from scalelaw.cli._output import Json, show, write_figure
from scalelaw.cli._places import Figure, check_figure
from scalelaw.cli._table import File, MappingOptions

MAPPING = MappingOptions()


@grouped
def emergence_command(
    file: File,
    target: Annotated[str, typer.Option(help="The score or error to judge, e.g. score@gsm8k.", metavar="METRIC@SET")],
    continuous: Annotated[
        str | None,
        typer.Option(help="A continuous metric of the same items, e.g. logprob@gsm8k.", metavar="METRIC@SET"),
    ] = None,
    axis: Annotated[
        Literal["flops", "params", "tokens", "loss"] | None,
        typer.Option(help="The scale; the first of these that varies unless given."),
    ] = None,
    use: Annotated[
        Literal["endpoints", "best", "curves"], typer.Option(help="Which evaluations count; curves takes all.")
    ] = "endpoints",
    level: Annotated[
        str, typer.Option(help="Level of the onset's interval, between 0 and 1.", metavar="LEVEL")
    ] = "0.9",
    figure: Figure = None,
    mapping: MappingOptions = MAPPING,
    json: Json = False,
) -> None:
    """Check whether a score emerges, and why it seems to.

    Needs n_items of the score; several seeds, sizes with a loss, or a continuous metric decide more.
    """
    from scalelaw.core.numbers import parse_number
    from scalelaw.diagnosing.onsets.detect import emergence
    from scalelaw.runs.reading.load import load_runs

    if figure is not None:
        check_figure(figure, "--figure")
    table = load_runs(file, **mapping.arguments())
    found = emergence(table, target, continuous=continuous, axis=axis, use=use, level=parse_number(level))
    write_figure("emergence", found, figure)
    show(found, json)
