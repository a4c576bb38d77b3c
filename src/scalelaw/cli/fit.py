"""``scalelaw fit``: one law, one table, coefficients with intervals."""

from typing import Annotated

import typer

from scalelaw.cli import _options as options
from scalelaw.cli._groups import grouped
from scalelaw.cli._output import plot as draw_points
from scalelaw.cli._output import show

Save = Annotated[str | None, typer.Option(help="Write the fit, draws included.", metavar="FIT.json")]
TABLE = options.TableOptions()
FIX = options.FixOptions()
SEARCH = options.SearchOptions()
DRAWS = options.DrawOptions()


@grouped
def fit_command(
    file: options.File,
    law: options.LawName = "chinchilla",
    table: options.TableOptions = TABLE,
    held: options.FixOptions = FIX,
    search: options.SearchOptions = SEARCH,
    bootstrap: options.DrawOptions = DRAWS,
    save: Save = None,
    plot: options.Plot = None,
    json: options.Json = False,
) -> None:
    """Fit a law to runs: coefficients, intervals and exclusions."""
    from scalelaw.fitting.checks.suspects import compared
    from scalelaw.fitting.fit import fit_observations, make_spec
    from scalelaw.fitting.observe import observe

    if save is not None:
        options.check_writable(save, "--save")
    chosen, observed = observe(law, table.read(file), **table.reduced())
    result = fit_observations(chosen, observed, make_spec(**(search.chosen() | held.chosen() | bootstrap.chosen())))
    result = compared(result, observed, fit_observations)
    if save is not None:
        result.save(save)
    show(result, json)
    if not json:
        draw_points(observed, plot)
