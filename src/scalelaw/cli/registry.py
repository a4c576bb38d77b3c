"""``scalelaw registry``: freezes forecasts before their runs, verifies and scores them."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from scalelaw.cli._command import Commands
from scalelaw.cli._fitting import DrawOptions, FixOptions, SearchOptions
from scalelaw.cli._given import names_of, refuse_with
from scalelaw.cli._groups import grouped
from scalelaw.cli._output import Json, show
from scalelaw.cli._places import check_writable
from scalelaw.cli._source import Source, known
from scalelaw.cli._stdin import STDIN
from scalelaw.cli._table import MappingOptions, TableOptions
from scalelaw.cli._values import pairs
from scalelaw.core.errors import BadInput

if TYPE_CHECKING:
    from scalelaw.core.forecaster import Forecaster
    from scalelaw.fitting.spec import FitOptions
    from scalelaw.runs.table import RunTable

TABLE = TableOptions()
FIX = FixOptions()
MAPPING = MappingOptions()
SEARCH = SearchOptions()
DRAWS = DrawOptions()

app = Commands(no_args_is_help=True, help="Freeze, list, verify and score forecasts.")

Place = Annotated[
    str, typer.Argument(help="A frozen forecast or a registry; - for stdin.", metavar="FILE", parser=STDIN.path)
]
Params = Annotated[str | None, typer.Option(help="Size of the run, e.g. 7B.", metavar="N")]
Tokens = Annotated[str | None, typer.Option(help="Tokens of the run, e.g. 1T.", metavar="D")]
Flops = Annotated[str | None, typer.Option(help="Compute of the run, e.g. 4e22.", metavar="C")]
At = Annotated[list[str] | None, typer.Option(help="Other quantity of the run.", metavar="QUANTITY=VALUE")]
Run = Annotated[str | None, typer.Option(help="Name of the run.", metavar="NAME")]
Say = Annotated[
    list[str] | None,
    typer.Option(help="Condition that the run must share, e.g. tokenizer=gpt2.", metavar="CONDITION=VALUE"),
]
To = Annotated[str | None, typer.Option(help="File to write; forecast.json unless given.", metavar="FORECAST.json")]
Into = Annotated[
    str | None, typer.Option("--registry", help="Append the forecast to this registry.", metavar="FORECASTS.jsonl")
]
Entry = Annotated[str | None, typer.Option(help="Forecast by number or digest.", metavar="ENTRY")]
Head = Annotated[str | None, typer.Option(help="Digest that was published.", metavar="DIGEST")]
Law = Annotated[
    str | None,
    typer.Option("--law", help="Forecast by this law alone; by the ensemble unless given.", metavar="NAME|FORMULA"),
]
Measured = Annotated[
    str, typer.Argument(help="Runs, with the one that was forecast; - for stdin.", metavar="RUNS", parser=STDIN.path)
]


@app.command("freeze")
@grouped
def freeze_command(
    context: typer.Context,
    source: Source,
    params: Params = None,
    tokens: Tokens = None,
    flops: Flops = None,
    at: At = None,
    run: Run = None,
    say: Say = None,
    to: To = None,
    registry: Into = None,
    law: Law = None,
    table: TableOptions = TABLE,
    held: FixOptions = FIX,
    search: SearchOptions = SEARCH,
    bootstrap: DrawOptions = DRAWS,
    json: Json = False,
) -> None:
    """Freeze the forecast of a run before it is trained.

    One seal covers intervals, inputs, law, code version and time.
    """
    from scalelaw.registry.freezing import freeze
    from scalelaw.registry.log import register_forecast

    place = to if to is not None or registry is not None else "forecast.json"
    if place is not None:
        check_writable(place, "--to")
        if Path(place).exists():
            raise BadInput(f"--to {place}: the file exists, and frozen forecasts are never overwritten; name another")
    if registry is not None:
        check_writable(registry, "--registry")
    named = {"params": params, "tokens": tokens, "flops": flops}
    point = {name: value for name, value in named.items() if value is not None}
    others = pairs(at, "--at")
    if twice := next((name for name in others if name in point), None):
        raise BadInput(f"{twice} is given by both --{twice} and --at; keep one")
    point |= others
    forecaster: Forecaster | None = known(source)
    runs: RunTable | None = None
    if forecaster is None:
        runs = table.read(source)
        forecaster = _made(context, runs, table, law, {**search.chosen(), **held.chosen(), **bootstrap.chosen()})
    else:
        groups = (TableOptions, FixOptions, SearchOptions, DrawOptions)
        why = f"applies to tables only; {source} is already fitted"
        refuse_with(context, ("law", *names_of(*groups)), why)
    conditions = pairs(say, "--say")
    frozen = freeze(forecaster, run=run or "", conditions=conditions, runs=runs, **point)
    if place is not None:
        frozen.save(place)
    if registry is not None:
        register_forecast(frozen, registry)
    show(frozen, json)


def _made(
    context: typer.Context, runs: "RunTable", table: TableOptions, law: str | None, chosen: "FitOptions"
) -> "Forecaster":
    """Fit one law, or the ensemble if no law is given."""
    from scalelaw.fitting.fit import fit_observations, make_spec
    from scalelaw.fitting.observe import observe
    from scalelaw.forecasting.forecast import forecast

    if law is not None:
        of_law, observed = observe(law, runs, **table.reduced())
        return fit_observations(of_law, observed, make_spec(**chosen))
    own = (*names_of(SearchOptions), "intervals", "level", "draws")
    refuse_with(context, own, "applies to one law; name it with --law")
    return forecast(runs, **table.reduced(), seed=chosen["seed"])


@app.command("list")
def list_command(file: Place, json: Json = False) -> None:
    """List the forecasts of a registry and its head digest."""
    from scalelaw.registry.log import read_forecasts

    show(read_forecasts(file), json)


@app.command("verify")
def verify_command(file: Place, head: Head = None, json: Json = False) -> None:
    """Verify that a forecast or registry was not changed.

    The exit status is 1 if it was.
    """
    from scalelaw.registry.log import verify_forecasts

    found = verify_forecasts(file, head=head)
    show(found, json)
    if not found.holds:
        raise typer.Exit(1)


@app.command("score")
@grouped
def score_command(
    file: Place,
    runs: Measured,
    run: Run = None,
    say: Say = None,
    entry: Entry = None,
    mapping: MappingOptions = MAPPING,
    json: Json = False,
) -> None:
    """Score a frozen forecast on its run.

    Prints the error and whether each interval held, or why run and forecast do not compare.
    """
    from scalelaw.registry.log import read_forecasts
    from scalelaw.registry.score import score_forecast
    from scalelaw.runs.reading.load import load_runs

    forecast = read_forecasts(file).find(entry)
    table = load_runs(runs, **mapping.arguments())
    show(score_forecast(forecast, table, run=run, says=pairs(say, "--say")), json)
