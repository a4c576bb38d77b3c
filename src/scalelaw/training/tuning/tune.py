"""Tune a ladder: search its base rate and batch with Optuna on one or two rungs; every trial is a recorded run.

The folder of the runs holds the study (``study.journal``). Trials come in rounds of ``TOGETHER``, each with its own
seed, so that the search does not depend on the number of cores or on interruptions.
"""

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from os import PathLike
from pathlib import Path
from typing import Any, Unpack

import numpy as np

from scalelaw.core.errors import BadInput
from scalelaw.core.optional import require
from scalelaw.ladder import Ladder
from scalelaw.training.job import Job
from scalelaw.training.text.corpus import Corpus, build_corpus
from scalelaw.training.train_ladder import Progress, Watch, cores, run_jobs
from scalelaw.training.tuning.space import LR_STEP, Searched, Space
from scalelaw.training.tuning.tuned import Trial, Tuned, tuned

TOGETHER = 4
"""Trials per round."""
STUDY = "study.journal"


def tune(
    ladder: Ladder,
    out: str | PathLike[str] = "tune",
    *,
    trials: int = 16,
    seed: int = 0,
    workers: int | None = None,
    device: str = "cpu",
    watch: Watch | None = None,
    **searched: Unpack[Searched],
) -> Tuned:
    """Search the base learning rate and batch of a ladder on its cheapest rung, and measure the curvature.

    Every trial scales all rates of the recipe by one factor and its batch by a power of two; all trials have the same
    seed. Finished trials are kept: the same call continues the search, and more ``trials`` extend it.

    Args:
        ladder: the ladder to tune.
        out: folder of the runs and the study, created if absent.
        trials: total number of trials, including earlier calls.
        seed: seed of weights, data order and search.
        workers: number of processes; None for one per core on a CPU.
        device: ``cpu`` or ``cuda``.
        watch: called with the progress.
        **searched: ``widths``, ``tokens``, ``tunes_batch`` and ``within``; see ``Searched``.

    Raises:
        MissingExtra: Optuna is not installed.
        BadInput: a bad option or source of text.
        FitFailed: no trial has a loss.
    """
    optuna = require("optuna", extra="tune", why="search learning rates")
    space = Space.of(ladder, **searched)
    if trials < len(space.first):
        raise BadInput(f"trials = {trials}: give at least {len(space.first)}, the number of fixed first trials")
    out = Path(out).expanduser()
    needed = max(space.at(0.0, octaves).tokens for octaves in space.batches)
    corpus = build_corpus(ladder.data, ladder.shapes.vocab_size, out / "corpus", at_least=needed)
    with _quiet(optuna):
        search = _Search(optuna, space, out, corpus, seed, device)
        search.run(trials, workers or cores(device), watch)
    return tuned(space, out, search.trials(), search.failed)


class _Search:
    """A study, with the runs of its trials."""

    def __init__(self, optuna: Any, space: Space, out: Path, corpus: Corpus, seed: int, device: str) -> None:
        self.failed: dict[str, str] = {}
        self._optuna = optuna
        self._space = space
        self._out, self._corpus = out, corpus
        self._seed, self._device = seed, device
        storage = optuna.storages.JournalStorage(optuna.storages.journal.JournalFileBackend(str(out / STUDY)))
        name = f"{space.digest}-{corpus.digest}-s{seed}"
        self._study = optuna.create_study(storage=storage, study_name=name, load_if_exists=True)
        real, whole = optuna.distributions.FloatDistribution, optuna.distributions.IntDistribution
        self._axes = {"lr_octaves": real(-space.lr_octaves, space.lr_octaves, step=LR_STEP)}
        if len(space.batches) > 1:
            self._axes["batch_octaves"] = whole(space.batches[0], space.batches[-1])

    def run(self, trials: int, workers: int, watch: Watch | None) -> None:
        """Do rounds of trials up to this number; an interrupted round is finished first."""
        while open_trials := self._round(trials):
            jobs = {job_name: job for place in open_trials.values() for job_name, job in self._jobs(place) if job.to_do}
            ended = len(self._all()) - len(open_trials)
            self.failed |= run_jobs(jobs, workers, _of_all(watch, ended / trials, len(open_trials) / trials))
            for number, place in open_trials.items():
                losses = self._losses(place)
                if losses is None:
                    self._study.tell(number, state=self._optuna.trial.TrialState.FAIL)
                else:
                    self._study.tell(number, float(np.mean(np.log(losses))))

    def trials(self) -> tuple[Trial, ...]:
        """Return the finished trials, in order."""
        places = [(each.number, _place(each.params)) for each in self._all() if each.state.is_finished()]
        return tuple(Trial(number, *place, self._losses(place)) for number, place in places)

    def _round(self, trials: int) -> dict[int, tuple[float, int]]:
        """Return number -> place of a round: its open trials, with new ones if none of it has finished."""
        begun = self._all()
        of_round = begun[len(begun) // TOGETHER * TOGETHER :]
        open_trials = {each.number: _place(each.params) for each in begun if not each.state.is_finished()}
        if not open_trials or len(open_trials) == len(of_round):
            for number in range(len(begun), min(trials, len(begun) - len(of_round) + TOGETHER)):
                open_trials |= self._ask(number)
        return open_trials

    def _ask(self, number: int) -> dict[int, tuple[float, int]]:
        seed = int(np.random.SeedSequence([self._seed, number]).generate_state(1)[0])
        self._study.sampler = self._optuna.samplers.TPESampler(multivariate=True, n_startup_trials=3, seed=seed)
        if number < len(self._space.first):
            given = dict(zip(("lr_octaves", "batch_octaves"), self._space.first[number], strict=True))
            self._study.enqueue_trial({name: given[name] for name in self._axes}, skip_if_exists=True)
        trial = self._study.ask(self._axes)
        return {trial.number: _place(trial.params)}

    def _all(self) -> list[Any]:
        """Return the started trials."""
        waiting = self._optuna.trial.TrialState.WAITING
        return [each for each in self._study.get_trials(deepcopy=False) if each.state != waiting]

    def _jobs(self, place: tuple[float, int]) -> Iterator[tuple[str, Job]]:
        """Yield name and job of each rung at a place; equal places have equal names, so that no job is done twice."""
        ladder = self._space.at(*place)
        for rung in ladder.rungs:
            name = f"{rung.name} at rate x {2 ** place[0]:.3g}, batch x {2.0 ** place[1]:g}"
            yield name, Job(ladder, rung, self._seed, self._corpus, self._out, device=self._device)

    def _losses(self, place: tuple[float, int]) -> tuple[float, ...] | None:
        """Return the loss of each width, infinite if diverged; None if one could not be trained."""
        losses = []
        for _, job in self._jobs(place):
            found = job.recorded(job.rung.trunk.branches[-1])
            if found is None or found.state != "finished":
                return None
            loss = float(found.evals[-1]["loss"])  # type: ignore[arg-type]
            losses.append(loss if math.isfinite(loss) else math.inf)
        return tuple(losses)


def _place(params: Mapping[str, float]) -> tuple[float, int]:
    """Return the octaves of rate and batch, rounded since a sum of steps is not exact."""
    return round(params["lr_octaves"], 2), int(params.get("batch_octaves", 0))


def _of_all(watch: Watch | None, before: float, share: float) -> Watch | None:
    """Return a callback that turns the progress of a round into that of the search."""
    if watch is None:
        return None

    def report(now: Progress) -> None:
        done = before + share * now.share
        left = None if now.left_s is None or now.share >= 1 else now.left_s / (1 - now.share) * (1 - done) / share
        watch(replace(now, share=done, left_s=left))

    return report


@contextmanager
def _quiet(optuna: Any) -> Iterator[None]:
    """Silence Optuna's log lines, and restore its verbosity afterwards."""
    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    try:
        yield
    finally:
        optuna.logging.set_verbosity(before)
