"""``scalelaw study``: fit, backtest, plan and figures of one table."""

from pathlib import Path
from typing import Annotated

import typer

from scalelaw.cli import _options as options
from scalelaw.cli._groups import grouped
from scalelaw.cli._output import progress, show
from scalelaw.core.errors import BadInput

MaybeFile = Annotated[
    str | None,
    typer.Argument(help="Runs; without them the scalelaw.toml of this folder says what to study.", metavar="FILE"),
]
Flops = Annotated[
    str | None, typer.Option(help="Budget to plan for; ten times the dearest run unless given.", metavar="C")
]
Out = Annotated[str | None, typer.Option(help="Folder for the figures; none are drawn without it.", metavar="DIR")]
Demo = Annotated[bool, typer.Option("--demo", help="Study the shipped synthetic ladder instead of a file.")]
_PROJECT = "scalelaw.toml"
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
    if file is None and not demo and project_here():
        given = ("law", "flops", "out", *options.names_of(options.TableOptions, options.DrawOptions))
        options.refuse_with(context, given, "is for a FILE; say it in scalelaw.toml")
        study_project(json)
        return
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


def project_here() -> bool:
    """Return whether this folder has a project."""
    return Path(_PROJECT).is_file()


def study_project(json: bool) -> None:
    """Study what the ``scalelaw.toml`` of this folder says."""
    from scalelaw.workflows.project import load_project

    project = load_project()
    with progress("backtest") as moved:
        found = project.study(progress=moved)
    show(found, json)
