"""How often a live curve is in its band, a stop advised, a revised end right: ``python benchmarks/watching.py``.

Three questions, on published curves. *Band*: a run that ends where it was registered to end, looked at on its way; how
often is the reading inside the 90 % band? *Stop*: how often is a run stopped that ends as registered, and one that
ends 10 % above? *Revised*: the larger runs of datablations, forecast by Chinchilla's form from the finished runs of
smaller models, frozen, and watched at a third: errors and coverage of registered, curve and revised.
"""

import os
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd

import curves
import scalelaw as sl
from scalelaw.core.errors import ScalelawWarning
from scalelaw.curves.watching import Watch, watch
from scalelaw.fitting.fit import fit_observations
from scalelaw.fitting.published import published
from scalelaw.fitting.spec import FitSpec
from scalelaw.laws import get
from scalelaw.registry.freezing import freeze
from scalelaw.registry.frozen import FrozenForecast
from scalelaw.registry.seal import seal

SHARES = (0.1, 1 / 3, 0.75)
THIRD = SHARES[1]
HALF = 0.03
"""Half-width of the registered 90 % interval where the end is known and only the way is judged."""
WORSE = 1.1


@dataclass(frozen=True)
class Look:
    """One look at a run of a published curve."""

    group: str
    run: str
    share: float
    inside: bool
    stopped: bool
    stopped_when_worse: bool | None


@dataclass(frozen=True)
class Revised:
    """One larger run, forecast before it and watched at a third."""

    run: str
    registered: float
    curve: float
    revised: float
    inside_registered: bool
    inside_curve: bool
    inside: bool


def registered_at(value: float, tokens: float) -> FrozenForecast:
    """Return a forecast with this value and a known interval, as though a law had made it."""
    bare = freeze(published(get("chinchilla"), "besiroglu2024"), params=1e9, tokens=tokens).document
    levels = [{"level": level, "lo": value * np.exp(-half), "hi": value * np.exp(half)}
              for level, half in ((0.5, HALF * 0.35), (0.8, HALF * 0.72), (0.9, HALF), (0.95, HALF * 1.3))]  # fmt: skip
    sections = {name: part for name, part in bare.items() if name != "seal"}
    return FrozenForecast(seal({**sections, "new_run": {"value": value, "intervals": levels}}))


@cache
def looks() -> tuple[Look, ...]:
    """Return every curve of language models with a known schedule, looked at on its way."""
    found = []
    for group, frame in curves.tables(Path(os.environ["SCALELAW_DATA"])):
        if group == "alabdulmohsin":
            continue
        axis = "tokens" if "tokens" in frame else "steps"
        for run, part in frame.groupby("run"):
            rows = part.sort_values(axis)
            rows = rows[(rows[axis] > 0) & rows.loss.notna()]
            end, last = float(rows[axis].iloc[-1]), float(rows.loss.tail(3).median())
            for share in SHARES:
                seen = rows[rows[axis] <= share * end]
                if len(seen) >= 5:
                    found.append(_look(group, str(run), share, seen, axis, end, last))
    return tuple(found)


def _look(group: str, run: str, share: float, seen: pd.DataFrame, axis: str, end: float, last: float) -> Look:
    readings = {axis: seen[axis].tolist(), "loss": seen.loss.tolist(), "run": ["a"] * len(seen)}
    readings |= {name: seen[name].tolist() for name in ("unique_tokens", "params") if name in seen}
    if "params" in readings:
        readings["params_active"] = readings.pop("params")
    units = {name: "1" for name in ("tokens", "params_active") if name in readings}
    table = sl.load_runs(readings, units=units)
    schedule = str(seen.schedule.iloc[0])

    def told(value: float) -> Watch:
        stop = None if axis == "tokens" else end
        return watch(registered_at(value, end if axis == "tokens" else 1e11), table, end=stop, schedule=schedule)

    as_forecast, worse = told(last), told(last / WORSE).advice == "stop" if share == THIRD else None
    return Look(group, run, share, as_forecast.where == "inside", as_forecast.advice == "stop", worse)


@cache
def revised() -> tuple[Revised, ...]:
    """Return the 8.7B runs of datablations on c4 and oscar, up to 4 epochs, watched at a third."""
    return tuple(_revised())


def _revised() -> Iterator[Revised]:
    data = Path(os.environ["SCALELAW_DATA"])
    frame = pd.read_parquet(data / "colpret" / "datablations_training_curves.parquet")
    frame = frame[frame.epochs <= 4]
    for corpus, family in frame.groupby("data"):
        sizes = sorted(family.N_params.unique())
        for size in sizes[2:]:
            small = family[(family.N_params < size) & (family.D_tokens > 1e10)]
            run = small.N_params.astype(str) + "/" + small.epochs.astype(str)
            table = {"params": small.N_params, "tokens": small.D_tokens, "loss": small.loss, "run": run}
            rows = sl.load_runs({name: list(values) for name, values in table.items()}, units={"params": "1"}).curves()
            fit = fit_observations(get("chinchilla"), rows, FitSpec(draws=200, starts=16, prior="literature"))
            for epochs, part in family[family.N_params == size].groupby("epochs"):
                whole = part.sort_values("D_tokens")
                end, actual = float(whole.D_tokens.iloc[-1]), float(whole.loss.tail(3).median())
                seen = whole[whole.D_tokens <= end / 3]
                live = {"tokens": seen.D_tokens.tolist(), "loss": seen.loss.tolist(), "run": ["a"] * len(seen)}
                look = watch(fit.freeze(params=size, tokens=end), sl.load_runs(live), schedule="cosine")
                own = (look.registered, look.curve, look.revised)
                assert all(own)
                errors = [each.middle / actual - 1 for each in own if each]
                inside = [each.lo <= actual <= each.hi for each in own if each]
                yield Revised(f"{corpus} {size:.2g} {epochs}", *errors, *inside)


def main() -> None:
    """Print both tables."""
    warnings.simplefilter("ignore", ScalelawWarning)
    for share in SHARES:
        own = [each for each in looks() if each.share == share]
        print(f"{share:.0%} of {len(own)} runs: inside {np.mean([each.inside for each in own]):.0%}, "
              f"stopped {np.mean([each.stopped for each in own]):.0%}")  # fmt: skip
    worse = [each.stopped_when_worse for each in looks() if each.share == THIRD]
    print(f"stopped at a third where the end is {WORSE:g} times as high: {np.mean(worse):.0%}")
    for each in revised():
        print(each)


if __name__ == "__main__":
    main()
