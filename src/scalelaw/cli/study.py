"""``scalelaw study`` and ``scalelaw report``: decide from one table, as text or as a page."""

import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from scalelaw.cli._deciding import OneLaw, OneLawOptions, PriorName, given_of
from scalelaw.cli._fitting import DrawOptions
from scalelaw.cli._given import names_of, refuse_with
from scalelaw.cli._groups import grouped
from scalelaw.cli._output import Json, Plot, Verbose, echo, progress, show
from scalelaw.cli._output import plot as draw_points
from scalelaw.cli._places import check_writable
from scalelaw.cli._stdin import STDIN
from scalelaw.cli._table import TableOptions, words_of
from scalelaw.core.errors import BadInput
from scalelaw.core.plain_text import printable_line

if TYPE_CHECKING:
    from scalelaw.workflows.study.study import Study

MaybeFile = Annotated[
    str | None,
    typer.Argument(
        help="Runs, - for stdin; the project of this folder unless given.", metavar="FILE", parser=STDIN.path
    ),
]
Flops = Annotated[
    str | None, typer.Option(help="Budget to plan for; ten times the largest run unless given.", metavar="C")
]
Out = Annotated[
    str | None, typer.Option(help="Folder for figures; by default the project's, or none.", metavar="FOLDER")
]
Page = Annotated[str, typer.Option("--to", help="HTML file to write.", metavar="FILE")]
Demo = Annotated[bool, typer.Option("--demo", help="Study the shipped synthetic ladder instead of a file.")]
_PROJECT = "scalelaw.toml"
_PAGE = "report.html"
TABLE = TableOptions()
ONE = OneLawOptions()
DRAWS = DrawOptions()


@grouped
def study_command(
    context: typer.Context,
    file: MaybeFile = None,
    law: OneLaw = None,
    flops: Flops = None,
    prior: PriorName = None,
    out: Out = None,
    demo: Demo = False,
    verbose: Verbose = False,
    table: TableOptions = TABLE,
    one: OneLawOptions = ONE,
    bootstrap: DrawOptions = DRAWS,
    plot: Plot = None,
    json: Json = False,
) -> None:
    """Decide what to train next, from one table of runs.

    Six lines answer; --verbose adds the laws, the fit and the rows read.
    """
    if out is not None:
        check_writable(out, "--out", folder=True)
    if _of_project(context, file, demo, ("law", "flops", "prior")):
        study_project(json, verbose, out)
    else:
        found = _studied(context, file, (law, flops, prior), table, one, bootstrap, out=out)
        show(replace(found, verbose=verbose), json)
        if not json:
            draw_points(found.observed, plot)


@grouped
def report_command(
    context: typer.Context,
    file: MaybeFile = None,
    to: Page = _PAGE,
    law: OneLaw = None,
    flops: Flops = None,
    prior: PriorName = None,
    demo: Demo = False,
    table: TableOptions = TABLE,
    one: OneLawOptions = ONE,
    bootstrap: DrawOptions = DRAWS,
) -> None:
    """Write the study as one HTML page.

    The page needs no other files. Its first screen is for the person who decides.
    """
    from scalelaw.workflows.project.project import load_project
    from scalelaw.workflows.study.report import report

    check_writable(to, "--to")
    if _of_project(context, file, demo, ("law", "flops", "prior")):
        with progress("backtest") as moved:
            study = _of_a_project(load_project().study(progress=moved, figures=False))
    else:
        study = _studied(context, file, (law, flops, prior), table, one, bootstrap)
    echo(str(report(study, to)))


def _of_project(context: typer.Context, file: str | None, demo: bool, own: tuple[str, ...]) -> bool:
    """Return whether to study the project of this folder; options that belong in its file are refused.

    Raises:
        BadInput: not exactly one of a file, --demo and a project.
    """
    if file is None and not demo and project_here():
        given = (*own, *names_of(TableOptions, OneLawOptions, DrawOptions))
        refuse_with(context, given, "applies to a FILE; set it in scalelaw.toml")
        return True
    if demo == (file is not None):
        name = context.info_name
        raise BadInput(f"{name} needs either a FILE of runs or --demo; try: scalelaw {name} --demo")
    return False


def _studied(
    context: typer.Context,
    file: str | None,
    asked: tuple[str | None, str | None, str | None],
    table: TableOptions,
    one: OneLawOptions,
    bootstrap: DrawOptions,
    out: str | None = None,
) -> "Study":
    """Study a file, or the shipped ladder."""
    from scalelaw import datasets
    from scalelaw.workflows.study.study import study

    if file is None:
        given = names_of(TableOptions)
        refuse_with(context, given, "applies to a FILE, not to --demo")
        runs = datasets.load("synthetic-ladder")
    else:
        runs = table.read(file)
    law, flops, prior = asked
    chosen = given_of(context, bootstrap, one, prior)
    words = "--demo" if file is None else words_of(file, table)
    with progress("backtest") as moved:
        named = one.applied(law)
        found = study(runs, law=named, flops=flops, out=out, progress=moved, **table.reduced(), **chosen)
    return called(found, words)


def called(found: "Study", words: str) -> "Study":
    """Return a study that knows its table's words on the command line, for the commands that it suggests."""
    return replace(found, decided=replace(found.decided, words=words))


def _of_a_project(found: "Study") -> "Study":
    from scalelaw.workflows.study.decide import PROJECT

    return called(found, PROJECT)


def project_here() -> bool:
    """Return whether this folder has a project."""
    return Path(_PROJECT).is_file()


def study_project(json: bool, verbose: bool = False, out: str | None = None) -> None:
    """Run the study that this folder's ``scalelaw.toml`` describes, and write its report beside its figures.

    Args:
        json: whether to print JSON.
        verbose: whether to print the laws, the fit and the rows read.
        out: folder of the figures; that of the file unless given.

    Raises:
        BadInput: the file names a folder outside the project, and no one allowed that.
    """
    from scalelaw.workflows.project.project import load_project
    from scalelaw.workflows.study.report import report

    project = load_project()
    if out is None and project.outside is not None and sys.stdin.isatty() and not json:
        question = f"{_PROJECT} writes figures outside this folder, to {os.path.abspath(project.outside)}. Allow this?"
        out = str(project.outside) if typer.confirm(printable_line(question), err=True) else None
    place = project.place(out)
    with progress("backtest") as moved:
        found = _of_a_project(project.study(progress=moved, out=place))
    show(replace(found, verbose=verbose), json)
    if place is not None:
        echo(f"  {'report':<18}{report(found, place / _PAGE)}", err=json)
