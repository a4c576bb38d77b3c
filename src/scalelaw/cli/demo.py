"""``scalelaw demo``: trains a ladder here and tests a frozen forecast of its largest rung."""

from typing import Annotated

import typer

from scalelaw.cli._output import Json, echo, show
from scalelaw.cli._places import check_writable
from scalelaw.cli._values import real
from scalelaw.cli.sweep import Workers, continuable, watching

Minutes = Annotated[
    float, typer.Option(help="Minutes it may take; they choose the ladder.", parser=real, metavar="COUNT")
]
Synthetic = Annotated[bool, typer.Option("--synthetic", help="Train on a language whose irreducible loss is known.")]
Out = Annotated[str, typer.Option(help="Folder to write; a run with the same folder continues.", metavar="FOLDER")]
Size = Annotated[
    str | None, typer.Option("--ladder", help="Ladder by size, not by time: small, medium or large.", metavar="SIZE")
]


def demo_command(
    minutes: Minutes = "6",  # type: ignore[assignment]
    synthetic: Synthetic = False,
    out: Out = "demo",
    ladder: Size = None,
    workers: Workers = None,
    json: Json = False,
) -> None:
    """Train small models here and test a forecast of a larger one.

    After an interruption the same command continues.
    """
    from scalelaw.core.optional import require
    from scalelaw.workflows.demo.demo import demo

    require("torch", extra="train", why="train models")
    check_writable(out, "--out", folder=True)

    def show_line(line: str) -> None:
        echo(f"{line}\n", err=json)

    with continuable(out):
        found = demo(
            minutes=minutes,
            synthetic=synthetic,
            out=out,
            ladder=ladder,
            workers=workers,
            notify=show_line,
            watching=watching,
        )
    show(found, json)
