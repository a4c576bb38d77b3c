"""``scalelaw reproduce``: recomputes published figures."""

from typing import Annotated

import typer

from scalelaw.cli._output import Json, show
from scalelaw.cli._places import check_writable
from scalelaw.core.files import write_whole

Names = Annotated[
    list[str] | None, typer.Argument(help="Figures by name or first letters; all unless given.", metavar="[NAME]...")
]
Data = Annotated[
    str | None, typer.Option(help="Folder of published tables; SCALELAW_DATA unless given.", metavar="FOLDER")
]
To = Annotated[str | None, typer.Option(help="Write the table as Markdown to this file.", metavar="FILE")]


def reproduce_command(names: Names = None, data: Data = None, to: To = None, json: Json = False) -> None:
    """Recompute published figures and explain the differences."""
    from scalelaw.workflows.reproduce import reproduce

    if to is not None:
        check_writable(to, "--to")
    found = reproduce(names or (), data=data)
    if to is not None:
        write_whole(to, found.page())
    show(found, json)
