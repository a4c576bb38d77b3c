"""``scalelaw approaches``: compares the best size by envelope, IsoFLOP and law."""

from scalelaw.cli import _isoflop
from scalelaw.cli._fitting import ResampleOptions
from scalelaw.cli._groups import grouped
from scalelaw.cli._output import Json, show, write_figure
from scalelaw.cli._places import Figure, check_figure
from scalelaw.cli._table import File, MappingOptions

MAPPING = MappingOptions()
SWEEP = _isoflop.SweepOptions()
DRAWS = ResampleOptions()


@grouped
def approaches_command(
    file: File,
    flops: _isoflop.Flops = None,
    figure: Figure = None,
    target: _isoflop.Target = None,
    mapping: MappingOptions = MAPPING,
    sweep: _isoflop.SweepOptions = SWEEP,
    bootstrap: ResampleOptions = DRAWS,
    json: Json = False,
) -> None:
    """Compare the best size by all three of Chinchilla's approaches."""
    from scalelaw.allocation.three_approaches import approaches
    from scalelaw.runs.reading.load import load_runs

    if figure is not None:
        check_figure(figure, "--figure")
    found = approaches(load_runs(file, **mapping.arguments()), flops=flops, target=target, **sweep.chosen(bootstrap))
    write_figure("approaches", found, figure)
    show(found, json)
