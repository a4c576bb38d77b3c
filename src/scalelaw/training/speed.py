"""How fast this machine trains with every worker busy: a few seconds of real steps tell what a ladder will take.

A token takes a constant, and so many FLOP at so much each; two widths tell both. Run as a program it measures what
stdin describes: that is how as many processes are timed at once as will train at once.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np

from scalelaw.core.errors import FitFailed
from scalelaw.core.optional import require
from scalelaw.ladder import Ladder, Rung
from scalelaw.training.executor import ENVIRONMENT

if TYPE_CHECKING:
    from torch import Tensor

_FEWEST_STEPS = 3
_FORWARD = 1 / 3
"""Of the time of a training step: what measuring takes."""


@dataclass(frozen=True)
class Speed:
    """What training takes here, on the clock.

    Attributes:
        per_token: seconds of a token, whatever the model.
        per_flop: seconds of a FLOP.
        workers: processes that train side by side.
    """

    per_token: float
    per_flop: float
    workers: int

    @classmethod
    def of(cls, seconds: Sequence[tuple[float, float]], workers: int) -> Self:
        """Return the speed that (FLOP of a token, seconds of a token) tell, by least squares, none negative."""
        from scipy.optimize import nnls

        flops, taken = np.array(seconds, float).T
        scale = flops.max()
        (constant, slope), _ = nnls(np.column_stack([np.ones_like(flops), flops / scale]), taken)
        return cls(float(constant), float(slope / scale), workers)

    def tokens_per_second(self, rung: Rung) -> float:
        """Return how many tokens of a rung one worker trains on in a second."""
        return 1 / (self.per_token + self.per_flop * rung.flops(1))

    def seconds(self, ladder: Ladder) -> float:
        """Return what a ladder takes on the clock: the fitted rungs shared out, and then those held out."""
        return self._shared(ladder, ladder.fitted) + self._shared(ladder, ladder.held_out)

    def _shared(self, ladder: Ladder, rungs: Sequence[Rung]) -> float:
        """Return the seconds of some rungs, a trunk with its branches being one piece."""
        measured = _FORWARD * ladder.data.eval_tokens
        pieces = [
            (rung.trunk.tokens + len(rung.horizons) * measured) / self.tokens_per_second(rung)
            for rung in rungs
            for _ in rung.seeds
        ]
        return max(sum(pieces) / self.workers, *pieces) if pieces else 0.0


def measure_speed(ladder: Ladder, *, workers: int, seconds: float = 3.0) -> Speed:
    """Train the narrowest and the widest rung of a ladder for some seconds on every worker, and return the speed.

    Args:
        ladder: what is going to be trained.
        workers: processes to time at once.
        seconds: that each trains; starting them is not counted.

    Raises:
        FitFailed: a process failed.
    """
    said = json.dumps({"ladder": ladder.toml(), "seconds": seconds})
    command = [sys.executable, "-m", "scalelaw.training.speed"]
    crew = [
        subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8",
            errors="replace",
            env={**os.environ, **ENVIRONMENT},
        )
        for _ in range(workers)
    ]  # fmt: skip
    try:
        for each in crew:
            assert each.stdin is not None
            each.stdin.write(said)
            each.stdin.close()
            each.stdin = None
        found: list[tuple[float, float]] = []
        for each in crew:
            answer, errors = each.communicate()
            if each.returncode:
                last = errors.strip().splitlines()[-1:] or [f"status {each.returncode}"]
                raise FitFailed(f"this machine could not be timed: {last[0]}")
            found += [(flops, taken) for flops, taken in json.loads(answer)]
    finally:
        for each in crew:
            each.kill()
            each.wait()
    return Speed.of(found, workers)


def main() -> None:
    """Time what stdin describes, and say (FLOP of a token, seconds of a token) of each rung on stdout."""
    import tomllib

    from scalelaw.ladder.files import read_ladder

    torch = require("torch", extra="train", why="train models")
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    said = json.load(sys.stdin)
    ladder = read_ladder(tomllib.loads(said["ladder"]), Ladder)
    rungs = (ladder.rungs[0], ladder.rungs[-1])
    print(json.dumps([(rung.flops(1), seconds_of_token(rung, said["seconds"] / len(rungs))) for rung in rungs]))


def seconds_of_token(rung: Rung, seconds: float) -> float:
    """Return the seconds a token of a rung takes in this process: the median step of training on noise for a while.

    A step that another program held up is no measure of the machine.
    """
    import torch

    from scalelaw.training.model import Model, init
    from scalelaw.training.optim import Optimizer

    weights = init(rung.shape, rung.hyper, 0, "cpu")
    model, optimizer = Model(rung.shape, weights, seq_len=rung.seq_len), Optimizer(weights, rung.hyper)
    size = (rung.trunk.batch_tokens // rung.seq_len, rung.seq_len + 1)
    noise: Tensor = torch.randint(rung.shape.vocab_size, size, generator=torch.Generator().manual_seed(0))
    taken: list[float] = []
    started = before = time.perf_counter()
    while len(taken) < _FEWEST_STEPS or before - started < seconds:
        model.loss(noise).backward()  # type: ignore[no-untyped-call]
        optimizer.step(len(taken), 1.0)
        now = time.perf_counter()
        taken.append(now - before)
        before = now
    return float(np.median(taken)) / rung.trunk.batch_tokens


if __name__ == "__main__":
    main()
