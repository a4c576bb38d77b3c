"""``scalelaw influence``: what a decision owes to single runs and to groups of them."""

from typing import TYPE_CHECKING, Annotated

import typer

from scalelaw.cli import _options as options
from scalelaw.cli._groups import grouped
from scalelaw.cli._output import show, write_figure

if TYPE_CHECKING:
    from scalelaw.fitting.spec import FitOptions

Quantity = Annotated[
    str,
    typer.Option(help="tokens_per_param, params, tokens or loss at --flops, or a coefficient.", metavar="QUANTITY"),
]
Flops = Annotated[
    str | None,
    typer.Option(help="Budget of the decision, e.g. 1e22; ten times the largest run unless given.", metavar="C"),
]
Rate = Annotated[
    float, typer.Option(help="Share of false flags to accept in the group.", parser=options.real, metavar="RATE")
]
Out = Annotated[str | None, typer.Option(help="Draw the figure into this file.", metavar="FIGURE.png")]
TABLE = options.TableOptions()
ONE = options.OneLawOptions()
SEARCH = options.SearchOptions()
_NO_DRAWS: "FitOptions" = {"draws": 0}


@grouped
def influence_command(
    file: options.File,
    law: options.LawName = "chinchilla",
    quantity: Quantity = "tokens_per_param",
    flops: Flops = None,
    rate: Rate = 0.05,
    table: options.TableOptions = TABLE,
    held: options.OneLawOptions = ONE,
    search: options.SearchOptions = SEARCH,
    out: Out = None,
    json: options.Json = False,
) -> None:
    """Leave each run out, find the group of runs that lie apart, and see what the decision becomes."""
    from scalelaw.fitting.checks.influence import influence
    from scalelaw.fitting.fit import fit_observations, make_spec
    from scalelaw.fitting.observe import observe

    if out is not None:
        options.check_figure(out, "--out")
    chosen, observed = observe(law, table.read(file), **table.reduced())
    found = influence(
        fit_observations(chosen, observed, make_spec(**(search.chosen() | held.chosen() | _NO_DRAWS))),
        quantity,
        flops=flops,
        rate=rate,
        at=held.values(),
    )
    write_figure("influence", found, out)
    show(found, json)
