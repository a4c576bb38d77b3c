"""``scalelaw ladder run``: trains the rungs of a ladder and shows the progress."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from scalelaw.cli._output import Json, echo, show
from scalelaw.cli._places import check_writable
from scalelaw.cli._stderr import STDERR

if TYPE_CHECKING:
    from scalelaw.training.train_ladder import Progress, Watch

LadderFile = Annotated[str, typer.Argument(help="The ladder.toml, or its folder.", metavar="LADDER")]
Out = Annotated[str, typer.Option(help="Folder of the runs; created if needed.", metavar="FOLDER")]
Workers = Annotated[int | None, typer.Option(help="Processes; one per core unless given.", min=1, metavar="N")]
Device = Annotated[str, typer.Option(help="Device: cpu or cuda.", metavar="DEVICE")]

NoiseScale = Annotated[
    bool, typer.Option("--noise-scale", help="Measure the gradient-noise scale of each run, in 64 extra steps.")
]

_EVERY_S = 10.0


def run_command(
    ladder: LadderFile = ".",
    out: Out = "runs",
    workers: Workers = None,
    device: Device = "cpu",
    noise_scale: NoiseScale = False,
    json: Json = False,
) -> None:
    """Train every run of a ladder that is not finished.

    After an interruption the same command continues.
    """
    from scalelaw.core.optional import require
    from scalelaw.ladder import Ladder
    from scalelaw.training.train_ladder import train_ladder

    check_writable(out, "--out", folder=True)
    loaded = Ladder.load(ladder)
    require("torch", extra="train", why="train models")
    with continuable(out), watching(loaded.name) as watch:
        swept = train_ladder(loaded, out, workers=workers, device=device, noise_scale=noise_scale, watch=watch)
    show(swept, json)
    if swept.failed:
        raise typer.Exit(1)


@contextmanager
def continuable(out: str) -> Iterator[None]:
    """Say on Ctrl-C where the measurements are."""
    try:
        yield
    except KeyboardInterrupt:
        STDERR.say(f"stopped; measurements are in {out}, and the same command continues")
        raise


@contextmanager
def watching(doing: str) -> "Iterator[Watch]":
    """Yield a callback that shows progress on stderr: a bar on a terminal, occasional lines elsewhere."""
    if not STDERR.watched():
        yield _Lines(doing).show
        return
    from rich.console import Console
    from rich.progress import BarColumn, TaskProgressColumn, TextColumn
    from rich.progress import Progress as Bar

    columns = TextColumn(doing), BarColumn(), TaskProgressColumn(), TextColumn("{task.fields[state]}")
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(doing, total=1.0, state="starting")
        yield lambda now: bar.update(task, completed=now.share, state=_state(now))


class _Lines:
    """Prints the progress as a line every few seconds."""

    def __init__(self, doing: str) -> None:
        self._doing = doing
        self._shown = time.monotonic()

    def show(self, now: "Progress") -> None:
        if not STDERR.quiet and time.monotonic() - self._shown > _EVERY_S:
            self._shown = time.monotonic()
            echo(f"{self._doing}: {now.share:.0%} {_state(now)}", err=True)


def _state(now: "Progress") -> str:
    left = "" if now.left_s is None else f"{_duration(now.left_s)} left, "
    active = ", ".join(f"{name} {share:.0%} loss {loss:.3f}" for name, (share, loss) in sorted(now.active.items()))
    return f"{left}{now.finished} of {now.jobs} trunks done{'; ' * bool(active)}{active}"


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02} min" if hours else f"{minutes} min {rest:02} s" if minutes else f"{rest} s"
