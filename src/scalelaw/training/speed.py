"""Measure training speed with every worker busy, and estimate the time of a ladder from a few seconds of steps.

The time per token is a constant plus a cost per FLOP; two widths determine both. Run as a program, it times the ladder
on stdin, so that as many processes are timed in parallel as will train.
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
"""Time of evaluation over that of a training step."""


@dataclass(frozen=True)
class Speed:
    """Wall-clock cost of training on this machine.

    Attributes:
        per_token: constant seconds per token.
        per_flop: seconds per FLOP.
        workers: number of processes in parallel.
    """

    per_token: float
    per_flop: float
    workers: int

    @classmethod
    def of(cls, seconds: Sequence[tuple[float, float]], workers: int) -> Self:
        """Fit the speed to pairs of FLOP and seconds per token, by non-negative least squares."""
        from scipy.optimize import nnls

        flops, taken = np.array(seconds, float).T
        scale = flops.max()
        (constant, slope), _ = nnls(np.column_stack([np.ones_like(flops), flops / scale]), taken)
        return cls(float(constant), float(slope / scale), workers)

    def tokens_per_second(self, rung: Rung) -> float:
        """Return the training tokens per second of one worker for a rung."""
        return 1 / (self.per_token + self.per_flop * rung.flops(1))

    def seconds(self, ladder: Ladder) -> float:
        """Return the wall-clock seconds of a ladder: the fitted rungs over all workers, then the held-out ones."""
        return self._shared(ladder, ladder.fitted) + self._shared(ladder, ladder.held_out)

    def _shared(self, ladder: Ladder, rungs: Sequence[Rung]) -> float:
        """Return the seconds of some rungs; a trunk with its branches is not divided."""
        measured = _FORWARD * ladder.data.eval_tokens
        pieces = [
            (rung.trunk.tokens + len(rung.horizons) * measured) / self.tokens_per_second(rung)
            for rung in rungs
            for _ in rung.seeds
        ]
        return max(sum(pieces) / self.workers, *pieces) if pieces else 0.0


def measure_speed(ladder: Ladder, *, workers: int, seconds: float = 3.0) -> Speed:
    """Train the narrowest and the widest rung of a ladder for a few seconds on every worker, and return the speed.

    Args:
        ladder: the ladder to train.
        workers: number of processes to time in parallel.
        seconds: training seconds of each process, without its start.

    Raises:
        FitFailed: a process failed.
    """
    message = json.dumps({"ladder": ladder.toml(), "seconds": seconds})
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
            each.stdin.write(message)
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
    """Time the ladder on stdin, and print FLOP and seconds per token of each rung."""
    import tomllib

    from scalelaw.ladder.files import read_ladder

    torch = require("torch", extra="train", why="train models")
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    message = json.load(sys.stdin)
    ladder = read_ladder(tomllib.loads(message["ladder"]), Ladder)
    rungs = (ladder.rungs[0], ladder.rungs[-1])
    print(json.dumps([(rung.flops(1), seconds_of_token(rung, message["seconds"] / len(rungs))) for rung in rungs]))


def seconds_of_token(rung: Rung, seconds: float) -> float:
    """Return the seconds per token of a rung in this process, from the median step of training on random tokens.

    The median ignores steps delayed by other programs.
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
