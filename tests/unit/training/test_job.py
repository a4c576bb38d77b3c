"""What decides the weights of a trunk decides where its states lie; what does not, does not."""

from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest

from scalelaw.ladder import Hyperparameters, Ladder
from scalelaw.training import job as jobs
from scalelaw.training.job import Job
from scalelaw.training.text.corpus import Corpus

Tiny = Callable[..., Ladder]
OTHERWISE: dict[str, Any] = {"optimizer": "adamw", "lr": {"matrices": 0.5}, "betas": (0.1, 0.2), "zero_init": None}


def other(field: str, value: Any) -> Any:
    """Return another value of a setting."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, Mapping):
        return {**value, next(iter(value)): 0.123}
    return OTHERWISE.get(field) or (value * 2 if value else 0.25)


@pytest.fixture
def job(tiny: Tiny, corpus: Corpus, tmp_path: Path) -> Job:
    ladder = tiny()
    return Job(ladder, ladder.rungs[0], 0, corpus, tmp_path)


@pytest.mark.parametrize("field", [field.name for field in fields(Hyperparameters)])
def test_every_hyperparameter_moves_the_states(job: Job, field: str) -> None:
    hyper = job.rung.hyper
    changed = replace(hyper, **{field: other(field, getattr(hyper, field))})
    assert changed != hyper
    assert replace(job, rung=replace(job.rung, hyper=changed)).checkpoints != job.checkpoints


@pytest.mark.parametrize("field", ["layers", "width", "vocab_size", "heads", "ffn_width"])
def test_every_part_of_a_shape_moves_the_states(job: Job, field: str) -> None:
    shape = replace(job.rung.shape, **{field: 2 * getattr(job.rung.shape, field)})
    assert replace(job, rung=replace(job.rung, shape=shape)).checkpoints != job.checkpoints


def test_seed_length_corpus_and_trainer_move_the_states(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    shard = job.corpus.train[0]
    text = replace(job.corpus, train=(replace(shard, sha256="0" * 64), *job.corpus.train[1:]))
    exam = replace(job.corpus, held_out=(replace(job.corpus.held_out[0], sha256="0" * 64),))
    places = {
        job.checkpoints,
        replace(job, seed=1).checkpoints,
        replace(job, rung=replace(job.rung, seq_len=32)).checkpoints,
        replace(job, corpus=text).checkpoints,
        replace(job, corpus=exam).checkpoints,
    }
    monkeypatch.setattr(jobs, "REVISION", "another")
    places.add(replace(job, seed=0).checkpoints)
    assert len(places) == 6


def test_what_decides_no_weight_moves_no_state(job: Job) -> None:
    same = [
        replace(job, keep_s=1.0),
        replace(job, noise_scale=True),
        replace(job, rung=replace(job.rung, seeds=(0, 1), held_out=not job.rung.held_out)),
        replace(job, rung=replace(job.rung, trunk=replace(job.rung.trunk, branches=job.rung.trunk.branches[:1]))),
    ]
    assert {each.checkpoints for each in same} == {job.checkpoints}


def test_every_setting_is_one_or_the_other(job: Job) -> None:
    """A field that is new has to be put among those that move the states, or those that do not."""
    decide = {"rung", "seed", "corpus", "device", "out"}
    assert {field.name for field in fields(Job)} == decide | {"ladder", "keep_s", "noise_scale"}
    assert {field.name for field in fields(job.rung)} == {"shape", "trunk", "hyper", "seeds", "held_out", "seq_len"}


@pytest.mark.parametrize("field", [field.name for field in fields(Job) if field.name not in ("ladder", "corpus")])
def test_a_worker_gets_the_whole_job(job: Job, field: str) -> None:
    values = {"rung": job.rung, "seed": 0, "out": job.out / "x", "device": "cpu", "keep_s": 3.0, "noise_scale": True}
    told = replace(job, **{field: values[field]})
    again = Job.from_dict(told.to_dict())
    assert getattr(again, field) == getattr(told, field)
    assert again.corpus.digest == job.corpus.digest and again.checkpoints == told.checkpoints
