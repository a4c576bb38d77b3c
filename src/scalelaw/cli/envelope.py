"""``scalelaw envelope``: the compute-optimal size read off the lower envelope of training curves."""

from typing import Annotated

import typer

from scalelaw.cli import _isoflop
from scalelaw.cli import _options as options
from scalelaw.cli._groups import grouped
from scalelaw.cli._output import show

Kind = Annotated[str, typer.Option(help="Which N, e.g. params_non_embedding.", metavar="KIND")]
Smooth = Annotated[int, typer.Option(help="Mean of so many values before curves are compared.", metavar="WINDOW")]
MAPPING = options.MappingOptions()
DRAWS = options.ResampleOptions(draws=400)


@grouped
def envelope_command(
    file: options.File,
    params_kind: Kind = "params",
    smooth: Smooth = 1,
    target: _isoflop.Target = None,
    mapping: options.MappingOptions = MAPPING,
    bootstrap: options.ResampleOptions = DRAWS,
    json: options.Json = False,
) -> None:
    """Find the best size from training curves (approach 1)."""
    from scalelaw.allocation.lower_envelope import envelope_observations
    from scalelaw.runs.reading.load import load_runs

    table = load_runs(file, **mapping.arguments())
    observed = (table.smooth(smooth) if smooth != 1 else table).curves(target)
    found = envelope_observations(
        observed, n=params_kind, draws=bootstrap.draws, seed=bootstrap.seed, level=bootstrap.level
    )
    show(found, json)
