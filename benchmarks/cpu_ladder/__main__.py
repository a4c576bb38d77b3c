"""Train the ladder behind ``datasets.load("cpu-ladder")`` and write what is shipped: an hour and more of one core.

    make corpus && python benchmarks/cpu_ladder [--out build/cpu-ladder] [--workers N]

The rungs that are held out are forecast, frozen, before they are trained. Stopped, the same command goes on. It writes
``cpu-ladder.parquet``, one row a run, and ``cpu-ladder.json``, which says how they came about.
"""

import argparse
import json
import platform
import time
from pathlib import Path
from typing import Any

import torch

import scalelaw as sl
from scalelaw import datasets
from scalelaw.core.version import __version__
from scalelaw.ladder import Intent, Ladder
from scalelaw.registry.frozen import FrozenForecast, load_forecast
from scalelaw.runs.reading.load import load_runs
from scalelaw.runs.table import RunTable
from scalelaw.training.train_ladder import TrainedLadder, cores, train_ladder
from scalelaw.viz import held_out, save
from scalelaw.workflows.demo.demo import seed_noise
from scalelaw.workflows.demo.held_out_forecast import LEVEL, fitted_rows
from scalelaw.workflows.demo.report import pictured

NAME = "cpu-ladder"
PICTURE = Path(__file__).parents[2] / "docs" / "images" / "cpu_ladder.png"


def frozen(ladder: Ladder, folder: Path, fitted: RunTable) -> list[FrozenForecast]:
    """Return the forecast of every run held out, frozen now or before."""
    mixture = None
    found = []
    for rung in ladder.held_out:
        for branch in rung.trunk.branches:
            run = Intent(rung, rung.seeds[0], branch).name
            path = folder / f"forecast-{run}.json"
            if not path.exists():
                if (load_runs(folder).values("params") == rung.params).any():
                    raise SystemExit(f"{path} is missing, and {rung.name} was begun: what is frozen now is no forecast")
                mixture = mixture or sl.forecast(fitted_rows(fitted))
                mixture.freeze(run=run, params=rung.params, tokens=branch.tokens).save(path)
            found.append(load_forecast(path))
    return found


def card(
    swept: TrainedLadder, table: RunTable, forecasts: list[FrozenForecast], loss: dict[str, float]
) -> dict[str, Any]:
    """Return how the runs came about, and what is known of them."""
    ladder = swept.ladder
    fits = {law: sl.fit(law, table.where(held_out=0)) for law in ("chinchilla", "nested")}
    return {
        "schema": "scalelaw.dataset/1",
        "name": NAME,
        "made": time.strftime("%Y-%m-%d", time.gmtime()),
        "scalelaw": __version__,
        "torch": torch.__version__,
        "hardware": f"{cores('cpu')} cores of {_processor()}, one thread a process",
        "cpu_s": round(float(table.values("cpu_s").sum())),
        "runs": len(swept.rows),
        "ladder": {"digest": ladder.digest, "toml": ladder.toml()},
        "recipe": ladder.recipe.to_dict(),
        "corpus": {
            "made_by": "benchmarks/corpus: documentation in packages of Debian 12 and PyPI",
            "digest": swept.corpus.digest,
            "unique_tokens": swept.corpus.unique_tokens,
            "eval_tokens": int(ladder.data.eval_tokens),
            "bytes_per_token": swept.corpus.bytes_per_token,
            "documents": swept.corpus.documents[0],
            "documents_held_out": swept.corpus.documents[1],
        },
        "seed_noise": seed_noise(table),
        "fits": {
            law: {
                "objective": fit.objective,
                "rows": "held_out = 0",
                "domain": {name: list(fit.domain[name]) for name in fit.law.inputs},
                "coefficients": fit.coefficients(),
            }
            for law, fit in fits.items()
        },
        "forecasts": [
            {
                "run": each.run,
                "made": each.made,
                "digest": each.digest,
                "value": each.value,
                "interval90": each.interval(LEVEL),
                "measured": loss[each.run],
            }
            for each in forecasts
        ],
    }


def _processor() -> str:
    """Return the name of the processor, where the system says it."""
    try:
        said = Path("/proc/cpuinfo").read_text()
    except OSError:
        return platform.processor()
    names = [line.partition(":")[2].strip() for line in said.splitlines() if line.startswith("model name")]
    return names[0] if names else platform.machine()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("build/cpu-ladder"))
    parser.add_argument("--workers", type=int, default=None)
    asked = parser.parse_args()
    ladder = Ladder.load(Path(__file__).with_name("ladder.toml"))
    fitted = train_ladder(ladder, asked.out, held_out=False, workers=asked.workers)
    forecasts = frozen(ladder, asked.out, fitted.table)
    swept = train_ladder(ladder, asked.out, workers=asked.workers)
    if not swept.complete:
        raise SystemExit(f"{swept}\nthe same command goes on")
    table = swept.table
    home = datasets.path(NAME).parent
    sl.runs.export_runs(table, home / f"{NAME}.parquet")
    loss = {row["label"]: row["loss"] for row in swept.rows}
    (home / f"{NAME}.json").write_text(json.dumps(card(swept, table, forecasts, loss), indent=1) + "\n")
    dearest = max(forecasts, key=lambda each: each.point["params"] * each.point["tokens"])
    save(held_out.draw(pictured(fitted_rows(table), dearest, loss[dearest.run], dearest.point["params"])), PICTURE)
    print(swept)


if __name__ == "__main__":
    main()
