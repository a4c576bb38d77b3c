"""The demo: train a ladder, freeze the forecast of its held-out rung, train that rung and compare.

Its folder holds ``ladder.toml``, ``runs``, ``forecast.json`` (written before the held-out rung starts), ``demo.json``
and ``report.html``. Finished parts are not repeated.
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
from scalelaw.workflows.demo.held_out_forecast import (
    LEVEL,
    Band,
    HeldOutForecast,
    fitted_rows,
    forecast_held_out,
    load_held_out,
)
from scalelaw.workflows.demo.ladders import SIZES, demo_ladder
from scalelaw.workflows.demo.report import rendered
from scalelaw.workflows.demo.result import Demo, Floor

LADDER, RUNS, FORECAST, RESULT = "ladder.toml", "runs", "forecast.json", "demo.json"
_CALIBRATION_S = 3.0

Notify = Callable[[str], None]
Watching = Callable[[str], AbstractContextManager[Watch | None]]


def demo(
    *,
    minutes: float = 6.0,
    synthetic: bool = False,
    out: str | os.PathLike[str] = "demo",
    ladder: str | Ladder | None = None,
    workers: int | None = None,
    notify: Notify | None = None,
    watching: Watching | None = None,
) -> Demo:
    """Train a ladder on this machine, and compare its held-out rung with a forecast frozen before.

    An interrupted demo keeps its results; the same call continues it.

    Args:
        minutes: wall-clock limit; selects the largest of three fixed ladders that fits, or the smallest.
        synthetic: train on a language of known entropy instead of this Python's standard library, and compare the
            fitted irreducible loss with the truth.
        out: output folder; if it holds a ladder, the demo continues with it.
        ladder: ``small``, ``medium``, ``large`` or a ladder with one held-out run; skips the timing of this machine.
        workers: number of processes; by default one per core.
        notify: receives progress messages.
        watching: maps the name of a stage to a context that yields its progress callback.

    Raises:
        BadInput: a bad argument, a folder of another demo, or an edited forecast.
        FitFailed: a rung could not be trained, or no law could be fitted.
        MissingExtra: PyTorch is not installed.
    """
    if not (np.isfinite(minutes) and minutes > 0):
        raise BadInput(f"minutes = {minutes:g}: give a positive number of minutes")
    require("torch", extra="train", why="train models")
    notify = notify or (lambda line: None)
    watching = watching or (lambda doing: nullcontext())
    folder, started = _made(Path(out).expanduser()), time.monotonic()
    workers = workers or cores("cpu")
    chosen = _chosen(folder / LADDER, ladder, synthetic, 60 * minutes, workers, notify)
    if not (folder / FORECAST).exists():
        widths = f"{chosen.fitted[0].name} to {chosen.fitted[-1].name}"
        notify(f"{widths} train on {_text(chosen)}; {chosen.held_out[0].name} is held out")
    with watching("fitted runs") as watch:
        fitted = train_ladder(chosen, folder / RUNS, workers=workers, held_out=False, watch=watch)
    _complete(fitted)
    forecast = _frozen_forecast(chosen, folder, fitted.table, notify)
    if not _is_begun(folder):
        rung = chosen.held_out[0].name
        notify(f"{rung} trains now, at {forecast.reach:.3g} times the compute of the largest fitted run")
    with watching("held-out run") as watch:
        trained = train_ladder(chosen, folder / RUNS, workers=workers, watch=watch)
    _complete(trained)
    result = _compared(chosen, folder, forecast, trained, time.monotonic() - started)
    write_whole(folder / RESULT, json.dumps(result.to_dict(), indent=1) + "\n")
    write_whole(result.page, rendered(result))
    return result


def _made(folder: Path) -> Path:
    """Make the folder.

    Raises:
        BadInput: the folder cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BadInput(f"cannot make the folder {str(folder)!r}: {error.strerror}") from error
    return folder


def _chosen(
    path: Path, asked: str | Ladder | None, synthetic: bool, seconds: float, workers: int, notify: Notify
) -> Ladder:
    """Return the ladder of the folder, the requested one, or the largest that fits the time."""
    wanted = demo_ladder(asked, synthetic=synthetic) if isinstance(asked, str) else asked
    if path.exists():
        return _kept(path, wanted, synthetic, notify)
    notify(_shipped())
    if wanted is None:
        wanted = _fitting(seconds, synthetic, workers, notify)
    if len([branch for rung in wanted.held_out for branch in rung.horizons]) != 1:
        raise BadInput(f"ladder {wanted.name} must hold out one rung at one horizon to forecast")
    wanted.save(path)
    return wanted


def _shipped() -> str:
    """Return the frozen forecasts and results of the shipped ladder, as an example before training."""
    card, rows = datasets.card("cpu-ladder"), datasets.load("cpu-ladder").endpoints()
    picture = scatter(rows.columns["flops"], rows.y, labels=(quantity("flops").label, rows.target), lines=8)
    lines = [["run", "forecast", "90 % band", "measured", ""]]
    for each in card["forecasts"]:
        band, measured = Band(each["value"], *each["interval90"]), each["measured"]
        held = "inside" if band.holds(measured) else "MISS"
        lines.append([each["run"], f"{band.value:.3f}", str(band), f"{measured:.3f}", held])
    frozen = Report("The largest were held out and forecast before training", [Table(lines, right=[1, 3])])
    title = f"An earlier example: {card['runs']} runs, {card['cpu_s'] / 3600:.2g} hours on one core"
    return f"{title}\n{picture}\n{frozen.text()}"


def _kept(path: Path, wanted: Ladder | None, synthetic: bool, notify: Notify) -> Ladder:
    """Return the ladder already in the folder.

    Raises:
        BadInput: another ladder is requested.
    """
    found = Ladder.load(path)
    other = wanted.digest != found.digest if wanted is not None else synthetic != (found.data.source == SYNTHETIC)
    if other:
        raise BadInput(f"{path.parent} already holds ladder {found.name}; choose another folder with out= (--out)")
    notify(f"continuing ladder {found.name} from {path}")
    return found


def _fitting(seconds: float, synthetic: bool, workers: int, notify: Notify) -> Ladder:
    """Time this machine and return the largest ladder that fits."""
    ladders = [demo_ladder(size, synthetic=synthetic) for size in SIZES]
    notify(f"timing this machine for {_CALIBRATION_S:g} s on {workers} process{'es' * (workers != 1)}")
    speed = measure_speed(ladders[-1], workers=workers, seconds=_CALIBRATION_S)
    fits = [each for each in ladders if speed.seconds(each) <= seconds]
    chosen = fits[-1] if fits else ladders[0]
    notify(_estimates(speed, ladders))
    more = "" if fits else f", the smallest, which needs more than {_minutes(seconds)}"
    notify(f"selected: {chosen.name}{more}")
    return chosen


def _estimates(speed: Speed, ladders: list[Ladder]) -> str:
    times = ", ".join(f"{each.name} {_minutes(speed.seconds(each))}" for each in ladders)
    return f"estimated training time at the present load: {times}"


def _frozen_forecast(ladder: Ladder, folder: Path, fitted: RunTable, notify: Notify) -> HeldOutForecast:
    """Return the frozen forecast, or freeze one.

    Raises:
        BadInput: the held-out run started without a frozen forecast.
    """
    path, rung = folder / FORECAST, ladder.held_out[0]
    if path.exists():
        forecast = load_held_out(path, ladder, fitted)
        notify(f"{path} holds the forecast of {forecast.frozen.run}, frozen {forecast.frozen.made}")
        return forecast
    if _is_begun(folder):
        raise BadInput(
            f"{folder} holds a run of {rung.name} that started without a frozen forecast; choose another folder (--out)"
        )
    forecast = forecast_held_out(ladder, fitted)
    forecast.frozen.save(path)
    notify(f"frozen in {path} before {rung.name} starts, digest {forecast.frozen.digest}\n{forecast}")
    return forecast


def _is_begun(folder: Path) -> bool:
    """Return whether a held-out run exists, finished or not."""
    return bool(load_runs(folder / RUNS).values("held_out").any())


def _complete(trained: TrainedLadder) -> None:
    """Raise if a run of the ladder is missing, since the forecast needs all of them.

    Raises:
        FitFailed: a run is not finished, with the reason.
    """
    if trained.complete and not trained.failed:
        return
    why = "; ".join(f"{name}: {reason}" for name, reason in trained.failed.items()) or "it was stopped"
    raise FitFailed(f"some runs of {trained.ladder.name} are not trained ({why}); run the same command again")


def _compared(ladder: Ladder, folder: Path, forecast: HeldOutForecast, trained: TrainedLadder, seconds: float) -> Demo:
    """Return the forecast with the measured loss.

    Raises:
        FitFailed: the held-out run diverged.
    """
    (row,) = (row for row in trained.rows if row["held_out"])
    if row["loss"] is None:
        raise FitFailed(f"{forecast.frozen.run} diverged, so it has no loss to compare with the forecast")
    table = trained.table
    return Demo(
        ladder, folder, forecast, fitted_rows(table), row["loss"], row["se"], seed_noise(table), _floor(trained),
        round(seconds, 1),
    )  # fmt: skip


def seed_noise(table: RunTable) -> float | None:
    """Return the relative standard deviation of the loss between seeds; None without repeated runs."""
    rows = table.endpoints()
    groups: dict[tuple[float, float], list[float]] = {}
    for params, tokens, loss in zip(rows.columns["params"], rows.columns["tokens"], np.log(rows.y), strict=True):
        groups.setdefault((params, tokens), []).append(loss)
    repeated = [values for values in groups.values() if len(values) > 1]
    if not repeated:
        return None
    squares = sum(float(np.var(values)) * len(values) for values in repeated)
    return float(np.sqrt(squares / sum(len(values) - 1 for values in repeated)))


def _floor(trained: TrainedLadder) -> Floor | None:
    """Return the fitted and true irreducible loss; None if the truth is unknown."""
    corpus = trained.corpus
    if corpus.entropy_rate is None or corpus.loss_floor is None:
        return None
    fitted = fit_observations(as_law("chinchilla"), trained.table.endpoints(), FitSpec(level=LEVEL)).coefficients()["E"]
    return Floor(Band(fitted["value"], fitted["lo"], fitted["hi"]), corpus.loss_floor, corpus.entropy_rate)


def _text(ladder: Ladder) -> str:
    names = {"stdlib": "the standard library of this Python", SYNTHETIC: "the synthetic language"}
    return names.get(ladder.data.source, ladder.data.source)


def _minutes(seconds: float) -> str:
    return f"{seconds / 60:.2g} min"
