"""``scalelaw watch``: compares a run in training with its frozen forecast."""

import time
import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer

from scalelaw.cli._groups import grouped
from scalelaw.cli._output import Json, echo, show
from scalelaw.cli._stdin import STDIN
from scalelaw.cli._table import MappingOptions
from scalelaw.cli._values import real
from scalelaw.core.errors import BadInput, BadTable, ScalelawWarning

if TYPE_CHECKING:
    from scalelaw.curves.watching import Watch

MAPPING = MappingOptions()

File = Annotated[
    str,
    typer.Argument(help="A frozen forecast or a registry; - for stdin.", metavar="FORECAST.json", parser=STDIN.path),
]
Log = Annotated[str, typer.Option(help="Log of the run: JSON lines or CSV, or its folder.", metavar="RUN.jsonl")]
Once = Annotated[bool, typer.Option("--once", help="Look once instead of following the run to its end.")]
Every = Annotated[float, typer.Option(help="Seconds between looks.", parser=real, metavar="S")]
Run = Annotated[str | None, typer.Option(help="Run of the log.", metavar="NAME")]
Entry = Annotated[str | None, typer.Option(help="Forecast by number or digest.", metavar="ENTRY")]
End = Annotated[str | None, typer.Option(help="Steps of the complete run, for logs without tokens.", metavar="NUMBER")]
How = Annotated[
    str | None, typer.Option(help="Learning rate schedule: cosine, wsd[decay=0.2], constant, ...", metavar="NAME")
]
Level = Annotated[float, typer.Option(help="Level of the intervals, between 0 and 1.", parser=real, metavar="LEVEL")]


@grouped
def watch_command(
    file: File,
    log: Log,
    once: Once = False,
    every: Every = 10.0,
    run: Run = None,
    entry: Entry = None,
    end: End = None,
    schedule: How = None,
    level: Level = 0.9,
    mapping: MappingOptions = MAPPING,
    json: Json = False,
) -> None:
    """Watch a run in training against its frozen forecast.

    Reports whether the loss is inside the frozen band, where the run will end, and whether to continue. Without --once
    it prints a line whenever the log has grown, and the full report at the end of the run.
    """
    from scalelaw.core.numbers import parse_number
    from scalelaw.curves.live_log import read_log
    from scalelaw.curves.watching import watch
    from scalelaw.registry.log import read_forecasts

    if not every > 0:
        raise BadInput(f"--every must be positive, got {every:g}")
    forecast = read_forecasts(file).find(entry)
    stop = None if end is None else parse_number(end)

    def look() -> "Watch":
        table = read_log(log, **mapping.arguments())
        return watch(forecast, table, run=run, end=stop, schedule=schedule, level=level)

    if once or json:
        show(look(), json)
        return
    show(_followed(look, every), json)


def _followed(look: Callable[[], "Watch"], every: float) -> "Watch":
    """Look repeatedly, print each line that differs from the last, and return the last look."""
    seen, found = "", None
    while True:
        with warnings.catch_warnings():
            if seen:
                warnings.simplefilter("ignore", ScalelawWarning)
            try:
                found = look()
                line = found.line()
            except BadTable as error:
                if error.findings:
                    raise
                line = f"waiting: {error}"
        if line != seen:
            echo(line)
        if found is not None and found.advice == "score":
            return found
        seen = line
        time.sleep(every)
