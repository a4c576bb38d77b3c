"""``scalelaw laws``: the registry of laws, listed, one shown, one begun."""

from typing import Annotated

import typer

from scalelaw.cli import _options as options
from scalelaw.cli._output import show

app = typer.Typer(help="List the laws, show one, begin a new one.")

Name = Annotated[str, typer.Argument(help="Law by name or spelling.", metavar="NAME")]
Plot = Annotated[
    str | None, typer.Option("--plot", help="Draw it with its published constants, into a file.", metavar="FILE")
]
Folder = Annotated[str, typer.Option(help="Folder of laws it belongs to, e.g. data.", metavar="FOLDER")]
NewName = Annotated[str, typer.Argument(help="Name of the new law, in lower case.", metavar="NAME")]


@app.callback(invoke_without_command=True)
def laws_command(context: typer.Context) -> None:
    """List the laws, show one, begin a new one; alone it lists them."""
    if context.invoked_subcommand is None:
        list_command()


@app.command("list")
def list_command(json: options.Json = False) -> None:
    """List the laws, one line each: formula and inputs."""
    from scalelaw.laws import gallery

    show(gallery(), json)


@app.command("show")
def show_command(name: Name, plot: Plot = None, json: options.Json = False) -> None:
    """Show one law: formula, inputs, coefficients with their units, published constants, source and traps."""
    from scalelaw.cli._output import write_figure
    from scalelaw.laws import describe

    if plot is not None:
        options.check_figure(plot, "--plot")
    found = describe(name)
    write_figure("published_laws", found, plot)
    show(found, json)


@app.command("new")
def new_command(name: NewName, folder: Folder = "language", json: options.Json = False) -> None:
    """Begin a law in a checkout of scalelaw: write its file and the file of its golden values."""
    from scalelaw.laws._scaffold import new_law

    show(new_law(name, folder=folder), json)
