"""What is trained: gradients are right, branches are the runs they stand for, a resumed climb ends in the same bits."""

import dataclasses
import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from scalelaw.accounting import count_params
from scalelaw.core.errors import BadInput
from scalelaw.ladder import Hyperparameters, Ladder, Shapes, recipe
from scalelaw.runs import DirStore, load_runs
from scalelaw.training import checkpoint
from scalelaw.training.climb import Training, climb
from scalelaw.training.evaluate import evaluate
from scalelaw.training.job import Job
from scalelaw.training.model import Model, Weights, init, plain_blocks, plain_head
from scalelaw.training.optim import GROUP, Optimizer, orthogonalised
from scalelaw.training.text.batches import Batches
from scalelaw.training.text.corpus import Corpus

torch.set_num_threads(1)

Tiny = Callable[..., Ladder]
SHAPE = Shapes(layers=2, head_dim=4, vocab_size=11).at(12)


def hyper(**changes: object) -> Hyperparameters:
    return dataclasses.replace(recipe("muon-cpu").at(SHAPE, 1e6, 128), **changes)


def stirred() -> Weights:
    """Return weights of which none is at a special value."""
    weights = init(SHAPE, hyper(zero_init=False), 3)
    draw = torch.Generator().manual_seed(4)
    with torch.no_grad():
        for each in (weights.gains, weights.scales):
            each.mul_(0.5 + torch.rand(each.shape, generator=draw))
    return weights


def plain(model: Model) -> Model:
    """Return the model computed by plain torch."""
    other = Model(SHAPE, model.weights, seq_len=70)
    other._blocks = (plain_blocks, plain_head)
    return other


def gradients(model: Model, tokens: torch.Tensor) -> dict[str, torch.Tensor]:
    for _, each in model.weights.named():
        each.grad = None
    model.loss(tokens).backward()  # type: ignore[no-untyped-call]
    return {name: each.grad.clone() for name, each in model.weights.named() if each.grad is not None}


@pytest.mark.parametrize("seq_len", [5, 64, 70])
def test_gradients_by_hand_are_those_of_torch(seq_len: int) -> None:
    """Seventy positions are a whole block of queries and a part of one."""
    model = Model(SHAPE, stirred(), seq_len=seq_len)
    other = plain(model)
    other._turns = model._turns
    tokens = torch.randint(11, (seq_len + 1, 3), generator=torch.Generator().manual_seed(1))
    np.testing.assert_allclose(model.losses(tokens).detach(), other.losses(tokens).detach(), rtol=1e-5, atol=1e-5)
    assert model.loss(tokens).item() == pytest.approx(model.losses(tokens).mean().item(), rel=1e-6)
    by_hand, by_torch = gradients(model, tokens), gradients(other, tokens)
    assert by_hand.keys() == by_torch.keys() == dict(model.weights.named()).keys()
    for name, grad in by_hand.items():
        np.testing.assert_allclose(grad, by_torch[name], rtol=1e-4, atol=1e-6, err_msg=name)


def test_no_token_sees_what_comes_after_it_and_order_matters() -> None:
    model = Model(SHAPE, stirred(), seq_len=70)
    tokens = torch.randint(11, (71, 2), generator=torch.Generator().manual_seed(2))
    changed = tokens.clone()
    changed[40, 0] = (changed[40, 0] + 1) % 11
    before, after = model.losses(tokens), model.losses(changed)
    assert torch.equal(before[:39], after[:39]) and torch.equal(before[:, 1], after[:, 1])
    assert (before[40:, 0] != after[40:, 0]).any()
    swapped = tokens.clone()
    swapped[[3, 7]] = tokens[[7, 3]]
    assert not torch.allclose(model.losses(swapped)[60], before[60])


def test_the_weights_are_the_params_that_are_counted() -> None:
    counts = count_params(SHAPE)
    weights = init(SHAPE, hyper(), 0)
    assert weights.params == counts.total
    assert weights.gains.numel() + weights.scales.numel() == counts.norms
    assert Model(SHAPE, weights, seq_len=8).loss(torch.zeros(9, 1, dtype=torch.int64)).item() == pytest.approx(
        math.log(11)
    )


def test_a_shape_of_another_family_is_refused() -> None:
    with pytest.raises(BadInput, match="cannot be trained here"):
        init(dataclasses.replace(SHAPE, gated=True), hyper(), 0)


def test_muon_makes_every_direction_as_long() -> None:
    batch = torch.randn(2, 3, 20, 8, generator=torch.Generator().manual_seed(0)) * torch.logspace(0, -2, 8)
    before, after = (torch.linalg.svdvals(each) for each in (batch, orthogonalised(batch)))
    assert before.min() / before.max() < 0.02
    assert 0.5 < after.min() and after.max() < 1.3
    u, _, v = torch.linalg.svd(batch, full_matrices=False)
    assert (torch.linalg.vecdot((u @ v).flatten(2), orthogonalised(batch).flatten(2)) > 0.9 * 8 * 0.8).all()


def test_adamw_steps_as_its_formula() -> None:
    """Kingma and Ba 2014, algorithm 1; one rate a group, and only matrices decay."""
    rates = {"matrices": 0.01, "embedding": 0.03, "head": 0.02, "gains": 0.005}
    said = hyper(optimizer="adamw", lr=rates, weight_decay=0.1)
    weights = init(SHAPE, said, 0)
    optimizer = Optimizer(weights, said)
    expected = {name: each.detach().numpy().astype(float) for name, each in weights.named()}
    mean = {name: np.zeros_like(each) for name, each in expected.items()}
    square = {name: np.zeros_like(each) for name, each in expected.items()}
    tokens = torch.randint(11, (9, 4), generator=torch.Generator().manual_seed(3))
    for number in range(4):
        for name, grad in gradients(Model(SHAPE, weights, seq_len=8), tokens).items():
            g, group = grad.numpy().astype(float), GROUP[name]
            mean[name] = 0.9 * mean[name] + 0.1 * g
            square[name] = 0.95 * square[name] + 0.05 * g**2
            unbiased = mean[name] / (1 - 0.9 ** (number + 1)), square[name] / (1 - 0.95 ** (number + 1))
            expected[name] *= 1 - (0.5 * rates[group] * 0.1 if group == "matrices" else 0)
            expected[name] -= 0.5 * rates[group] * unbiased[0] / (np.sqrt(unbiased[1]) + said.eps)
        optimizer.step(number, 0.5)
    for name, each in weights.named():
        np.testing.assert_allclose(each.detach(), expected[name], rtol=1e-4, atol=1e-6, err_msg=name)


def job(ladder: Ladder, corpus: Corpus, out: Path, **options: float) -> Job:
    return Job(ladder, ladder.rungs[0], 0, corpus, out, **options)  # type: ignore[arg-type]


def losses(out: Path) -> dict[str, object]:
    """Return label -> loss of what a store holds."""
    records = map(DirStore(out).read, DirStore(out).runs())
    return {str(record.settings["label"]): [values["loss"] for values in record.evals] for record in records}


def test_a_branch_is_the_run_it_stands_for_and_learns(tiny: Tiny, corpus: Corpus, tmp_path: Path) -> None:
    """Bit for bit: the shorter horizon leaves no mark on the trunk."""
    ladder = tiny()
    climb(job(ladder, corpus, tmp_path / "both"))
    alone = dataclasses.replace(ladder, grids=(dataclasses.replace(ladder.grids[0], tokens=(3840,)),))
    climb(job(alone, corpus, tmp_path / "alone"))
    both = losses(tmp_path / "both")
    assert losses(tmp_path / "alone").items() <= both.items() and len(both) == 2
    table = load_runs(tmp_path / "both")
    assert table.targets == ("loss",)
    ends = table.endpoints()
    assert sorted(ends.columns["tokens"]) == [1920, 3840] and (ends.y < math.log(64)).all()
    longer = ends.y[np.argsort(ends.columns["tokens"])]
    assert longer[1] < longer[0]


class Killed(Exception):
    """Stands for a kill: nothing is cleaned up for it."""


def test_a_killed_climb_goes_on_bit_for_bit(
    tiny: Tiny, corpus: Corpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed on the trunk, in a cooldown, and on the trunk again, it never does over what is on disk."""
    climb(job(tiny(), corpus, tmp_path / "whole"))
    steps: list[int] = []
    plain_step = Optimizer.step

    def until(limit: int) -> None:
        def step(self: Optimizer, number: int, factor: float) -> None:
            if len(steps) == limit:
                raise Killed
            steps.append(number)
            plain_step(self, number, factor)

        monkeypatch.setattr(Optimizer, "step", step)
        climb(job(tiny(), corpus, tmp_path / "killed", keep_s=0.0))

    for limit in (10, 29, 40):
        with pytest.raises(Killed):
            until(limit)
    until(10**6)
    assert losses(tmp_path / "killed") == losses(tmp_path / "whole")
    trunk = [*range(24), *range(24, 29), *range(24, 30), *range(24, 48), *range(48, 60)]
    assert steps == trunk, "only the cooldown that was cut is begun again"
    assert checkpoint.steps(job(tiny(), corpus, tmp_path / "killed").checkpoints) == [48]
    until(0)


def test_a_loss_that_is_not_finite_is_recorded(tiny: Tiny, corpus: Corpus, tmp_path: Path) -> None:
    climb(job(tiny(lr_head=1e25, lr_embedding=1e25), corpus, tmp_path))
    records = [DirStore(tmp_path).read(run) for run in DirStore(tmp_path).runs()]
    assert [record.state for record in records] == ["finished", "finished"]
    assert all(math.isnan(float(str(record.evals[-1]["loss"]))) for record in records)
    assert not list(tmp_path.glob("checkpoints/*/*")), "a state of NaN is of no use"


def test_a_damaged_checkpoint_says_what_to_do(tiny: Tiny, corpus: Corpus, tmp_path: Path) -> None:
    folder = job(tiny(), corpus, tmp_path).checkpoints
    folder.mkdir(parents=True)
    (folder / "step-00000010.safetensors").write_bytes(b"torn")
    with pytest.raises(BadInput, match=r"cannot be read.*delete it to train from the start"):
        climb(job(tiny(), corpus, tmp_path))


def test_the_evaluation_is_a_mean_over_sequences_and_its_se_is_honest(
    tiny: Tiny, corpus: Corpus, tmp_path: Path
) -> None:
    model = Training(job(tiny(zero_init=False), corpus, tmp_path))._model
    found = evaluate(model, corpus.held_out_stream, seq_len=16, tokens=4096)
    windows = corpus.held_out_stream.windows(np.arange(256) * 16, 17).astype(np.int64)
    with torch.no_grad():
        each = model.losses(torch.from_numpy(windows)).mean(0)
    assert found.tokens == 4096
    assert found.loss == pytest.approx(float(each.mean()), rel=1e-6)
    assert found.se == pytest.approx(float(each.std() / 16), rel=1e-5)


def test_seeds_differ_in_weights_and_in_order(corpus: Corpus) -> None:
    assert not torch.equal(init(SHAPE, hyper(), 0).embedding, init(SHAPE, hyper(), 1).embedding)
    orders = [Batches(corpus.train_stream, 16, 4, seed).at(0) for seed in (0, 1)]
    assert not np.array_equal(*orders)
