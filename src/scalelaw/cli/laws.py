"""``scalelaw laws``: the registry of laws, listed or one shown."""

from typing import Annotated

import typer

from scalelaw.cli import _options as options
from scalelaw.cli._output import show

Name = Annotated[str | None, typer.Argument(help="Law to show; all are listed without it.", metavar="NAME")]


def laws_command(name: Name = None, json: options.Json = False) -> None:
    """List the laws, or show one: formula, inputs, coefficients and published constants."""
    from scalelaw.laws import describe, gallery

    show(describe(name) if name else gallery(), json)
