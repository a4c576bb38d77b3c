"""``scalelaw demo``: train a ladder here, freeze the forecast of its held-out rung, train that, and compare."""

from typing import Annotated

import typer

from scalelaw.cli._output import Json, show
from scalelaw.cli._places import check_writable
from scalelaw.cli._values import real
from scalelaw.cli.sweep import Workers, watching

Minutes = Annotated[
    float, typer.Option(help="Time on the clock, by which the ladder is chosen.", parser=real, metavar="COUNT")
]
Synthetic = Annotated[bool, typer.Option("--synthetic", help="Train on a language whose irreducible loss is known.")]
Out = Annotated[str, typer.Option(help="Folder of all it writes; the same one goes on.", metavar="FOLDER")]
Size = Annotated[str | None, typer.Option("--ladder", help="small, medium or large, not timed.", metavar="SIZE")]


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

    def tell(line: str) -> None:
        typer.echo(f"{line}\n", err=json)

    try:
        found = demo(
            minutes=minutes, synthetic=synthetic, out=out, ladder=ladder, workers=workers, tell=tell, watching=watching
        )
    except KeyboardInterrupt:
        typer.echo(f"scalelaw: stopped; all that was measured is in {out}, and the same command goes on", err=True)
        raise
    show(found, json)
