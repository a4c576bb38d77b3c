"""What it costs to load a million checkpoints of two thousand runs, reduce them to end points, and fit those."""

import argparse
import resource
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path

import numpy as np
import polars as pl

import scalelaw as sl
from scalelaw.core.errors import ScalelawWarning

RUNS = 2_000
CHECKPOINTS = 500


def write(path: Path, runs: int = RUNS, checkpoints: int = CHECKPOINTS) -> None:
    """Write logs of runs on a grid of 40 sizes, one row a checkpoint, as one file."""
    rng = np.random.default_rng(0)
    params = np.repeat(np.geomspace(1e7, 3e9, 40).round(), runs // 40)
    planned = params * np.tile(np.geomspace(5, 500, runs // 40), 40)
    share = np.arange(1, checkpoints + 1) / checkpoints
    tokens = planned[:, None] * share
    loss = 1.8 + 480 / params[:, None] ** 0.35 + 2085 / tokens**0.366
    loss = loss * np.exp(0.003 * rng.standard_normal(loss.shape))
    pl.DataFrame(
        {
            "run_id": np.repeat([f"run{number:05d}" for number in range(runs)], checkpoints),
            "step": np.tile(np.arange(1, checkpoints + 1) * 100, runs),
            "params": np.repeat(params, checkpoints),
            "tokens": tokens.ravel(),
            "max_tokens": np.repeat(planned, checkpoints),
            "lr": np.tile(3e-4 * (1 - 0.9 * share), runs),
            "state": "finished",
            "val_loss": loss.ravel(),
        }
    ).write_csv(path)


def measure(path: Path) -> dict[str, float]:
    """Return CPU seconds of each step, and the peak of memory in GB."""
    seconds: dict[str, float] = {}
    before = time.process_time()
    table = sl.load_runs(path)
    seconds["load, CPU s"] = time.process_time() - before
    before = time.process_time()
    ends = table.endpoints()
    seconds["endpoints, CPU s"] = time.process_time() - before
    before = time.process_time()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ScalelawWarning)
        fit = sl.fit("chinchilla", ends, draws=0)
    seconds["fit, CPU s"] = time.process_time() - before
    seconds["all, CPU s"] = sum(seconds.values())
    seconds["peak memory, GB"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    return seconds | {"rows read": table.read, "rows fitted": len(fit.rows.y)}


def main() -> None:
    """Print the table; ``--write FILE`` only writes the logs, so that writing them costs no memory of the reading."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", type=Path)
    parser.add_argument("--read", type=Path)
    told = parser.parse_args()
    if told.write:
        write(told.write)
        return
    if told.read:
        for name, value in measure(told.read).items():
            print(f"{name:<20}{value:12.4g}")
        return
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "logs.csv")
        for step in ("--write", "--read"):
            subprocess.run([sys.executable, __file__, step, path], check=True)


if __name__ == "__main__":
    main()
