"""Final losses from a third of training, on every curve of four published data sets: ``python benchmarks/curves.py``.

Beside the forecast stand two baselines, seen on the same readings: the last value, and a power law in steps,
L = A t^-b, by least squares on the loss. A third, the same with a floor, is printed for judgement. Schedules are as
the sets state them; those of GPT-3 (cosine to a tenth), OPT, OLMo and RedPajama (linear to a tenth) as their papers do.
"""

import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd

import scalelaw as sl
from scalelaw.curves.extrapolation import RunForecast

THIRD = 1 / 3
WARMUP = 2160
FAMILIES = {"OPT": "linear", "GPT-3 (digitised)": "cosine", "OLMo-0": "linear",
            "RedPajama-INCITE (digitised)": "linear"}  # fmt: skip


@dataclass(frozen=True)
class Scored:
    """One curve: errors relative to its last value."""

    group: str
    kind: str
    run: str
    error: float
    last_value: float
    power_law: float
    with_floor: float
    inside: bool

    @property
    def better(self) -> bool:
        """Whether the forecast is nearer than both baselines."""
        return abs(self.error) < min(abs(self.last_value), abs(self.power_law))


def last_value(run: RunForecast) -> float:
    """Return the loss at the cut."""
    return float(run.loss[-1])


def power_law(run: RunForecast) -> float:
    """Return A t^-b at the end, by least squares on the loss of the first third."""
    from scipy.optimize import least_squares

    x = np.log(run.time / run.time[-1])
    slope, height = np.polyfit(x, np.log(run.loss), 1)
    fitted = least_squares(lambda coef: np.exp(coef[0] + coef[1] * x) - run.loss, [height, slope]).x
    return float(np.exp(fitted[0] + fitted[1] * np.log(run.course.end / run.time[-1])))


def power_law_with_floor(run: RunForecast) -> float:
    """Return E + A t^-b at the end, E not negative, by least squares over a grid of b."""
    x, best = np.log(run.time / run.time[-1]), (np.inf, np.nan)
    for b in np.linspace(0.02, 2.0, 100):
        rows = np.stack([np.ones_like(x), np.exp(-b * x)], axis=1)
        coef = np.linalg.lstsq(rows, run.loss, rcond=None)[0]
        if coef[0] < 0:
            coef = np.array([0.0, rows[:, 1] @ run.loss / (rows[:, 1] @ rows[:, 1])])
        squares = float(np.sum((rows @ coef - run.loss) ** 2))
        best = min(best, (squares, coef[0] + coef[1] * np.exp(-b * np.log(run.course.end / run.time[-1]))))
    return float(best[1])


def tables(data: Path) -> Iterator[tuple[str, pd.DataFrame]]:
    """Yield name and checkpoints of each set: run, kind, tokens or steps, loss, schedule, and what else is known."""
    parts = [pd.read_csv(data / "alabdulmohsin_curves" / f"revisiting_{part}.csv") for part in ("vision", "lang")]
    frame = pd.concat(parts).drop_duplicates()
    yield "alabdulmohsin", pd.DataFrame({
        "run": frame.Domain + " " + frame.Task + " " + frame.Model, "kind": frame.Domain,
        "tokens": frame["Seen Examples"], "loss": frame.Loss})  # fmt: skip
    frame = pd.read_csv(data / "lr_schedule_curves" / "mpl_loss_curves.csv")
    run = frame.model_size_M.astype(str) + "M " + frame.schedule
    schedule = [_spelled(name, end) for name, end in zip(frame.schedule, frame.groupby(run).step.transform("max"),
                                                          strict=True)]  # fmt: skip
    yield "lr_schedule_curves", pd.DataFrame({
        "run": run, "kind": [each.partition("[")[0] for each in schedule], "steps": frame.step, "loss": frame.loss,
        "schedule": schedule})  # fmt: skip
    frame = pd.read_csv(data / "colpret" / "colpret_trajectories_subset.csv")
    kind = frame.family.map(FAMILIES)
    yield "colpret", pd.DataFrame({
        "run": frame.model, "kind": kind, "tokens": frame.D_tokens, "loss": frame.loss, "schedule": kind})  # fmt: skip
    frame = pd.read_parquet(data / "colpret" / "datablations_training_curves.parquet")
    run = frame["data"] + " " + frame.N_params.map("{:.1e}".format) + " epochs " + frame.epochs.astype(str)
    yield "datablations", pd.DataFrame({
        "run": run, "kind": "cosine", "tokens": frame.D_tokens, "loss": frame.loss, "schedule": "cosine",
        "params": frame.N_params, "unique_tokens": frame.tokens_per_epoch})  # fmt: skip


def _spelled(name: str, end: float) -> str:
    """Return our spelling of a schedule of Luo et al.: ``wsd_20000_24000``, ``wsdcon_9`` and the like."""
    kind, first, *_ = name.split("_")
    warmup = f"warmup={WARMUP / end!r}"
    if kind == "wsdcon":
        return f"step[{warmup},end={float(first) / 30!r},decay={1 - 8000 / end!r}]"
    if kind in ("wsd", "wsdld"):
        shape = "exponential" if kind == "wsd" else "linear"
        return f"wsd[{warmup},decay={1 - float(first) / end!r},shape={shape}]"
    return f"{kind}[{warmup}]"


@cache
def scored(data: Path) -> tuple[Scored, ...]:
    """Return every curve of every set, forecast from its first third."""
    found = []
    for group, frame in tables(data):
        kinds = dict(zip(frame.run, frame.kind, strict=True))
        units = {"loss": "nats"} | ({"tokens": "1"} if "tokens" in frame else {})
        table = sl.load_runs(frame.drop(columns="kind"), units=units)
        for run in sl.extrapolate(table, at=THIRD, target="loss").runs:
            assert run.actual is not None and run.time[-1] <= THIRD * run.course.end
            own = run.forecast
            errors = [guess(run) / run.actual - 1 for guess in (last_value, power_law, power_law_with_floor)]
            inside = bool(own.lo[-1] <= run.actual <= own.hi[-1])
            found.append(Scored(group, kinds[run.run], run.run, float(run.error or 0.0), *errors, inside))
    return tuple(found)


def summary(curves: list[Scored]) -> dict[str, float]:
    """Return the figures of a group of curves."""
    error = np.abs([each.error for each in curves])

    def beats(name: str) -> float:
        return float(np.mean(error < np.abs([getattr(each, name) for each in curves])))

    return {
        "curves": len(curves), "median": float(np.median(error)), "last value": beats("last_value"),
        "power law": beats("power_law"), "both": float(np.mean([each.better for each in curves])),
        "with floor": beats("with_floor"), "inside 90 %": float(np.mean([each.inside for each in curves])),
    }  # fmt: skip


def groups(curves: tuple[Scored, ...]) -> dict[str, list[Scored]]:
    """Return the curves by set, and within a set by kind where it has several."""
    found: dict[str, list[Scored]] = {}
    for each in curves:
        found.setdefault(each.group, []).append(each)
    for each in curves:
        found.setdefault(f"{each.group}, {each.kind}", []).append(each)
    return dict(sorted(found.items()))


def main() -> None:
    """Print the table."""
    curves = scored(Path(os.environ["SCALELAW_DATA"]))
    width = max(map(len, groups(curves)))
    for name, members in groups(curves).items():
        figures = summary(members)
        cells = [f"{figures['curves']:4d}", f"{figures['median']:7.2%}"]
        cells += [f"{name} {figures[name]:4.0%}" for name in list(figures)[2:]]
        print(f"{name:<{width}}  {'  '.join(cells)}")
    if "--runs" in sys.argv:
        for each in curves:
            print(f"{each.group:<20}{each.run:<40}{each.error:+8.2%}{each.last_value:+8.2%}{each.power_law:+8.2%}")


if __name__ == "__main__":
    main()
