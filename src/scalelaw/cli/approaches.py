"""``scalelaw approaches``: the compute-optimal size by envelope, IsoFLOP and law, side by side."""

from typing import Annotated

import typer

from scalelaw.cli import _isoflop
from scalelaw.cli import _options as options
from scalelaw.cli._groups import grouped
from scalelaw.cli._output import show, write_figure

Flops = Annotated[
    str | None, typer.Option(help="Compute at which N* is told; ten times the largest run unless given.", metavar="C")
]
MAPPING = options.MappingOptions()
SWEEP = _isoflop.SweepOptions()
DRAWS = options.ResampleOptions()


@grouped
def approaches_command(
    file: options.File,
    flops: Flops = None,
    figure: _isoflop.Figure = None,
    target: _isoflop.Target = None,
    mapping: options.MappingOptions = MAPPING,
    sweep: _isoflop.SweepOptions = SWEEP,
    bootstrap: options.ResampleOptions = DRAWS,
    json: options.Json = False,
) -> None:
    """Compare the best size by all three of Chinchilla's approaches."""
    from scalelaw.allocation.three_approaches import approaches
    from scalelaw.runs.reading.load import load_runs

    if figure is not None:
        options.check_figure(figure, "--figure")
    found = approaches(load_runs(file, **mapping.arguments()), flops=flops, target=target, **sweep.chosen(bootstrap))
    write_figure("approaches", found, figure)
    show(found, json)
