"""``scalelaw influence``: how much a decision depends on single runs and on groups of runs."""

from typing import TYPE_CHECKING, Annotated

import typer

from scalelaw.cli._deciding import OneLawOptions
from scalelaw.cli._fitting import LawName, SearchOptions
from scalelaw.cli._groups import grouped
from scalelaw.cli._output import Json, show, write_figure
from scalelaw.cli._places import Figure, check_figure
from scalelaw.cli._table import File, TableOptions
from scalelaw.cli._values import real

if TYPE_CHECKING:
    from scalelaw.fitting.spec import FitOptions

Quantity = Annotated[
    str,
    typer.Option(
        help="Quantity to decide: tokens_per_param, params, tokens or loss at --flops, or a coefficient.",
        metavar="QUANTITY",
    ),
]
Flops = Annotated[
    str | None,
    typer.Option(help="Budget of the decision, e.g. 1e22; ten times the largest run unless given.", metavar="C"),
]
Rate = Annotated[
    float, typer.Option(help="False discovery rate of the group of outlying runs.", parser=real, metavar="RATE")
]
TABLE = TableOptions()
ONE = OneLawOptions()
SEARCH = SearchOptions()
_NO_DRAWS: "FitOptions" = {"draws": 0}


@grouped
def influence_command(
    file: File,
    law: LawName = "chinchilla",
    quantity: Quantity = "tokens_per_param",
    flops: Flops = None,
    rate: Rate = 0.05,
    table: TableOptions = TABLE,
    held: OneLawOptions = ONE,
    search: SearchOptions = SEARCH,
    figure: Figure = None,
    json: Json = False,
) -> None:
    """Find the runs that change a decision most.

    Leaves out each run, and the group of runs that lie apart, and plans again.
    """
    from scalelaw.fitting.checks.influence import influence
    from scalelaw.fitting.fit import fit_observations, make_spec
    from scalelaw.fitting.observe import observe

    if figure is not None:
        check_figure(figure, "--figure")
    chosen, observed = observe(law, table.read(file), **table.reduced())
    found = influence(
        fit_observations(chosen, observed, make_spec(**(search.chosen() | held.chosen() | _NO_DRAWS))),
        quantity,
        flops=flops,
        rate=rate,
        at=held.values(),
    )
    write_figure("influence", found, figure)
    show(found, json)
