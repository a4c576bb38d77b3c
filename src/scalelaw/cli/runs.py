"""``scalelaw runs``: lists, shows, checks and exports runs of any source; packs folders."""

import warnings
from typing import Annotated

import typer

from scalelaw.cli._command import Commands
from scalelaw.cli._groups import grouped
from scalelaw.cli._output import Json, echo, show
from scalelaw.cli._places import check_writable
from scalelaw.cli._stdin import STDIN
from scalelaw.cli._table import MappingOptions
from scalelaw.core.numbers import counted

MAPPING = MappingOptions()

app = Commands(no_args_is_help=True, help="List, show, check, export and pack runs.")

Source = Annotated[
    str,
    typer.Argument(help="File of runs or folder of recorded runs; - for stdin.", metavar="SOURCE", parser=STDIN.path),
]
Run = Annotated[str, typer.Argument(help="Name of a run or its first letters.", metavar="RUN")]
Folder = Annotated[str, typer.Argument(help="Folder of runs.", metavar="FOLDER")]
Packed = Annotated[str, typer.Argument(help="File that `runs pack` wrote.", metavar="FILE")]
ToFile = Annotated[str, typer.Option("--to", help="File to write.", metavar="FILE")]
ToFolder = Annotated[str, typer.Option("--out", help="Folder to create; it must be new or empty.", metavar="FOLDER")]
Out = Annotated[str, typer.Argument(help="File to write: .csv, .jsonl or .parquet.", metavar="FILE")]


@app.command("list")
@grouped
def list_command(
    source: Source,
    mapping: MappingOptions = MAPPING,
    json: Json = False,
) -> None:
    """List the runs with size, tokens, state and last losses."""
    from scalelaw.runs.listing import list_runs
    from scalelaw.runs.reading.load import load_runs

    show(list_runs(load_runs(source, **mapping.arguments())), json)


@app.command("show")
@grouped
def show_command(
    source: Source,
    run: Run,
    mapping: MappingOptions = MAPPING,
    json: Json = False,
) -> None:
    """Show one run: its settings and every evaluation."""
    from scalelaw.runs.listing import show_run
    from scalelaw.runs.reading.load import load_runs

    show(show_run(load_runs(source, **mapping.arguments()), run), json)


@app.command("check")
@grouped
def check_command(
    source: Source,
    mapping: MappingOptions = MAPPING,
    json: Json = False,
) -> None:
    """Check the runs and list each finding with its fix.

    The exit status is 2 if a finding refuses the runs or asks a question, 0 otherwise.
    """
    from scalelaw.core.errors import ScalelawWarning
    from scalelaw.diagnosing.under_tuned import check_tuning
    from scalelaw.fitting.checks.suspects import unsuspected
    from scalelaw.runs.review import review_runs
    from scalelaw.workflows.study.fittable import with_refusals
    from scalelaw.workflows.study.suspects import compared

    review = review_runs(source, **mapping.arguments())
    losses = [target for target in review.usable if target.partition("@")[0] == "loss"]
    if review.table is not None and not review.stopped:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ScalelawWarning)  # they are findings of the review
            for target in losses:
                ends = review.table.endpoints(target)
                review = review.adding(check_tuning(unsuspected(ends) if ends.suspects else ends))
        review = with_refusals(compared(review))
    show(review, json)
    if review.stopped:
        raise typer.Exit(2)


@app.command("export")
@grouped
def export_command(
    source: Source,
    out: Out,
    mapping: MappingOptions = MAPPING,
) -> None:
    """Write the runs to a CSV, JSON lines or Parquet file."""
    from scalelaw.runs.export import export_runs
    from scalelaw.runs.reading.load import load_runs

    rows = export_runs(load_runs(source, **mapping.arguments()), out)
    echo(f"{out}: {counted(rows, 'row')}")


@app.command("pack")
def pack_command(folder: Folder, to: ToFile, json: Json = False) -> None:
    """Pack a folder of runs into one file.

    The file holds corpus, checkpoints and ladder too, so that `scalelaw ladder run` continues from it elsewhere.
    """
    from scalelaw.runs.storing.pack import pack_runs

    check_writable(to, "--to")
    show(pack_runs(folder, to), json)


@app.command("unpack")
def unpack_command(file: Packed, out: ToFolder, json: Json = False) -> None:
    """Unpack a packed file into a folder and verify every file."""
    from scalelaw.runs.storing.pack import unpack_runs

    check_writable(out, "--out", folder=True)
    show(unpack_runs(file, out), json)
