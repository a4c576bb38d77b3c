"""``scalelaw benchmark`` and ``scalelaw calibrate``: score and calibrate forecasts on held-out larger runs."""

import datetime
import json as as_json
from typing import TYPE_CHECKING, Annotated

import typer

from scalelaw.cli._output import Json, echo, progress, show
from scalelaw.cli._places import check_writable
from scalelaw.core.files import write_whole
from scalelaw.core.reading import read_text

if TYPE_CHECKING:
    from scalelaw.workflows.benchmark.benchmark import Benchmark

Protocol = Annotated[str, typer.Argument(help="Tables, cuts, scores and baselines, as TOML.", metavar="PROTOCOL")]
Data = Annotated[str, typer.Option(help="Folder of the tables.", envvar="SCALELAW_DATA", metavar="FOLDER")]
Half = Annotated[str | None, typer.Option(help="Use one half of the sources.", metavar="development|left_out")]
Store = Annotated[
    str | None,
    typer.Option(help="Keep finished cases in this file; the same command continues from it.", metavar="FILE"),
]
Processes = Annotated[int | None, typer.Option(help="Cases in parallel; one per core unless given.", metavar="COUNT")]
Scores = Annotated[str | None, typer.Option("--to", help="Write every case and method to this CSV.", metavar="FILE")]
To = Annotated[str, typer.Option("--to", help="Write the calibration to this file.", metavar="FILE")]


def benchmark_command(
    protocol: Protocol,
    data: Data,
    half: Half = None,
    store: Store = None,
    processes: Processes = None,
    to: Scores = None,
    json: Json = False,
) -> None:
    """Score forecasts of held-out larger runs against baselines.

    A protocol names the tables, cuts, scores and baselines.
    """
    from scalelaw.core.nouns.spreadsheet import as_csv
    from scalelaw.core.nouns.tabular import columns_of
    from scalelaw.workflows.benchmark.tables import tidy as rows_of

    for path, name in ((store, "--store"), (to, "--to")):
        if path is not None:
            check_writable(path, name)
    found = _run(protocol, data, half, store, processes)
    show(found, json)
    if to is not None:
        write_whole(to, as_csv(columns_of(rows_of(found))))


def calibrate_command(
    protocol: Protocol,
    data: Data,
    to: To = "calibration.json",
    store: Store = None,
    processes: Processes = None,
    json: Json = False,
) -> None:
    """Calibrate the width of forecast intervals on held-out runs."""
    from scalelaw.core.digest import digest
    from scalelaw.forecasting.calibration import calibrate

    for path, name in ((store, "--store"), (to, "--to")):
        if path is not None:
            check_writable(path, name)
    found = _run(protocol, data, None, store, processes)
    known = calibrate(
        found.records(),
        protocol=digest(read_text(protocol)),
        date=datetime.datetime.now(datetime.UTC).date().isoformat(),
    )
    write_whole(to, as_json.dumps(known.to_dict(), indent=1) + "\n")
    if json:
        show(known, json)
    else:
        terms = ", ".join(f"{name} {value:.3g}" for name, value in known.terms.items())
        echo(f"{to}: {known.cases} cases of {len(known.sources)} sources; {terms}")


def _run(protocol: str, data: str, half: str | None, store: str | None, processes: int | None) -> "Benchmark":
    from scalelaw.workflows.benchmark.benchmark import benchmark
    from scalelaw.workflows.benchmark.protocol import read_protocol

    with progress("cases") as moved:
        return benchmark(read_protocol(protocol), data, half=half, store=store, processes=processes, progress=moved)
