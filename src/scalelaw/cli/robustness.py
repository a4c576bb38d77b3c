"""``scalelaw robustness``: the same decision under every defensible choice."""

from typing import Annotated

import typer

from scalelaw.cli import _options as options
from scalelaw.cli._groups import grouped
from scalelaw.cli._isoflop import Figure
from scalelaw.cli._output import show, write_figure

Flops = Annotated[
    str | None, typer.Option(help="Budget to plan for, e.g. 1e22; ten times the largest run unless given.", metavar="C")
]
TABLE = options.TableOptions()
SEARCH = options.SearchOptions()
FIX = options.FixOptions()
DRAWS = options.DrawOptions(draws=200)


@grouped
def robustness_command(
    file: options.File,
    flops: Flops = None,
    law: options.OneLaw = None,
    table: options.TableOptions = TABLE,
    held: options.FixOptions = FIX,
    search: options.SearchOptions = SEARCH,
    bootstrap: options.DrawOptions = DRAWS,
    figure: Figure = None,
    json: options.Json = False,
) -> None:
    """Compare the plan under other defensible choices.

    The choices are loss functions, outlier rules, parameter countings, laws and priors.
    """
    from scalelaw.planning.robust import robustness

    if figure is not None:
        options.check_figure(figure, "--figure")
    options.OneLawOptions(held.fix).check(law)
    chosen = search.chosen() | held.chosen() | bootstrap.chosen()
    found = robustness(table.read(file), flops=flops, law=law, **table.reduced(), **chosen)
    write_figure("robustness", found, figure)
    show(found, json)
