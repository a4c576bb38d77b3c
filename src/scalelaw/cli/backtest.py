"""``scalelaw backtest``: how a law forecast the larger runs of a table."""

from scalelaw.cli import _options as options
from scalelaw.cli._groups import grouped
from scalelaw.cli._output import progress, show

TABLE = options.TableOptions()
FIX = options.FixOptions()
SEARCH = options.SearchOptions()
DRAWS = options.DrawOptions(draws=400)


@grouped
def backtest_command(
    file: options.File,
    law: options.LawName = "chinchilla",
    table: options.TableOptions = TABLE,
    held: options.FixOptions = FIX,
    search: options.SearchOptions = SEARCH,
    bootstrap: options.DrawOptions = DRAWS,
    json: options.Json = False,
) -> None:
    """Fit a law to the smaller runs and score it on the larger ones."""
    from scalelaw.backtesting.backtest import backtest

    runs, chosen = table.read(file), search.chosen() | held.chosen() | bootstrap.chosen()
    with progress("backtest") as moved:
        tested = backtest(law, runs, progress=moved, **table.reduced(), **chosen)
    show(tested, json)
