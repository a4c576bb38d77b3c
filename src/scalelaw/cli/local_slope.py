"""``scalelaw local-slope``: why a curve falls as it does."""

from typing import Annotated

import typer

from scalelaw.cli import _options as options
from scalelaw.cli._groups import grouped
from scalelaw.cli._output import show

Along = Annotated[str, typer.Option(help="Quantity that was swept: tokens, or a kind of params.", metavar="QUANTITY")]
Floor = Annotated[
    float,
    typer.Option(help="Asymptote of this sweep, nats per token.", metavar="LOSS", parser=options.real),
]
TABLE = options.TableOptions()


@grouped
def local_slope_command(
    file: options.File,
    floor: Floor,
    along: Along = "tokens",
    table: options.TableOptions = TABLE,
    json: options.Json = False,
) -> None:
    """Find whether variance or resolution limits a sweep.

    A variance-limited sweep has exponent one (Bahri et al. 2021).
    """
    from scalelaw.diagnosing.slope_regimes import local_slope
    from scalelaw.fitting.observe import observe_rows

    said = table.reduced()
    rows = observe_rows(table.read(file), said["target"], said["use"], said["over"]).complete([along])
    show(local_slope(along, rows.inputs([along])[along], rows.y, floor), json)
