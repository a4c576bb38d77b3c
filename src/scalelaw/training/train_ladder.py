"""Train a ladder: every rung to every horizon, recorded, resumable, skipping finished runs."""

import math
import os
import time
import warnings
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from functools import cached_property
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from scalelaw.core.errors import BadInput, ScalelawWarning
from scalelaw.core.findings import Finding
from scalelaw.core.nouns.tabular import Columns, Tabular, columns_of
from scalelaw.core.rendering import Lines, Renderable, Report, Table
from scalelaw.ladder import Ladder
from scalelaw.ladder.files import FILE
from scalelaw.runs.reading.load import load_runs
from scalelaw.runs.storing.run_spec import RunSpec
from scalelaw.runs.table import RunTable
from scalelaw.training.executor import execute
from scalelaw.training.job import Job, precision
from scalelaw.training.text.corpus import Corpus, build_corpus

_OVERHEAD = 3e5
"""Overhead per token on a CPU, in FLOP, for estimates of the remaining time (our prototype)."""


@dataclass(frozen=True)
class Progress:
    """Progress of training.

    Attributes:
        share: finished share of the work, 0 to 1.
        left_s: estimated remaining seconds; None if unknown.
        finished: number of finished jobs.
        jobs: total number of jobs.
        active: name of each active job -> its finished share and the loss of its last batch.
    """

    share: float
    left_s: float | None
    finished: int
    jobs: int
    active: Mapping[str, tuple[float, float]]


Watch = Callable[[Progress], None]


@dataclass(frozen=True, eq=False)
class TrainedLadder(Renderable, Tabular):
    """The runs of a trained ladder.

    Attributes:
        ladder: the ladder.
        out: folder of the runs.
        corpus: the training and evaluation data.
        rows: one per run: digest, label, N, D, state, loss (or None) and standard error.
        failed: name of a job -> why it failed.
        seconds: wall-clock seconds of this call.
        trained: number of jobs started in this call.
    """

    ladder: Ladder
    out: Path
    corpus: Corpus
    rows: tuple[Mapping[str, Any], ...]
    failed: Mapping[str, str] = field(hash=False)
    seconds: float
    trained: int

    @property
    def complete(self) -> bool:
        """Whether every run has finished or diverged."""
        return all(row["state"] in ("finished", "diverged") for row in self.rows)

    @cached_property
    def table(self) -> RunTable:
        """The runs of this ladder, read from the folder; others in it are excluded.

        Raises:
            BadInput: no run has started.
        """
        table = load_runs(self.out)
        own = np.isin(table.values("run").astype(str), [row["run"] for row in self.rows])
        return table.keep(own, f"not a run of ladder {self.ladder.name}")

    @cached_property
    def findings(self) -> tuple[Finding, ...]:
        """Findings on badly tuned rungs; empty before all runs have finished."""
        from scalelaw.diagnosing.under_tuned import check_tuning

        if not self.complete:
            return ()
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", ScalelawWarning)
                return check_tuning(self.table.endpoints("loss"))
        except BadInput:  # every run diverged, or too few runs for a fit
            return ()

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {
            "schema": "scalelaw.sweep/1",
            "ladder": self.ladder.name,
            "digest": self.ladder.digest,
            "out": str(self.out),
            "corpus": {
                "digest": self.corpus.digest,
                "unique_tokens": self.corpus.unique_tokens,
                "eval_tokens": self.corpus.eval_tokens,
                "bytes_per_token": self.corpus.bytes_per_token,
                "irreducible_loss": self.corpus.entropy_rate,
            },
            "complete": self.complete,
            "seconds": self.seconds,
            "trained": self.trained,
            "failed": dict(self.failed),
            "findings": [each.to_dict() for each in self.findings],
            "runs": [dict(row) for row in self.rows],
        }

    def to_columns(self) -> Columns:
        """Return one row per run."""
        return columns_of(self.rows)

    def report(self) -> Report:
        """Return the runs with their losses, and failures."""
        head = ["run", "N", "tokens", "loss", "se", ""]
        rows = [
            [
                row["label"], f"{row['params']:,}", f"{row['tokens']:,}",
                "" if row["loss"] is None else f"{row['loss']:.4f}", "" if row["se"] is None else f"{row['se']:.4f}",
                "" if row["state"] == "finished" else row["state"],
            ]
            for row in self.rows
        ]  # fmt: skip
        done = sum(row["state"] in ("finished", "diverged") for row in self.rows)
        lines = [("runs", f"{done} of {len(self.rows)} in {self.out}"), ("corpus", self.corpus.digest)]
        lines += [(name, why) for name, why in self.failed.items()]
        lines += [(str(each.grade), f"{each} [{each.code}]") for each in self.findings]
        if not self.complete:
            lines.append(("next", "run the same command again to continue"))
        return Report(f"sweep of {self.ladder.name}", [Table([head, *rows], right=range(1, 5)), Lines(lines)])


def train_ladder(
    ladder: Ladder,
    out: str | PathLike[str],
    *,
    workers: int | None = None,
    held_out: bool | None = None,
    device: str = "cpu",
    noise_scale: bool = False,
    watch: Watch | None = None,
) -> TrainedLadder:
    """Train every rung of a ladder to every unfinished horizon, and return the runs.

    Args:
        ladder: the ladder.
        out: folder of the runs, corpus and checkpoints, created if absent.
        workers: number of processes; None for one per core on a CPU, one on another device.
        held_out: True for only the held-out rungs, False for only the fitted rungs, None for all rungs.
        device: ``cpu`` or ``cuda``.
        noise_scale: whether each run records the gradient-noise scale at its branch; costs 64 steps each.
        watch: called with the progress.

    Raises:
        BadInput: the source cannot be read or has too few tokens, or the device is unknown.
    """
    if device != "cpu":
        precision(device)
    out = Path(out).expanduser()
    corpus = build_corpus(ladder.data, ladder.shapes.vocab_size, out / "corpus", at_least=ladder.tokens)
    if not (out / FILE).exists():
        ladder.save(out / FILE)  # so that the folder can be packed and continued elsewhere
    jobs = [
        Job(ladder, rung, seed, corpus, out, device=device, noise_scale=noise_scale)
        for rung in ladder.rungs
        if held_out is None or rung.held_out is held_out
        for seed in rung.seeds
    ]
    todo = sorted((job for job in jobs if job.to_do), key=_work, reverse=True)
    started = time.monotonic()
    failed = run_jobs({job.name: job for job in todo}, workers or cores(device), watch)
    rows = tuple(_row(job, branch) for job in jobs for branch in job.rung.trunk.branches)
    return TrainedLadder(ladder, out, corpus, rows, failed, round(time.monotonic() - started, 1), len(todo))


def run_jobs(jobs: Mapping[str, Job], workers: int, watch: Watch | None = None) -> dict[str, str]:
    """Do named jobs; return name -> why it failed."""
    failed: dict[str, str] = {}
    names, tracker = tuple(jobs), _Tracker(jobs)
    with closing(execute([job.to_dict() for job in jobs.values()], workers)) as events:
        for event in events:
            if "failed" in event.message:
                failed[names[event.job]] = event.message["failed"]
            tracker.note(event.job, event.message)
            if watch is not None:
                watch(tracker.progress())
    return failed


class _Tracker:
    """Sums the progress of the jobs, and estimates the remaining time."""

    def __init__(self, jobs: Mapping[str, Job]) -> None:
        self._names, self._jobs = tuple(jobs), tuple(jobs.values())
        self._work = [_work(job) for job in self._jobs]
        self._shares = [0.0] * len(jobs)
        self._losses: dict[int, float] = {}
        self._ended: set[int] = set()
        self._started = time.monotonic()
        self._at_start: dict[int, float] = {}

    def note(self, job: int, message: Mapping[str, Any]) -> None:
        if "steps" in message:
            self._shares[job] = min(1.0, message["steps"] / self._jobs[job].rung.trunk.steps)
            self._at_start.setdefault(job, self._shares[job])
            self._losses[job] = message["loss"]
        else:
            self._shares[job] = 1.0
            self._ended.add(job)
            self._losses.pop(job, None)

    def progress(self) -> Progress:
        total = sum(self._work) or 1.0
        done = sum(share * work for share, work in zip(self._shares, self._work, strict=True))
        before = sum(share * self._work[job] for job, share in self._at_start.items())
        spent = time.monotonic() - self._started
        left = (total - done) * spent / (done - before) if done > before and spent > 1 else None
        active = {self._names[job]: (self._shares[job], loss) for job, loss in self._losses.items()}
        return Progress(done / total, left, len(self._ended), len(self._jobs), active)


def _work(job: Job) -> float:
    """Return the cost of a job in FLOP, with CPU overhead."""
    return (job.rung.flops(1) + _OVERHEAD) * job.rung.trunk.tokens


def cores(device: str) -> int:
    """Return the default number of processes on a device."""
    if device != "cpu":
        return 1
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _row(job: Job, branch: Any) -> dict[str, Any]:
    found = job.recorded(branch)
    last = found.evals[-1] if found is not None and found.evals else {}
    loss = last.get("loss")
    settings = job.settings(branch)
    diverged = isinstance(loss, float) and not math.isfinite(loss)
    return {
        "run": RunSpec.of(settings).digest,
        "label": settings["label"],
        "params": settings["params"],
        "params_non_embedding": settings["params_non_embedding"],
        "tokens": branch.tokens,
        "flops": job.rung.flops(branch.tokens),
        "seed": job.seed,
        "held_out": job.rung.held_out,
        "state": "not begun" if found is None else "diverged" if diverged else found.state,
        "loss": None if diverged else loss,
        "se": None if diverged else last.get("loss_se"),
    }
