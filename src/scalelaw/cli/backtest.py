"""``scalelaw backtest``: scores the forecasts of a law on the larger runs of a table."""

from scalelaw.cli._fitting import DrawOptions, FixOptions, LawName, SearchOptions
from scalelaw.cli._groups import grouped
from scalelaw.cli._output import Json, progress, show
from scalelaw.cli._table import File, TableOptions

TABLE = TableOptions()
FIX = FixOptions()
SEARCH = SearchOptions()
DRAWS = DrawOptions(draws=400)


@grouped
def backtest_command(
    file: File,
    law: LawName = "chinchilla",
    table: TableOptions = TABLE,
    held: FixOptions = FIX,
    search: SearchOptions = SEARCH,
    bootstrap: DrawOptions = DRAWS,
    json: Json = False,
) -> None:
    """Fit a law to the smaller runs and score it on the larger ones."""
    from scalelaw.backtesting.backtest import backtest

    runs, chosen = table.read(file), search.chosen() | held.chosen() | bootstrap.chosen()
    with progress("backtest") as moved:
        tested = backtest(law, runs, progress=moved, **table.reduced(), **chosen)
    show(tested, json)
