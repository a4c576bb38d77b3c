"""``scalelaw reproduce``: published figures computed again."""

from typing import Annotated

import typer

from scalelaw.cli import _options as options
from scalelaw.cli._output import show
from scalelaw.core.files import write_whole

Names = Annotated[
    list[str] | None, typer.Argument(help="Figures by name, or how it begins; all without any.", metavar="[NAME]...")
]
Data = Annotated[
    str | None, typer.Option(help="Folder of published tables; SCALELAW_DATA without it.", metavar="FOLDER")
]
To = Annotated[str | None, typer.Option(help="Write the table as Markdown to this file.", metavar="FILE")]


def reproduce_command(names: Names = None, data: Data = None, to: To = None, json: options.Json = False) -> None:
    """Recompute published figures and explain the differences."""
    from scalelaw.workflows.reproduce import reproduce

    if to is not None:
        options.check_writable(to, "--to")
    found = reproduce(names or (), data=data)
    if to is not None:
        write_whole(to, found.page())
    show(found, json)
