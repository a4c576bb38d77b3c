"""Training: known entropy, interrupted sweeps, branches.

The first trains for ten minutes of two cores, once: what lies in ``build`` is not trained again.
"""

import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import scalelaw as sl
from evidence._row import ROOT, Row, run
from scalelaw.ladder import Data, Grid, Ladder, Shapes
from scalelaw.training.train_ladder import train_ladder

FLOOR = ROOT / "build" / "synthetic-floor"


def measure() -> Iterator[Row]:
    """Yield the rows."""
    yield _entropy()
    yield _kills()
    yield _branches()


def _entropy() -> Row:
    """Fit the irreducible loss of a language whose own is known: floor of its sequences, and entropy rate."""
    started = time.process_time()
    horizons = ("0.5M", "1M", "2M", "4M")
    grids = Grid(widths=(32, 48), tokens=horizons, seeds=2), Grid(widths=(64, 96), tokens=horizons)
    ladder = Ladder("synthetic-floor", grids, shapes=Shapes(vocab_size=64), data=Data("synthetic"))
    swept = train_ladder(ladder, FLOOR)
    floor, rate = swept.corpus.loss_floor, swept.corpus.entropy_rate
    assert floor is not None and rate is not None
    fitted = sl.fit("chinchilla", swept.table, level=0.9).coefficients()["E"]
    half = (fitted["hi"] - fitted["lo"]) / 2 / fitted["value"]
    return Row(
        "synthetic language: the 90 % interval of E covers the true entropy rate, half-width <= 5 %",
        f"E {fitted['value']:.3f}, {fitted['lo']:.3f} to {fitted['hi']:.3f} (±{half:.1%}); truth {rate:.3f}, on "
        f"sequences of 128 {floor:.3f}",
        all(fitted["lo"] <= truth <= fitted["hi"] for truth in (rate, floor)) and half <= 0.05,
        'Data("synthetic")', time.process_time() - started,
    )  # fmt: skip


def _kills() -> Row:
    said, seconds = run("python", "benchmarks/soak.py", "--kills", "4", "--steps", "600")
    last = said.splitlines()[-1]
    holds = last == "bit-equal losses: True; run twice: none; complete: True"
    return Row("a sweep killed at random moments ends with bit-equal losses", last, holds, "make soak", seconds)


def _branches() -> Row:
    """Train horizons off one trunk, and each alone; the recipe's warmup must not depend on the shortest horizon."""
    started = time.process_time()
    grid = Grid(widths=(16,), tokens=(51200, 102400, 204800))
    both = Ladder("branches", (grid,), data=Data("stdlib", eval_tokens=65536))
    both = replace(both, recipe=both.recipe.replaced(warmup_steps=5))
    with tempfile.TemporaryDirectory() as folder:
        off_trunk = {row["tokens"]: row["loss"] for row in train_ladder(both, Path(folder) / "both").rows}
        alone = {}
        for tokens in grid.tokens:
            one = replace(both, grids=(replace(grid, tokens=(tokens,)),))
            for row in train_ladder(one, Path(folder) / "alone").rows:
                alone[row["tokens"]] = row["loss"]
    saved = 1 - both.flops / both.separate_flops
    differ = max(abs(off_trunk[tokens] - alone[tokens]) for tokens in alone)
    measured = f"{saved:.0%} of the FLOP saved; losses differ by {differ:.1e} nats"
    return Row(
        "branches of a trunk equal separate runs",
        measured,
        differ < 0.01,
        "train_ladder",
        time.process_time() - started,
    )
