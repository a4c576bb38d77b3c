"""``scalelaw laws``: lists the laws, shows one, starts a new one."""

from typing import Annotated

import typer

from scalelaw.cli._command import Commands
from scalelaw.cli._fitting import laws_beginning
from scalelaw.cli._output import Json, show, write_figure
from scalelaw.cli._places import check_figure

app = Commands()

Name = Annotated[str, typer.Argument(help="Law: a name or a spelling.", autocompletion=laws_beginning, metavar="NAME")]
Figure = Annotated[
    str | None,
    typer.Option("--figure", help="Draw the law with its published constants.", metavar="FILE"),
]
Folder = Annotated[str, typer.Option(help="Folder of laws for it, e.g. data.", metavar="FOLDER")]
NewName = Annotated[str, typer.Argument(help="Name of the new law, in lower case.", metavar="NAME")]


@app.callback(invoke_without_command=True)
def laws_command(context: typer.Context) -> None:
    """List the laws, show one, or start a new one."""
    if context.invoked_subcommand is None:
        list_command()


@app.command("list")
def list_command(json: Json = False) -> None:
    """List the laws with formulas and inputs."""
    from scalelaw.laws import gallery

    show(gallery(), json)


@app.command("show")
def show_command(name: Name, figure: Figure = None, json: Json = False) -> None:
    """Show one law: formula, coefficients, published constants."""
    from scalelaw.laws import describe

    if figure is not None:
        check_figure(figure, "--figure")
    found = describe(name)
    write_figure("published_laws", found, figure)
    show(found, json)


@app.command("new")
def new_command(name: NewName, folder: Folder = "language", json: Json = False) -> None:
    """Start a new law in a checkout of scalelaw.

    Writes the file of the law and the file of its golden values.
    """
    from scalelaw.laws._scaffold import new_law

    show(new_law(name, folder=folder), json)
