"""Training: kills, branches and a known entropy.

Small on purpose: what only size shows (speed, forecasts of held-out rungs) is measured elsewhere.
"""

import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from evidence._row import Row, run
from scalelaw.ladder import Data, Grid, Ladder
from scalelaw.training.sweep import sweep


def measure() -> Iterator[Row]:
    """Yield the rows."""
    yield _kills()
    yield _branches()


def _kills() -> Row:
    said, seconds = run("python", "benchmarks/soak.py", "--kills", "4", "--steps", "200")
    last = said.splitlines()[-1]
    holds = last == "bit-equal losses: True; run twice: none; complete: True"
    return Row("killed at random moments, a sweep ends in the same bits", last, holds, "make soak", seconds)


def _branches() -> Row:
    """Train horizons off one trunk, and each alone; the recipe's warmup must not depend on the shortest horizon."""
    started = time.process_time()
    grid = Grid(widths=(16,), tokens=(51200, 102400, 204800))
    both = Ladder("branches", (grid,), data=Data("stdlib", eval_tokens=65536))
    both = replace(both, recipe=both.recipe.replaced(warmup_steps=5))
    with tempfile.TemporaryDirectory() as folder:
        off_trunk = {row["tokens"]: row["loss"] for row in sweep(both, Path(folder) / "both").rows}
        alone = {}
        for tokens in grid.tokens:
            one = replace(both, grids=(replace(grid, tokens=(tokens,)),))
            for row in sweep(one, Path(folder) / "alone").rows:
                alone[row["tokens"]] = row["loss"]
    saved = 1 - both.flops / both.separate_flops
    differ = max(abs(off_trunk[tokens] - alone[tokens]) for tokens in alone)
    measured = f"{saved:.0%} of the FLOP saved; losses differ by {differ:.1e} nats"
    return Row(
        "branches off a trunk are the runs they stand for",
        measured,
        differ < 0.01,
        "sweep",
        time.process_time() - started,
    )
