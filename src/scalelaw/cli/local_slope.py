"""``scalelaw local-slope``: whether variance or resolution limits a sweep."""

from typing import Annotated

import typer

from scalelaw.cli._groups import grouped
from scalelaw.cli._output import Json, show
from scalelaw.cli._table import File, TableOptions
from scalelaw.cli._values import real

Along = Annotated[str, typer.Option(help="Quantity that was swept: tokens or a kind of params.", metavar="QUANTITY")]
Floor = Annotated[
    float,
    typer.Option(help="Asymptote of the sweep, nats per token.", metavar="LOSS", parser=real),
]
TABLE = TableOptions()


@grouped
def local_slope_command(
    file: File,
    floor: Floor,
    along: Along = "tokens",
    table: TableOptions = TABLE,
    json: Json = False,
) -> None:
    """Find whether variance or resolution limits a sweep.

    A variance-limited sweep has exponent one (Bahri et al. 2021).
    """
    from scalelaw.diagnosing.slope_regimes import local_slope
    from scalelaw.fitting.observe import observe_rows

    chosen = table.reduced()
    rows = observe_rows(table.read(file), chosen["target"], chosen["use"], chosen["over"]).complete([along])
    show(local_slope(along, rows.inputs([along])[along], rows.y, floor), json)
