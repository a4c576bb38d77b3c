"""``scalelaw robustness``: the decision under every defensible choice."""

from typing import Annotated

import typer

from scalelaw.cli._deciding import OneLaw, OneLawOptions
from scalelaw.cli._fitting import DrawOptions, FixOptions, SearchOptions
from scalelaw.cli._groups import grouped
from scalelaw.cli._output import Json, show, write_figure
from scalelaw.cli._places import Figure, check_figure
from scalelaw.cli._table import File, TableOptions

Flops = Annotated[
    str | None, typer.Option(help="Budget to plan for, e.g. 1e22; ten times the largest run unless given.", metavar="C")
]
TABLE = TableOptions()
SEARCH = SearchOptions()
FIX = FixOptions()
DRAWS = DrawOptions(draws=200)


@grouped
def robustness_command(
    file: File,
    flops: Flops = None,
    law: OneLaw = None,
    table: TableOptions = TABLE,
    held: FixOptions = FIX,
    search: SearchOptions = SEARCH,
    bootstrap: DrawOptions = DRAWS,
    figure: Figure = None,
    json: Json = False,
) -> None:
    """Compare the plan under other defensible choices.

    The choices are loss functions, outlier rules, parameter countings, laws and priors.
    """
    from scalelaw.planning.robust import robustness

    if figure is not None:
        check_figure(figure, "--figure")
    OneLawOptions(held.fix).check(law)
    chosen = search.chosen() | held.chosen() | bootstrap.chosen()
    found = robustness(table.read(file), flops=flops, law=law, **table.reduced(), **chosen)
    write_figure("robustness", found, figure)
    show(found, json)
