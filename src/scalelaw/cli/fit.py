"""``scalelaw fit``: fits one law to one table."""

from typing import Annotated

import typer

from scalelaw.cli._fitting import DrawOptions, FixOptions, LawName, SearchOptions
from scalelaw.cli._groups import grouped
from scalelaw.cli._output import Json, Plot, show
from scalelaw.cli._output import plot as draw_points
from scalelaw.cli._places import check_writable
from scalelaw.cli._table import File, TableOptions

Save = Annotated[str | None, typer.Option(help="Save the fit with its draws.", metavar="FIT.json")]
From = Annotated[
    str | None, typer.Option("--from", help="Target that a law of a measured input takes.", metavar="METRIC@SET")
]
TABLE = TableOptions()
FIX = FixOptions()
SEARCH = SearchOptions()
DRAWS = DrawOptions()


@grouped
def fit_command(
    file: File,
    law: LawName = "chinchilla",
    from_: From = None,
    table: TableOptions = TABLE,
    held: FixOptions = FIX,
    search: SearchOptions = SEARCH,
    bootstrap: DrawOptions = DRAWS,
    save: Save = None,
    plot: Plot = None,
    json: Json = False,
) -> None:
    """Fit a law to runs: coefficients, intervals and exclusions."""
    from scalelaw.fitting.checks.suspects import compared
    from scalelaw.fitting.fit import fit_observations, make_spec
    from scalelaw.fitting.observe import observe

    if save is not None:
        check_writable(save, "--save")
    chosen, observed = observe(law, table.read(file), **table.reduced(), x=from_)
    result = fit_observations(chosen, observed, make_spec(**(search.chosen() | held.chosen() | bootstrap.chosen())))
    result = compared(result, observed, fit_observations)
    if save is not None:
        result.save(save)
    show(result, json)
    if not json:
        draw_points(observed, plot)
