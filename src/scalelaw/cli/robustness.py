"""``scalelaw robustness``: the same decision under every defensible choice."""

from typing import Annotated

import typer

from scalelaw.cli import _options as options
from scalelaw.cli._groups import grouped
from scalelaw.cli._output import show, write_figure

Flops = Annotated[
    str | None, typer.Option(help="Budget to plan for, e.g. 1e22; ten times the largest run unless given.", metavar="C")
]
Out = Annotated[str | None, typer.Option(help="Draw the figure into this file.", metavar="FIGURE.png")]
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
    out: Out = None,
    json: options.Json = False,
) -> None:
    """Plan a budget under other loss functions, outlier policies, countings, laws and priors, and see who agrees."""
    from scalelaw.planning.robust import robustness

    if out is not None:
        options.check_figure(out, "--out")
    options.OneLawOptions(held.fix).check(law)
    chosen = search.chosen() | held.chosen() | bootstrap.chosen()
    found = robustness(table.read(file), flops=flops, law=law, **table.reduced(), **chosen)
    write_figure("robustness", found, out)
    show(found, json)
