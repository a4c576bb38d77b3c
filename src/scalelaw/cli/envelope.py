"""``scalelaw envelope``: the best size from the lower envelope of training curves."""

from typing import Annotated

import typer

from scalelaw.cli import _isoflop
from scalelaw.cli._fitting import ResampleOptions
from scalelaw.cli._groups import grouped
from scalelaw.cli._output import Json, show
from scalelaw.cli._table import File, MappingOptions

Kind = Annotated[str, typer.Option(help="Kind of N, e.g. params_non_embedding.", metavar="KIND")]
Smooth = Annotated[int, typer.Option(help="Average this many readings before curves are compared.", metavar="WINDOW")]
MAPPING = MappingOptions()
DRAWS = ResampleOptions(draws=400)


@grouped
def envelope_command(
    file: File,
    params_kind: Kind = "params",
    smooth: Smooth = 1,
    target: _isoflop.Target = None,
    mapping: MappingOptions = MAPPING,
    bootstrap: ResampleOptions = DRAWS,
    json: Json = False,
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
