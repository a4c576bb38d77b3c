"""The demo: train a ladder here, freeze the forecast of its held-out rung, train that rung, and see.

What lies in its folder: ``ladder.toml``, ``runs``, ``forecast.json`` (written before the held-out rung begins),
``demo.json`` and ``report.html``. Whatever is there is not done again.
"""

import json
import os
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

import numpy as np

from scalelaw import datasets
from scalelaw.core.errors import BadInput, FitFailed
from scalelaw.core.files import write_whole
from scalelaw.core.optional import require
from scalelaw.core.quantities import quantity
from scalelaw.core.rendering import Report, Table
from scalelaw.fitting.fit import fit_observations
from scalelaw.fitting.spec import FitSpec
from scalelaw.ladder import Ladder
from scalelaw.laws import as_law
from scalelaw.runs.reading.load import load_runs
from scalelaw.runs.table import RunTable
from scalelaw.training.speed import Speed, measure_speed
from scalelaw.training.text.documents import SYNTHETIC
from scalelaw.training.train_ladder import TrainedLadder, Watch, cores, train_ladder
from scalelaw.viz.braille import scatter
from scalelaw.workflows.demo.held_out_forecast import LEVEL, Band, HeldOutForecast, fitted_rows, foretell, recall
from scalelaw.workflows.demo.ladders import SIZES, demo_ladder
from scalelaw.workflows.demo.report import rendered
from scalelaw.workflows.demo.result import Demo, Floor

LADDER, RUNS, FORECAST, RESULT = "ladder.toml", "runs", "forecast.json", "demo.json"
_CALIBRATION_S = 3.0

Tell = Callable[[str], None]
Watching = Callable[[str], AbstractContextManager[Watch | None]]


def demo(
    *,
    minutes: float = 6.0,
    synthetic: bool = False,
    out: str | os.PathLike[str] = "demo",
    ladder: str | Ladder | None = None,
    workers: int | None = None,
    tell: Tell | None = None,
    watching: Watching | None = None,
) -> Demo:
    """Train a ladder on this machine, and compare its held-out rung with a forecast that was frozen before.

    Stopped, it keeps everything; called again it goes on where it was.

    Args:
        minutes: on the clock; the largest of three fixed ladders that fits is taken, and the smallest where none does.
        synthetic: train on the language of known entropy, not on the standard library of this Python; the fitted
            irreducible loss is then compared with the truth.
        out: folder of everything it writes; one that holds a ladder goes on with that one.
        ladder: ``small``, ``medium``, ``large`` or a ladder with one held-out run, instead of timing this machine.
        workers: processes; one a core unless given.
        tell: takes lines about what happens.
        watching: takes what is being trained, and gives what is told how far that is.

    Raises:
        BadInput: a bad argument, a folder of another demo, or a forecast that was edited.
        FitFailed: a rung could not be trained, or no law be fitted.
        MissingExtra: PyTorch is not installed.
    """
    if not (np.isfinite(minutes) and minutes > 0):
        raise BadInput(f"minutes = {minutes:g}: give a positive number of minutes")
    require("torch", extra="train", why="train models")
    tell = tell or (lambda line: None)
    watching = watching or (lambda doing: nullcontext())
    folder, started = _made(Path(out).expanduser()), time.monotonic()
    workers = workers or cores("cpu")
    chosen = _chosen(folder / LADDER, ladder, synthetic, 60 * minutes, workers, tell)
    if not (folder / FORECAST).exists():
        widths = f"{chosen.fitted[0].name} to {chosen.fitted[-1].name}"
        tell(f"{widths} train on {_text(chosen)}; {chosen.held_out[0].name} is held out")
    with watching("fitted runs") as watch:
        fitted = train_ladder(chosen, folder / RUNS, workers=workers, held_out=False, watch=watch)
    _complete(fitted)
    foretold = _foretold(chosen, folder, fitted.table, tell)
    if not _is_begun(folder):
        rung = chosen.held_out[0].name
        tell(f"{rung} trains now, at {foretold.reach:.3g} times the compute of the largest run fitted")
    with watching("held-out run") as watch:
        swept = train_ladder(chosen, folder / RUNS, workers=workers, watch=watch)
    _complete(swept)
    result = _compared(chosen, folder, foretold, swept, time.monotonic() - started)
    write_whole(folder / RESULT, json.dumps(result.to_dict(), indent=1) + "\n")
    write_whole(result.report, rendered(result))
    return result


def _made(folder: Path) -> Path:
    """Make the folder.

    Raises:
        BadInput: it cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BadInput(f"the folder {str(folder)!r} cannot be made: {error.strerror}") from error
    return folder


def _chosen(
    path: Path, asked: str | Ladder | None, synthetic: bool, seconds: float, workers: int, tell: Tell
) -> Ladder:
    """Return the ladder of the folder, the one asked for, or the largest that fits into the time."""
    wanted = demo_ladder(asked, synthetic=synthetic) if isinstance(asked, str) else asked
    if path.exists():
        return _kept(path, wanted, synthetic, tell)
    tell(_shipped())
    if wanted is None:
        wanted = _fitting(seconds, synthetic, workers, tell)
    if len([branch for rung in wanted.held_out for branch in rung.horizons]) != 1:
        raise BadInput(f"ladder {wanted.name} must hold out one rung at one horizon, to be forecast")
    wanted.save(path)
    return wanted


def _shipped() -> str:
    """Return what the shipped ladder was forecast to reach and what it reached: there to see before anything trains."""
    card, rows = datasets.card("cpu-ladder"), datasets.load("cpu-ladder").endpoints()
    picture = scatter(rows.columns["flops"], rows.y, labels=(quantity("flops").label, rows.target), lines=8)
    told = card["forecasts"]
    lines = [["run", "forecast", "90 % band", "measured", ""]]
    for each in told:
        band, measured = Band(each["value"], *each["interval90"]), each["measured"]
        held = "inside" if band.holds(measured) else "MISS"
        lines.append([each["run"], f"{band.value:.3f}", str(band), f"{measured:.3f}", held])
    frozen = Report("The dearest were held out; forecast and frozen before they trained", [Table(lines, right=[1, 3])])
    title = f"What this does, done before: {card['runs']} runs, {card['cpu_s'] / 3600:.2g} hours of one core"
    return f"{title}\n{picture}\n{frozen.text()}"


def _kept(path: Path, wanted: Ladder | None, synthetic: bool, tell: Tell) -> Ladder:
    """Return the ladder that was begun here.

    Raises:
        BadInput: another one is asked for.
    """
    found = Ladder.load(path)
    other = wanted.digest != found.digest if wanted is not None else synthetic != (found.data.source == SYNTHETIC)
    if other:
        raise BadInput(f"{path.parent} holds ladder {found.name}, begun before; name another folder with out= (--out)")
    tell(f"goes on with {found.name}, which {path} says")
    return found


def _fitting(seconds: float, synthetic: bool, workers: int, tell: Tell) -> Ladder:
    """Time this machine, and return the largest ladder that fits."""
    ladders = [demo_ladder(size, synthetic=synthetic) for size in SIZES]
    tell(f"timing this machine for {_CALIBRATION_S:g} s on {workers} process{'es' * (workers != 1)}")
    speed = measure_speed(ladders[-1], workers=workers, seconds=_CALIBRATION_S)
    fits = [each for each in ladders if speed.seconds(each) <= seconds]
    chosen = fits[-1] if fits else ladders[0]
    tell(_estimates(speed, ladders))
    more = "" if fits else f", the smallest, though it takes more than {_minutes(seconds)}"
    tell(f"taken: {chosen.name}{more}")
    return chosen


def _estimates(speed: Speed, ladders: list[Ladder]) -> str:
    said = ", ".join(f"{each.name} {_minutes(speed.seconds(each))}" for each in ladders)
    return f"training takes here, if the load stays as it is: {said}"


def _foretold(ladder: Ladder, folder: Path, fitted: RunTable, tell: Tell) -> HeldOutForecast:
    """Return the forecast that was frozen, or freeze one.

    Raises:
        BadInput: the held-out run was begun without a forecast, which could no longer be one.
    """
    path, rung = folder / FORECAST, ladder.held_out[0]
    if path.exists():
        foretold = recall(path, ladder, fitted)
        tell(f"the forecast of {foretold.frozen.run} stands in {path}, frozen {foretold.frozen.made}")
        return foretold
    if _is_begun(folder):
        raise BadInput(f"{folder} holds a run of {rung.name} that was begun without a forecast; name another folder")
    foretold = foretell(ladder, fitted)
    foretold.frozen.save(path)
    tell(f"frozen in {path} before {rung.name} begins, digest {foretold.frozen.digest}\n{foretold}")
    return foretold


def _is_begun(folder: Path) -> bool:
    """Return whether a held-out run is there, finished or not."""
    return bool(load_runs(folder / RUNS).values("held_out").any())


def _complete(swept: TrainedLadder) -> None:
    """Refuse a sweep with holes: a forecast from what happened to finish is not the one that was meant.

    Raises:
        FitFailed: a run is not finished; the message says why.
    """
    if swept.complete and not swept.failed:
        return
    why = "; ".join(f"{name}: {reason}" for name, reason in swept.failed.items()) or "it was stopped"
    raise FitFailed(f"not every run of {swept.ladder.name} could be trained ({why}); the same command tries again")


def _compared(ladder: Ladder, folder: Path, foretold: HeldOutForecast, swept: TrainedLadder, seconds: float) -> Demo:
    """Return the forecast beside what was measured.

    Raises:
        FitFailed: the held-out run diverged.
    """
    (row,) = (row for row in swept.rows if row["held_out"])
    if row["loss"] is None:
        raise FitFailed(f"{foretold.frozen.run} diverged: there is nothing to compare the forecast with")
    table = swept.table
    return Demo(
        ladder, folder, foretold, fitted_rows(table), row["loss"], row["se"], seed_noise(table), _floor(swept),
        round(seconds, 1),
    )  # fmt: skip


def seed_noise(table: RunTable) -> float | None:
    """Return the standard deviation of the loss between seeds of one width and horizon, relative; None without any."""
    rows = table.endpoints()
    groups: dict[tuple[float, float], list[float]] = {}
    for params, tokens, loss in zip(rows.columns["params"], rows.columns["tokens"], np.log(rows.y), strict=True):
        groups.setdefault((params, tokens), []).append(loss)
    repeated = [values for values in groups.values() if len(values) > 1]
    if not repeated:
        return None
    squares = sum(float(np.var(values)) * len(values) for values in repeated)
    return float(np.sqrt(squares / sum(len(values) - 1 for values in repeated)))


def _floor(swept: TrainedLadder) -> Floor | None:
    """Return the irreducible loss fitted to all runs beside the truth, where that is known."""
    corpus = swept.corpus
    if corpus.entropy_rate is None or corpus.loss_floor is None:
        return None
    fitted = fit_observations(as_law("chinchilla"), swept.table.endpoints(), FitSpec(level=LEVEL)).coefficients()["E"]
    return Floor(Band(fitted["value"], fitted["lo"], fitted["hi"]), corpus.loss_floor, corpus.entropy_rate)


def _text(ladder: Ladder) -> str:
    names = {"stdlib": "the standard library of this Python", SYNTHETIC: "the synthetic language"}
    return names.get(ladder.data.source, ladder.data.source)


def _minutes(seconds: float) -> str:
    return f"{seconds / 60:.2g} min"
