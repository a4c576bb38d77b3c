"""``scalelaw study``: fit, backtest, plan and figures of one table."""

from typing import Annotated

import typer

from scalelaw.cli import _options as options
from scalelaw.cli._groups import grouped
from scalelaw.cli._output import progress, show
from scalelaw.core.errors import BadInput

MaybeFile = Annotated[str | None, typer.Argument(help="CSV, TSV, JSON, JSONL or Parquet file of runs.", metavar="FILE")]
Flops = Annotated[
    str | None, typer.Option(help="Budget to plan for; ten times the dearest run unless given.", metavar="C")
]
Out = Annotated[str | None, typer.Option(help="Folder for the figures; none are drawn without it.", metavar="DIR")]
Demo = Annotated[bool, typer.Option("--demo", help="Study the shipped synthetic ladder instead of a file.")]
TABLE = options.TableOptions()
DRAWS = options.DrawOptions()


@grouped
def study_command(
    context: typer.Context,
    file: MaybeFile = None,
    law: options.LawName = "chinchilla",
    flops: Flops = None,
    out: Out = None,
    demo: Demo = False,
    table: options.TableOptions = TABLE,
    bootstrap: options.DrawOptions = DRAWS,
    json: options.Json = False,
) -> None:
    """Fit, backtest, plan and draw from one table, printed together."""
    if demo == (file is not None):
        raise BadInput("study takes either a FILE of runs or --demo; try: scalelaw study --demo")
    if out is not None:
        options.check_writable(out, "--out", folder=True)
    from scalelaw import datasets
    from scalelaw.workflows import study

    if file is None:
        given = options.names_of(options.TableOptions)
        options.refuse_with(context, given, "is for a FILE; the shipped ladder is read as it is")
        runs = datasets.load("synthetic-ladder")
    else:
        runs = table.read(file)
    with progress("backtest") as moved:
        found = study(runs, law=law, flops=flops, out=out, progress=moved, **table.reduced(), **bootstrap.chosen())
    show(found, json)
