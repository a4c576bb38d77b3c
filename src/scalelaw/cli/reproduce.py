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
Out = Annotated[str | None, typer.Option("--out", help="Write the table as Markdown into this file.", metavar="FILE")]


def reproduce_command(names: Names = None, data: Data = None, out: Out = None, json: options.Json = False) -> None:
    """Compute published figures again: published, ours, the difference, and why."""
    from scalelaw.workflows.reproduce import reproduce

    if out is not None:
        options.check_writable(out, "--out")
    found = reproduce(names or (), data=data)
    if out is not None:
        write_whole(out, found.page())
    show(found, json)
