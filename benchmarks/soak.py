"""Kills driver and workers of a sweep at random moments until it is done, and compares with one left alone."""

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from scalelaw.ladder import Data, Grid, Ladder, Shapes, recipe
from scalelaw.runs import DirStore
from scalelaw.training.sweep import sweep

DRIVER = """
import sys
from scalelaw.ladder import Ladder
from scalelaw.training.sweep import sweep
sweep(Ladder.load(sys.argv[1]), sys.argv[2], workers=int(sys.argv[3]))
"""


def ladder(steps: int) -> Ladder:
    """Return a ladder whose trunks take some seconds each."""
    horizons = tuple(128.0 * steps * share for share in (0.25, 0.5, 1.0))
    return Ladder(
        "soak",
        (Grid(widths=(8, 16, 24), tokens=horizons, seeds=2),),
        shapes=Shapes(head_dim=8, vocab_size=64),
        recipe=recipe("muon-cpu").replaced(batch_tokens=128, warmup_steps=10),
        data=Data("synthetic", seq_len=32, eval_tokens=16384),
    )


def losses(out: Path) -> dict[str, list[Any]]:
    """Return label -> every loss that was recorded."""
    records = map(DirStore(out).read, DirStore(out).runs())
    return {record.settings["label"]: [values["loss"] for values in record.evals] for record in records}


def children(pid: int) -> list[int]:
    """Return the processes that a process started."""
    try:
        return [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def main() -> None:
    """Kill, resume, compare."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--kills", type=int, default=20)
    options.add_argument("--steps", type=int, default=2000, help="steps of the longest horizon")
    options.add_argument("--seed", type=int, default=0)
    options.add_argument("--workers", type=int, default=2)
    chosen = options.parse_args()
    draw = random.Random(chosen.seed)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        meant = ladder(chosen.steps)
        meant.save(folder / "ladder.toml")
        killed = folder / "killed"
        kills = {"driver": 0, "worker": 0}
        command = [sys.executable, "-c", DRIVER, str(folder / "ladder.toml"), str(killed), str(chosen.workers)]
        driver = subprocess.Popen(command)
        while driver.poll() is None and sum(kills.values()) < chosen.kills:
            time.sleep(draw.uniform(5, 20))
            workers = children(driver.pid)
            victim = "worker" if workers and draw.random() < 0.5 else "driver"
            try:
                os.kill(draw.choice(workers) if victim == "worker" else driver.pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
            kills[victim] += 1
            print(
                f"{sum(kills.values())}: {victim} killed, {sum(map(bool, losses(killed).values()))} runs done",
                flush=True,
            )
            if victim == "driver":
                driver.wait()
                driver = subprocess.Popen(command)
        driver.wait()
        swept = sweep(meant, killed, workers=chosen.workers)
        sweep(meant, folder / "whole", workers=chosen.workers)
        found, whole = losses(killed), losses(folder / "whole")
        twice = [label for label, values in found.items() if len(values) != 1]
        print(f"{kills['driver']} drivers and {kills['worker']} workers killed; {len(found)} runs")
        print(f"bit-equal losses: {found == whole}; run twice: {twice or 'none'}; complete: {swept.complete}")
        sys.exit(0 if found == whole and not twice and swept.complete else 1)


if __name__ == "__main__":
    main()
