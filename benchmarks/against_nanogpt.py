"""Our trainer against nanoGPT's model, optimizer and step, at equal size and precision, in one process of one thread.

    python benchmarks/against_nanogpt.py --checkout PATH [--widths 32 64 96] [--seconds 4 8 16] [--ladder medium]

PATH is a checkout of https://github.com/karpathy/nanoGPT, of which only ``model.py`` is read; nothing of it lies here.
Theirs: ``GPT`` without biases and dropout, its own ``configure_optimizers``, and the step of its ``train.py`` (warmup
and cosine to a tenth, gradients clipped at 1, ``zero_grad(set_to_none=True)``), the best of three rates at each
horizon. Ours: the recipe ``muon-cpu`` as a sweep runs it. Layers, width, heads, vocabulary, batch, order of the data,
float32, allocator and thread are the same.

1. Speed: blocks of steps in turn; tokens per CPU second, and the median of the ratios of neighbours.
2. Loss: each takes as many steps as those speeds give it in so many CPU seconds, and is measured on the same text.
3. The ladder of the demo: ours on two processes, a trunk and its branches each, the held-out rung after the others;
   theirs one run after another on two threads. Computed from the speeds. Two threads at most double a speed, which is
   one column; the other is the gain on the clock, which only a machine without other load tells.
"""

import argparse
import contextlib
import importlib.util
import io
import math
import os
import statistics
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from scalelaw.ladder import Grid, Ladder, Rung
from scalelaw.training.climb import Training
from scalelaw.training.evaluate import evaluate
from scalelaw.training.executor import ENVIRONMENT
from scalelaw.training.job import Job
from scalelaw.training.speed import Speed
from scalelaw.training.text.batches import Batches
from scalelaw.training.text.corpus import Corpus, build_corpus
from scalelaw.workflows.demo.ladders import SIZES, demo_ladder

RATES = (0.003, 0.01, 0.03)
MANY = 1_000_000
"""Tokens of a run that is only timed."""


def job(width: int, tokens: float, corpus: Corpus, out: Path) -> Job:
    """Return one run of our default recipe, measured on an eighth of the usual tokens."""
    ladder = demo_ladder()
    data = ladder.data.__class__(eval_tokens=ladder.data.eval_tokens / 8)
    ladder = Ladder("against", (Grid(widths=(width,), tokens=(tokens,)),), shapes=ladder.shapes, data=data)
    return Job(ladder, ladder.rungs[0], 0, corpus, out)


class Ours:
    """A run of ours."""

    def __init__(self, job: Job) -> None:
        self._training, self._branch = Training(job), job.rung.trunk.branches[0]

    def advance(self, steps: int) -> None:
        self._training.advance(self._training.step + steps, self._branch)

    def loss(self) -> float:
        return self._training.measure()[0]


class Theirs:
    """A run of nanoGPT of the same size, on the same data in the same order."""

    def __init__(self, nano: Any, job: Job, rate: float) -> None:
        rung, self._job, self._rate, self._step = job.rung, job, rate, 0
        self._steps, self._warmup = rung.trunk.branches[0].steps, rung.trunk.warmup
        shape = rung.shape
        torch.manual_seed(job.seed)
        with contextlib.redirect_stdout(io.StringIO()):
            config = nano.GPTConfig(
                block_size=rung.seq_len, vocab_size=shape.vocab_size, n_layer=shape.layers, n_head=shape.heads,
                n_embd=shape.width, dropout=0.0, bias=False,
            )  # fmt: skip
            self._model = nano.GPT(config)
            self._optimizer = self._model.configure_optimizers(0.1, rate, (0.9, 0.95), "cpu")
        sequences = rung.trunk.batch_tokens // rung.seq_len
        self._batches = Batches(job.corpus.train_stream, rung.seq_len, sequences, job.seed)

    def advance(self, steps: int) -> None:
        for _ in range(steps):
            for group in self._optimizer.param_groups:
                group["lr"] = self._rate * self._factor()
            tokens = torch.from_numpy(self._batches.at(self._step).astype("int64"))
            _, loss = self._model(tokens[:, :-1].contiguous(), tokens[:, 1:].contiguous())
            loss.backward()
            torch.nn.utils.clip_grad_norm_(self._model.parameters(), 1.0)
            self._optimizer.step()
            self._optimizer.zero_grad(set_to_none=True)
            loss.item()
            self._step += 1

    def _factor(self) -> float:
        if self._step < self._warmup:
            return (self._step + 1) / (self._warmup + 1)
        done = (self._step - self._warmup) / max(1, self._steps - self._warmup)
        return 0.1 + 0.9 * 0.5 * (1 + math.cos(math.pi * min(1.0, done)))

    def loss(self) -> float:
        data = self._job.ladder.data
        model = SimpleNamespace(
            losses=self._losses, weights=SimpleNamespace(embedding=self._model.transformer.wte.weight)
        )
        stream = self._job.corpus.held_out_stream
        return evaluate(model, stream, seq_len=data.seq_len, tokens=data.eval_tokens).loss  # type: ignore[arg-type]

    def _losses(self, tokens: Tensor) -> Tensor:
        targets = tokens[:, 1:].contiguous()
        logits, _ = self._model(tokens[:, :-1].contiguous(), targets)
        return F.cross_entropy(logits.flatten(0, 1), targets.flatten(), reduction="none").view_as(targets)


def speeds(nano: Any, job: Job, repeats: int, block_s: float = 0.2) -> tuple[float, float, list[float]]:
    """Return tokens per CPU second of theirs and ours, and the ratio of each pair of neighbours, sorted."""
    runs = Theirs(nano, job, 0.001), Ours(job)
    for run in runs:
        run.advance(5)
    started = time.process_time()
    runs[0].advance(3)
    steps = max(1, round(block_s / (time.process_time() - started) * 3))
    taken: list[list[float]] = [[], []]
    for _ in range(repeats):
        for run, times in zip(runs, taken, strict=True):
            started = time.process_time()
            run.advance(steps)
            times.append(time.process_time() - started)
    tokens = steps * job.rung.trunk.batch_tokens
    theirs, ours = (tokens / statistics.median(times) for times in taken)
    return theirs, ours, sorted(a / b for a, b in zip(*taken, strict=True))


def two_threads(nano: Any, job: Job, repeats: int) -> float:
    """Return how many times faster, on the clock, two threads take nanoGPT's step than one."""
    run = Theirs(nano, job, 0.001)
    ratios = []
    for _ in range(repeats + 1):
        taken = []
        for threads in (1, 2):
            torch.set_num_threads(threads)
            started = time.perf_counter()
            run.advance(4)
            taken.append(time.perf_counter() - started)
        ratios.append(taken[0] / taken[1])
    torch.set_num_threads(1)
    return statistics.median(ratios[1:])


def trained(run: Any, steps: int) -> float:
    """Return the held-out loss after so many steps."""
    run.advance(steps)
    return float(run.loss())


def losses(nano: Any, width: int, second: float, rates: tuple[float, float], corpus: Corpus, out: Path) -> list[str]:
    """Return a row: steps and loss of both in so many CPU seconds; theirs at each rate."""
    batch = job(width, MANY, corpus, out).rung.trunk.batch_tokens
    theirs, ours = (max(2, round(second * rate / batch)) for rate in rates)
    their_job, our_job = (job(width, steps * batch, corpus, out) for steps in (theirs, ours))
    found = [trained(Theirs(nano, their_job, rate), theirs) for rate in RATES]
    best, mine = min(found), trained(Ours(our_job), ours)
    each = ", ".join(f"{loss:.3f}" for loss in found)
    return [str(width), f"{second:g}", str(theirs), each, str(ours), f"{mine:.3f}", f"{best - mine:+.3f}"]


def ladder_times(size: str, found: dict[int, tuple[float, float]], gain: float) -> list[list[str]]:
    """Return rows: seconds of a ladder of the demo on two cores, ours and theirs; found: width -> speeds."""
    ladder = demo_ladder(size)

    class Measured(Speed):
        def tokens_per_second(self, rung: Rung) -> float:
            return found[rung.shape.width][1]

    ours = Measured(0.0, 0.0, 2).seconds(ladder)
    rows = []
    for what, separate in (("every horizon a run of its own", True), ("if it had our branches", False)):
        theirs = sum(
            len(rung.seeds)
            * (rung.trunk.separate_tokens if separate else rung.trunk.tokens)
            / found[rung.shape.width][0]
            for rung in ladder.rungs
        )
        rows.append(
            [what, f"{ours:.0f}", *(f"{theirs / gain:.0f} ({theirs / gain / ours:.2f}x)" for gain in (2.0, gain))]
        )
    return rows


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def main() -> None:
    """Measure, and print the tables."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--checkout", type=Path, required=True, help="folder with nanoGPT's model.py")
    options.add_argument("--widths", type=int, nargs="+", default=[32, 64, 96])
    options.add_argument("--seconds", type=float, nargs="*", default=[4.0, 8.0, 16.0], help="CPU seconds of a run")
    options.add_argument("--repeats", type=int, default=15)
    options.add_argument("--ladder", choices=SIZES, help="compare the time of a whole ladder of the demo")
    options.add_argument("--out", type=Path, default=Path("against-nanogpt"), help="folder of the corpus")
    chosen = options.parse_args()
    if os.environ.get("MALLOC_TOP_PAD_") != ENVIRONMENT["MALLOC_TOP_PAD_"]:  # it counts only before a process starts
        os.execve(sys.executable, [sys.executable, *sys.argv], {**os.environ, **ENVIRONMENT})
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    said = importlib.util.spec_from_file_location("nanogpt_model", chosen.checkout / "model.py")
    assert said and said.loader
    nano = sys.modules[said.name] = importlib.util.module_from_spec(said)
    said.loader.exec_module(nano)
    ladder = demo_ladder()
    corpus = build_corpus(ladder.data, ladder.shapes.vocab_size, chosen.out / "corpus")

    ladder_widths = {rung.shape.width for rung in demo_ladder(chosen.ladder).rungs} if chosen.ladder else set()
    found, rows = {}, []
    for width in sorted({*chosen.widths, *ladder_widths}):
        theirs, ours, ratios = speeds(nano, job(width, MANY, corpus, chosen.out), chosen.repeats)
        found[width] = theirs, ours
        quarter = len(ratios) // 4
        middle = f"{statistics.median(ratios):.2f} ({ratios[quarter]:.2f} to {ratios[-1 - quarter]:.2f})"
        rows.append([str(width), f"{theirs:,.0f}", f"{ours:,.0f}", middle])
    print(f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores\n")
    print(table(["width", "nanoGPT, tokens per CPU s", "ours", "ours / nanoGPT (quartiles)"], rows), flush=True)
    if chosen.seconds:
        head = ["width", "CPU s", "steps", f"nanoGPT at {', '.join(map(str, RATES))}", "steps", "ours", "lower by"]
        rows = [
            losses(nano, width, second, found[width], corpus, chosen.out)
            for width in chosen.widths
            for second in chosen.seconds
        ]
        print(table(head, rows), flush=True)
    if chosen.ladder:
        gain = two_threads(nano, job(max(ladder_widths), MANY, corpus, chosen.out), chosen.repeats)
        head = ["nanoGPT trains", "ours, s", "nanoGPT, two threads twice as fast", f"{gain:.2f} times, as measured"]
        print(table(head, ladder_times(chosen.ladder, found, gain)))


if __name__ == "__main__":
    main()
