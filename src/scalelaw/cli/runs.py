"""``scalelaw runs``: list, show, check and export the runs of any source that can be loaded."""

from typing import TYPE_CHECKING, Annotated

import typer

from scalelaw.cli import _options as options

if TYPE_CHECKING:
    from scalelaw.runs import RunTable

app = typer.Typer(no_args_is_help=True, help="List, show, check and export runs: files, or folders that record wrote.")

Source = Annotated[str, typer.Argument(help="File of runs, or folder of recorded runs.", metavar="SOURCE")]
Run = Annotated[str, typer.Argument(help="Name of a run, or how it begins.", metavar="RUN")]
Out = Annotated[str, typer.Argument(help="File to write: .csv, .jsonl or .parquet.", metavar="OUT")]


@app.command("list")
def list_command(
    source: Source,
    column: options.Columns = None,
    unit: options.Units = None,
    derive: options.Derive = None,
    json: options.Json = False,
) -> None:
    """List the runs, one line each: size, tokens, state, the last value of each target."""
    from scalelaw.runs.listing import list_runs

    options.show(list_runs(_load(source, column, unit, derive)), json)


@app.command("show")
def show_command(
    source: Source,
    run: Run,
    column: options.Columns = None,
    unit: options.Units = None,
    derive: options.Derive = None,
    json: options.Json = False,
) -> None:
    """Show one run: what was chosen, and every evaluation."""
    from scalelaw.runs.listing import show_run

    options.show(show_run(_load(source, column, unit, derive), run), json)


@app.command("check")
def check_command(
    source: Source,
    column: options.Columns = None,
    unit: options.Units = None,
    derive: options.Derive = None,
    json: options.Json = False,
) -> None:
    """Check the runs: every finding with code, grade and fix. Status 2 where one refuses or asks, 0 otherwise."""
    from scalelaw.runs import review_runs

    review = review_runs(
        source,
        columns=options.pairs(column, "--column"),
        units=options.pairs(unit, "--unit"),
        derive=options.pairs(derive, "--derive"),
    )
    options.show(review, json)
    if review.stopped:
        raise typer.Exit(2)


@app.command("export")
def export_command(
    source: Source,
    out: Out,
    column: options.Columns = None,
    unit: options.Units = None,
    derive: options.Derive = None,
) -> None:
    """Write the runs to a CSV, JSON lines or Parquet file that loads as the same table."""
    from scalelaw.runs import export_runs

    rows = export_runs(_load(source, column, unit, derive), out)
    typer.echo(f"{out}: {rows} rows")


def _load(source: str, column: list[str] | None, unit: list[str] | None, derive: list[str] | None) -> "RunTable":
    return options.read_table(
        source, columns=column, units=unit, derive=derive, exclude_top=None, reason=None, strict=False
    )
