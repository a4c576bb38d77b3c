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
from scalelaw.runs.storing.dirstore import DirStore
from scalelaw.training.train_ladder import train_ladder

DRIVER = """
import sys
from scalelaw.ladder import Ladder
from scalelaw.training.train_ladder import sweep
train_ladder(Ladder.load(sys.argv[1]), sys.argv[2], workers=int(sys.argv[3]))
"""


PAUSE_S = (3.0, 9.0)
"""Least and most seconds between two kills; a driver takes two to begin."""


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


def harassed(command: list[str], out: Path, kills: int, draw: random.Random) -> dict[str, int]:
    """Run a sweep with so many kills, fewer where it is done before; return how many of each kind there were."""
    killed = {"driver": 0, "worker": 0}
    driver = subprocess.Popen(command)
    while sum(killed.values()) < kills:
        time.sleep(draw.uniform(*PAUSE_S))
        if driver.poll() is not None:
            break
        workers = children(driver.pid)
        victim = "worker" if workers and draw.random() < 0.5 else "driver"
        try:
            os.kill(draw.choice(workers) if victim == "worker" else driver.pid, signal.SIGKILL)
        except ProcessLookupError:
            continue
        killed[victim] += 1
        done = sum(map(bool, losses(out).values()))
        print(f"{sum(killed.values())}: {victim} killed, {done} runs done", flush=True)
        if victim == "driver":
            driver.wait()
            driver = subprocess.Popen(command)
    driver.wait()
    return killed


def main() -> None:
    """Kill, resume, compare."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--kills", type=int, default=20)
    options.add_argument("--steps", type=int, default=2000, help="steps of the longest horizon")
    options.add_argument("--seed", type=int, default=0)
    options.add_argument("--workers", type=int, default=2)
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder, out = Path(name), Path(name) / "killed"
        meant = ladder(chosen.steps)
        meant.save(folder / "ladder.toml")
        command = [sys.executable, "-c", DRIVER, str(folder / "ladder.toml"), str(out), str(chosen.workers)]
        killed = harassed(command, out, chosen.kills, random.Random(chosen.seed))
        swept = train_ladder(meant, out, workers=chosen.workers)
        train_ladder(meant, folder / "whole", workers=chosen.workers)
        found, whole = losses(out), losses(folder / "whole")
    twice = [label for label, values in found.items() if len(values) != 1]
    print(f"{killed['driver']} drivers and {killed['worker']} workers killed; {len(found)} runs")
    if sum(killed.values()) < chosen.kills:
        sys.exit(f"done after {sum(killed.values())} kills of {chosen.kills}: give more --steps")
    print(f"bit-equal losses: {found == whole}; run twice: {twice or 'none'}; complete: {swept.complete}")
    sys.exit(0 if found == whole and not twice and swept.complete else 1)


if __name__ == "__main__":
    main()
