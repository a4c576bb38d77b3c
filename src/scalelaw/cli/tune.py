"""``scalelaw ladder tune``: tunes base learning rate and batch on the cheapest rung of a ladder."""

from typing import Annotated

import typer

from scalelaw.cli._output import Json, echo, show
from scalelaw.cli._places import check_writable
from scalelaw.cli._values import real
from scalelaw.cli.sweep import Device, LadderFile, Workers, continuable, watching

Out = Annotated[
    str, typer.Option(help="Folder of the trials; a search with the same folder continues.", metavar="FOLDER")
]
Width = Annotated[
    list[int] | None,
    typer.Option(help="Rung to train; repeat for a second. The cheapest unless given.", metavar="WIDTH"),
]
Tokens = Annotated[
    float | None,
    typer.Option(help="Tokens of each trial; the longest horizon of the rung unless given.", parser=real, metavar="D"),
]
Trials = Annotated[int, typer.Option(help="Trials in all, including earlier ones.", min=1, metavar="N")]
Batch = Annotated[bool, typer.Option("--batch/--no-batch", help="Search the batch size too.")]
Within = Annotated[
    float, typer.Option(help="Search rates up to this factor lower or higher.", parser=real, metavar="FACTOR")
]
Seed = Annotated[int, typer.Option(help="Seed of the runs and of the search.", min=0, metavar="N")]
To = Annotated[str | None, typer.Option(help="Write the ladder with the best rate here.", metavar="LADDER.toml")]


def tune_command(
    ladder: LadderFile = ".",
    out: Out = "tune",
    width: Width = None,
    tokens: Tokens = None,
    trials: Trials = 16,
    tunes_batch: Batch = True,
    within: Within = "4",  # type: ignore[assignment]
    seed: Seed = 0,
    to: To = None,
    workers: Workers = None,
    device: Device = "cpu",
    json: Json = False,
) -> None:
    """Search base learning rate and batch on the cheapest rung.

    Also measures how sharp the optimum is. After an interruption the same command continues.
    """
    from scalelaw.core.optional import require
    from scalelaw.ladder import Ladder
    from scalelaw.training.tuning.tune import tune

    loaded = Ladder.load(ladder)
    require("torch", extra="train", why="train models")
    check_writable(out, "--out", folder=True)
    if to is not None:
        check_writable(to, "--to")
    with continuable(out), watching(f"tuning {loaded.name}") as watch:
        found = tune(
            loaded, out, widths=width, tokens=tokens, tunes_batch=tunes_batch, within=within, trials=trials,
            seed=seed, workers=workers, device=device, watch=watch,
        )  # fmt: skip
    show(found, json)
    if to is not None:
        found.ladder.save(to)
        if not json:
            echo(f"\n{to} written; its [recipe] holds the best rate and batch")
