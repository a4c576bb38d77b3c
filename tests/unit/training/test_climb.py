"""What is trained: gradients are right, branches are the runs they stand for, a resumed climb ends in the same bits."""

import dataclasses
import math
import resource
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from scalelaw.accounting import count_params
from scalelaw.core.errors import BadInput
from scalelaw.ladder import Hyperparameters, Ladder, Shapes, recipe
from scalelaw.runs.reading.load import load_runs
from scalelaw.runs.storing.dirstore import DirStore
from scalelaw.training import checkpoint
from scalelaw.training.climb import Training, climb
from scalelaw.training.evaluate import evaluate
from scalelaw.training.job import REVISION, Job
from scalelaw.training.model import Model, Program, Weights, init
from scalelaw.training.optim import GROUP, NEWTON_SCHULZ, NEWTON_SCHULZ_STEPS, Optimizer, orthogonalised
from scalelaw.training.text.batches import Batches
from scalelaw.training.text.corpus import Corpus, build_corpus
from scalelaw.training.train_ladder import train_ladder

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


def gradients(model: Model, tokens: torch.Tensor) -> dict[str, torch.Tensor]:
    for _, each in model.weights.named():
        each.grad = None
    model.loss(tokens).backward()  # type: ignore[no-untyped-call]
    return {name: each.grad.clone() for name, each in model.weights.named() if each.grad is not None}


@pytest.mark.parametrize("seq_len", [5, 32, 70])
def test_gradients_by_hand_are_those_of_torch(seq_len: int) -> None:
    """Seventy positions are two blocks of queries and a part of one."""
    model = Model(SHAPE, stirred(), seq_len=seq_len)
    other = Model(SHAPE, model.weights, seq_len=seq_len, program=Program())
    assert model.program == Program(fused=True)
    tokens = torch.randint(11, (3, seq_len + 1), generator=torch.Generator().manual_seed(1))
    np.testing.assert_allclose(model.losses(tokens).detach(), other.losses(tokens).detach(), rtol=1e-5, atol=1e-5)
    assert model.loss(tokens).item() == pytest.approx(model.losses(tokens).mean().item(), rel=1e-6)
    by_hand, by_torch = gradients(model, tokens), gradients(other, tokens)
    assert by_hand.keys() == by_torch.keys() == dict(model.weights.named()).keys()
    for name, grad in by_hand.items():
        np.testing.assert_allclose(grad, by_torch[name], rtol=1e-4, atol=1e-6, err_msg=name)


def test_bfloat16_is_near_float32_and_leaves_the_weights_alone() -> None:
    weights = stirred()
    tokens = torch.randint(11, (3, 65), generator=torch.Generator().manual_seed(1))
    exact, rough = (Model(SHAPE, weights, seq_len=64, program=Program(bf16=half)) for half in (False, True))
    assert rough.loss(tokens).item() == pytest.approx(exact.loss(tokens).item(), rel=0.01)
    assert rough.loss(tokens).item() != exact.loss(tokens).item()
    expected = gradients(exact, tokens)
    for name, grad in gradients(rough, tokens).items():
        assert grad.dtype == torch.float32
        assert torch.cosine_similarity(grad.flatten(), expected[name].flatten(), 0) > 0.97, name


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("g++") is None, reason="torch.compile builds C++")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # torch's own, on importing its compiler
def test_the_compiled_program_is_the_plain_one() -> None:
    weights = stirred()
    tokens = torch.randint(11, (3, 17), generator=torch.Generator().manual_seed(1))
    plain, compiled = (Model(SHAPE, weights, seq_len=16, program=Program(compiled=each)) for each in (False, True))
    assert compiled.loss(tokens).item() == pytest.approx(plain.loss(tokens).item(), rel=1e-4)
    expected = gradients(plain, tokens)
    for name, grad in gradients(compiled, tokens).items():
        np.testing.assert_allclose(grad, expected[name], rtol=1e-3, atol=1e-4, err_msg=name)


@pytest.mark.parametrize("capable", [False, True])
def test_a_gpu_is_asked_what_it_can(capable: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    def supported(including_emulation: bool = True) -> bool:
        return capable or including_emulation

    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", supported)
    assert Program.of("cuda:0") == Program(bf16=capable, compiled=True)
    assert Program.of("cuda").precision == ("bf16" if capable else "fp32")


def test_losses_of_another_precision_are_another_run(
    tiny: Tiny, corpus: Corpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation=True: True)
    here, there = job(tiny(), corpus, tmp_path), job(tiny(), corpus, tmp_path, device="cuda")
    branch = here.rung.trunk.branches[0]
    assert there.settings(branch) == {**here.settings(branch), "precision": "bf16"}
    assert there.checkpoints != here.checkpoints


def test_a_device_that_is_not_there_is_refused_before_anything_is_made(
    tiny: Tiny, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(BadInput, match=r"device 'cuda': torch .* finds no GPU; use --device cpu"):
        train_ladder(tiny(), tmp_path / "runs", device="cuda")
    with pytest.raises(BadInput, match=r"device 'tpu': give cpu or cuda"):
        train_ladder(tiny(), tmp_path / "runs", device="tpu")
    assert not (tmp_path / "runs").exists()


def test_no_token_sees_what_comes_after_it_and_order_matters() -> None:
    model = Model(SHAPE, stirred(), seq_len=70)
    tokens = torch.randint(11, (2, 71), generator=torch.Generator().manual_seed(2))
    changed = tokens.clone()
    changed[0, 40] = (changed[0, 40] + 1) % 11
    before, after = model.losses(tokens), model.losses(changed)
    assert torch.equal(before[:, :39], after[:, :39]) and torch.equal(before[1], after[1])
    assert (before[0, 40:] != after[0, 40:]).any()
    swapped = tokens.clone()
    swapped[:, [3, 7]] = tokens[:, [7, 3]]
    assert not torch.allclose(model.losses(swapped)[:, 60], before[:, 60])


def test_the_weights_are_the_params_that_are_counted() -> None:
    counts = count_params(SHAPE)
    weights = init(SHAPE, hyper(), 0)
    assert weights.params == counts.total
    assert weights.gains.numel() + weights.scales.numel() == counts.norms
    assert Model(SHAPE, weights, seq_len=8).loss(torch.zeros(1, 9, dtype=torch.int64)).item() == pytest.approx(
        math.log(11)
    )


def test_a_shape_of_another_family_is_refused() -> None:
    with pytest.raises(BadInput, match="cannot be trained; models need"):
        init(dataclasses.replace(SHAPE, gated=True), hyper(), 0)


def test_muon_makes_every_direction_as_long() -> None:
    batch = torch.randn(2, 3, 20, 8, generator=torch.Generator().manual_seed(0)) * torch.logspace(0, -2, 8)
    before, after = (torch.linalg.svdvals(each) for each in (batch, orthogonalised(batch)))
    assert before.min() / before.max() < 0.02
    assert 0.5 < after.min() and after.max() < 1.3
    u, _, v = torch.linalg.svd(batch, full_matrices=False)
    assert (torch.linalg.vecdot((u @ v).flatten(2), orthogonalised(batch).flatten(2)) > 0.9 * 8 * 0.8).all()


@pytest.mark.parametrize("rows", [20, 80])
def test_the_iteration_is_its_definition(rows: int) -> None:
    """In float64, matrix by matrix; a tall one goes through its Gram matrix, singular values of 1e-4 included."""
    batch = torch.randn(2, 3, rows, 20, generator=torch.Generator().manual_seed(0)) * torch.logspace(0, -4, 20)
    x = batch.double() / torch.linalg.matrix_norm(batch.double(), keepdim=True)
    a, b, c = NEWTON_SCHULZ
    for _ in range(NEWTON_SCHULZ_STEPS):
        gram = x @ x.mT
        x = a * x + (b * gram + c * gram @ gram) @ x
    np.testing.assert_allclose(orthogonalised(batch), x, atol=1e-5)


def test_adamw_steps_as_its_formula() -> None:
    """Kingma and Ba 2014, algorithm 1; one rate a group, and only matrices decay."""
    rates = {"matrices": 0.01, "embedding": 0.03, "head": 0.02, "gains": 0.005}
    said = hyper(optimizer="adamw", lr=rates, weight_decay=0.1)
    weights = init(SHAPE, said, 0)
    optimizer = Optimizer(weights, said)
    expected = {name: each.detach().numpy().astype(float) for name, each in weights.named()}
    mean = {name: np.zeros_like(each) for name, each in expected.items()}
    square = {name: np.zeros_like(each) for name, each in expected.items()}
    tokens = torch.randint(11, (4, 9), generator=torch.Generator().manual_seed(3))
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


def test_muon_steps_as_its_formula() -> None:
    """Nesterov momentum, made orthogonal; the first feed-forward matrix, four times as tall, moves twice as far."""
    said = hyper(weight_decay=0.1)
    weights = stirred()
    optimizer = Optimizer(weights, said)
    matrices = {name: each for name, each in weights.named() if GROUP[name] == "matrices"}
    expected = {name: each.detach().clone() for name, each in matrices.items()}
    momentum = {name: torch.zeros_like(each) for name, each in expected.items()}
    rate = 0.5 * said.lr["matrices"]
    tokens = torch.randint(11, (4, 9), generator=torch.Generator().manual_seed(3))
    for number in range(3):
        found = gradients(Model(SHAPE, weights, seq_len=8), tokens)
        for name in matrices:
            momentum[name] = 0.95 * momentum[name] + 0.05 * found[name]
            update = orthogonalised(0.95 * momentum[name] + 0.05 * found[name])
            if name == "feed_forward":
                update[:, 0] *= 2
            expected[name] = (1 - rate * 0.1) * expected[name] - rate * update
        optimizer.step(number, 0.5)
    for name, each in matrices.items():
        torch.testing.assert_close(each.detach(), expected[name], rtol=1e-3, atol=1e-5, msg=name)


def job(ladder: Ladder, corpus: Corpus, out: Path, **options: float | str) -> Job:
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
    """Killed on the trunk, in a cooldown, after a run and on the trunk again, it never does over what is on disk."""
    climb(job(tiny(), corpus, tmp_path / "whole"))
    steps: list[int] = []
    monkeypatch.setattr(time, "process_time", lambda: float(len(steps)))
    plain_step = Optimizer.step

    def until(limit: int) -> None:
        def step(self: Optimizer, number: int, factor: float) -> None:
            if len(steps) == limit:
                raise Killed
            steps.append(number)
            plain_step(self, number, factor)

        monkeypatch.setattr(Optimizer, "step", step)
        climb(job(tiny(), corpus, tmp_path / "killed", keep_s=0.0))

    for limit in (10, 29, 35, 40):
        with pytest.raises(Killed):
            until(limit)
    until(10**6)
    assert losses(tmp_path / "killed") == losses(tmp_path / "whole")
    trunk = [*range(24), *range(24, 29), *range(24, 30), *range(24, 48), *range(48, 60)]
    assert steps == trunk, "only the cooldown that was cut is begun again"
    assert checkpoint.steps(job(tiny(), corpus, tmp_path / "killed").checkpoints) == [48]
    spent = [
        values["cpu_s"]
        for run in DirStore(tmp_path / "killed").runs()
        for values in DirStore(tmp_path / "killed").read(run).evals
    ]
    assert sorted(spent) == [24 + 6, 24 + 12], "seconds before a kill count, and once"
    until(0)


def test_a_loss_that_is_not_finite_is_recorded(tiny: Tiny, corpus: Corpus, tmp_path: Path) -> None:
    climb(job(tiny(lr_head=1e25, lr_embedding=1e25), corpus, tmp_path))
    records = [DirStore(tmp_path).read(run) for run in DirStore(tmp_path).runs()]
    assert [record.state for record in records] == ["finished", "finished"]
    assert all(math.isnan(float(str(record.evals[-1]["loss"]))) for record in records)
    assert not list(tmp_path.glob("checkpoints/*/*")), "a state of NaN is of no use"


def test_a_rung_that_diverges_leaves_the_others_alone(tiny: Tiny, tmp_path: Path) -> None:
    """Two rates go as about width^88 here: fit at the width of the recipe, absurd at twice that."""
    ladder = tiny(widths=(8, 16), width=8, width_head=-89.0, width_embedding=-87.0)
    corpus = build_corpus(ladder.data, 64, tmp_path / "corpus", at_least=ladder.tokens)
    for rung in ladder.rungs:
        climb(Job(ladder, rung, 0, corpus, tmp_path))
    swept = train_ladder(ladder, tmp_path)
    assert [row["state"] for row in swept.rows] == ["finished"] * 2 + ["diverged"] * 2
    assert [row["loss"] is None for row in swept.rows] == [False, False, True, True]
    assert swept.complete and not swept.failed and swept.trained == 0 and "diverged" in str(swept)
    assert load_runs(tmp_path).endpoints().y.size == 2, "a fit sees those that came to something"


def test_a_sweep_counts_its_own_runs_alone(
    tiny: Tiny, corpus: Corpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In its folder lie the same runs by an older trainer, and those of another ladder."""
    ladder = tiny()
    for rung, revision in ((ladder.rungs[0], 1), (ladder.rungs[0], REVISION), (tiny(widths=(16,)).rungs[0], REVISION)):
        monkeypatch.setattr("scalelaw.training.job.REVISION", revision)
        climb(Job(ladder, rung, 0, corpus, tmp_path))
    own = train_ladder(ladder, tmp_path)
    assert own.trained == 0 and len(own.rows) == len(own.table) == 2
    assert set(own.table.values("trainer")) == {REVISION} and len(set(own.table.values("params"))) == 1
    assert set(own.table.values("loss")) == {row["loss"] for row in own.rows}
    whole = load_runs(tmp_path)
    assert len(whole) == 6 and f"(2 of 1, 4 of {REVISION}), whose losses differ" in " ".join(whole.notes)


def test_a_full_disk_keeps_what_is_done_and_the_same_command_goes_on(
    tiny: Tiny, corpus: Corpus, tmp_path: Path
) -> None:
    """No file may grow beyond 8 kB: runs can be recorded, a checkpoint cannot be written."""
    climb(job(tiny(), corpus, tmp_path / "whole"))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (8192, hard))
    try:
        with pytest.raises(BadInput, match=r"checkpoints/.* cannot be written: .*File too large.*make room there"):
            climb(job(tiny(), corpus, tmp_path / "full"))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert losses(tmp_path / "full") != losses(tmp_path / "whole")
    assert not list(tmp_path.glob("full/checkpoints/*/*")), "nothing half-written is left"
    climb(job(tiny(), corpus, tmp_path / "full"))
    assert losses(tmp_path / "full") == losses(tmp_path / "whole")


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
        each = model.losses(torch.from_numpy(windows)).mean(1)
    assert found.tokens == 4096
    assert found.loss == pytest.approx(float(each.mean()), rel=1e-6)
    assert found.se == pytest.approx(float(each.std() / 16), rel=1e-5)


def test_seeds_differ_in_weights_and_in_order(corpus: Corpus) -> None:
    assert not torch.equal(init(SHAPE, hyper(), 0).embedding, init(SHAPE, hyper(), 1).embedding)
    orders = [Batches(corpus.train_stream, 16, 4, seed).at(0) for seed in (0, 1)]
    assert not np.array_equal(*orders)
