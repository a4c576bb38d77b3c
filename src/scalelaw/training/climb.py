"""Train a rung: one trunk at a constant rate, with a cooldown branch per horizon, each recorded as a run.

The trunk is saved at every branch and every minute, so that an interrupted rung continues. Data and rates depend on the
step alone, so the result is bit-identical (on the same device and number of threads).
"""

import math
import time
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from scalelaw.core.types import Array
from scalelaw.ladder import Branch
from scalelaw.runs.storing.dirstore import DirStore
from scalelaw.runs.storing.record import record
from scalelaw.training import checkpoint
from scalelaw.training.evaluate import evaluate
from scalelaw.training.job import Job
from scalelaw.training.model import Model, init
from scalelaw.training.optim import Optimizer
from scalelaw.training.text.batches import Batches

_REPORT_S = 0.3
"""Seconds between reports."""

_CPU_S = "cpu_s"

Report = Callable[[int, float], None]
"""Called with the finished steps of the rung and the loss of the last batch."""


def climb(job: Job, report: Report | None = None) -> None:
    """Train to every unfinished horizon and record each; losses that are not finite are recorded too.

    Raises:
        RunLocked: another process writes one of its runs.
        BadInput: a file cannot be written.
    """
    waiting = job.to_do
    if not waiting:
        return
    training = Training(job, report)
    training.resume(before=waiting[0].start)
    for branch in waiting:
        with record(DirStore(job.out), **job.settings(branch)) as run:
            training.advance(branch.start)
            training.keep()
            noise = training.noise() if job.noise_scale else {}
            trunk = training.copy()
            train_loss = training.advance(branch.steps, branch)
            loss, se = training.measure()
            tokens = training.step * job.rung.trunk.batch_tokens
            run.log(
                step=training.step,
                tokens=tokens,
                flops=job.rung.flops(tokens),
                loss=loss,
                loss_se=se,
                train_loss=train_loss,
                **noise,
                cpu_s=round(training.cpu_s, 3),
            )
        training.put_back(trunk)


class Training:
    """A model in training.

    Attributes:
        step: number of steps taken.
        diverged: whether a loss was not finite; training then stops.
    """

    def __init__(self, job: Job, report: Report | None = None) -> None:
        rung = job.rung
        self.step = 0
        self.diverged = False
        self._job = job
        self._report = report
        self._done = sum(branch.cooldown for branch in rung.trunk.branches if job.is_done(branch))
        self._weights = init(rung.shape, rung.hyper, job.seed, job.device)
        self._model = Model(rung.shape, self._weights, seq_len=rung.seq_len)
        self._optimizer = Optimizer(self._weights, rung.hyper)
        sequences = rung.trunk.batch_tokens // rung.seq_len
        self._batches = Batches(job.corpus.train_stream, rung.seq_len, sequences, job.seed)
        self._kept = time.monotonic()
        self._reported = 0.0
        self._started = time.process_time()

    @property
    def cpu_s(self) -> float:
        """CPU seconds since the last recorded run, including a killed process up to its last checkpoint."""
        return time.process_time() - self._started

    def advance(self, until: int, branch: Branch | None = None) -> float:
        """Train up to a step, on the trunk or on a branch; stop if the loss is not finite.

        Returns:
            The mean loss of the batches; NaN without batches or after divergence.
        """
        losses: list[float] = []
        while self.step < until and not self.diverged:
            loss = self._model.loss(self._sequences())
            loss.backward()  # type: ignore[no-untyped-call]
            self._optimizer.step(self.step, self._job.rung.trunk.factor(self.step, branch))
            losses.append(loss.item())
            self.diverged = not math.isfinite(losses[-1])
            self.step += 1
            self._done += 1
            now = time.monotonic()
            if self._report is not None and now - self._reported > _REPORT_S:
                self._reported = now
                self._report(self._done, losses[-1])
            if branch is None and now - self._kept > self._job.keep_s:
                self.keep()
        return sum(losses) / len(losses) if losses else math.nan

    def measure(self) -> tuple[float, float | None]:
        """Return held-out loss and standard error; NaN and None after divergence."""
        if self.diverged:
            return math.nan, None
        data = self._job.ladder.data
        found = evaluate(self._model, self._job.corpus.held_out_stream, seq_len=data.seq_len, tokens=data.eval_tokens)
        return found.loss, found.se

    def noise(self) -> dict[str, float | None]:
        """Return the gradient-noise scale on the next batches, in tokens, and its standard error."""
        if self.diverged:
            return {"noise_scale": None, "noise_scale_se": None}
        from scalelaw.training.gradient_noise import gradient_noise  # slow to import, and few workers need it

        found = gradient_noise(self._gradient, self._job.rung.trunk.batch_tokens)
        return {"noise_scale": found.tokens, "noise_scale_se": found.se}

    def keep(self) -> None:
        """Save a checkpoint, unless diverged or already saved."""
        self._kept = time.monotonic()
        if self.step and not self.diverged and self.step not in checkpoint.steps(self._job.checkpoints):
            spent = torch.tensor(self.cpu_s, dtype=torch.float64)
            checkpoint.save(self._job.checkpoints, self.step, {**self._tensors(), _CPU_S: spent})

    def resume(self, before: int) -> None:
        """Load the last checkpoint at or before a step."""
        steps = [step for step in checkpoint.steps(self._job.checkpoints) if step <= before]
        if steps:
            state, self.step = checkpoint.load(self._job.checkpoints, steps[-1]), steps[-1]
            self._set(state)
            recorded = any(self._job.is_done(each) for each in self._job.rung.trunk.branches if each.start == self.step)
            self._started -= 0.0 if recorded else state[_CPU_S].item()
        self._done += self.step

    def copy(self) -> tuple[int, bool, dict[str, Tensor]]:
        """Return a copy of the current state."""
        return self.step, self.diverged, {name: each.detach().clone() for name, each in self._tensors().items()}

    def put_back(self, state: tuple[int, bool, dict[str, Tensor]]) -> None:
        """Restore a state after recording a run, and reset the clock."""
        self.step, self.diverged, tensors = state
        self._set(tensors)
        self._started = time.process_time()

    def _tensors(self) -> dict[str, Tensor]:
        return {**dict(self._weights.named()), **self._optimizer.state}

    @torch.no_grad()
    def _set(self, tensors: dict[str, Tensor]) -> None:
        for name, each in self._tensors().items():
            each.copy_(tensors[name])

    def _gradient(self, ahead: int) -> Array:
        """Return the gradient of a batch some steps ahead, all weights in one array, and clear it."""
        self._model.loss(self._sequences(ahead)).backward()  # type: ignore[no-untyped-call]
        grads = []
        for _, weight in self._weights.named():
            assert weight.grad is not None
            grads.append(weight.grad.flatten().double().cpu())
            weight.grad = None
        return np.asarray(torch.cat(grads).numpy())

    def _sequences(self, ahead: int = 0) -> Tensor:
        return torch.from_numpy(self._batches.at(self.step + ahead).astype("int64")).to(self._job.device)
