"""The best of each swept cell: which runs make a cell, what is flagged, and what nothing is said of."""

import itertools

import numpy as np
import pytest

from scalelaw.core.errors import BadInput, UnknownName
from scalelaw.core.findings import Grade
from scalelaw.runs.reading.load import load_runs

LR = [1e-4, 2e-4, 4e-4, 8e-4, 1.6e-3]
BATCH = [6e4, 1.2e5, 2.4e5]


def sweep(best_lr=4e-4, noise=0.0, **columns):
    """Two cells of five learning rates and three batches, with a bowl around ``best_lr`` and the middle batch."""
    rng = np.random.default_rng(7)
    cells = [(1e7, 1e9, 4.0), (1e8, 1e10, 3.0)]
    rows = [(n, d, floor, lr, batch) for (n, d, floor), lr, batch in itertools.product(cells, LR, BATCH)]
    n, d, floor, lr, batch = map(np.array, zip(*rows, strict=True))
    bowl = 0.05 * np.log(lr / best_lr) ** 2 + 0.03 * np.log(batch / 1.2e5) ** 2
    loss = floor * (1 + bowl) * np.exp(noise * rng.standard_normal(len(n)))
    return {"params": n, "tokens": d, "lr": lr, "batch_tokens": batch, "loss": loss, **columns}


def codes(observations):
    return [finding.code for finding in observations.findings if finding.grade is Grade.WARN]


def test_one_run_a_cell_and_the_others_are_counted():
    best = load_runs(sweep()).best()
    assert best.columns["lr"].tolist() == [4e-4, 4e-4] and best.columns["batch_tokens"].tolist() == [1.2e5] * 2
    assert [(gone.reason, gone.n) for gone in best.set_aside] == [("not best of their cell", 28)]
    assert codes(best) == [] and best.reduction == "best" and not best.clustered


def test_end_points_of_a_sweep_are_warned_of_and_its_best_is_not():
    table = load_runs(sweep())
    (finding,) = [each for each in table.endpoints().findings if each.code == "RUNS_SWEPT"]
    assert "lr and batch_tokens in 2 cells" in finding.message and "best(over=" in finding.fix
    assert codes(table.best()) == []


@pytest.mark.parametrize(("best_lr", "side"), [(1e-4, "lowest lr 0.0001"), (1.6e-3, "highest lr 0.0016")])
def test_an_optimum_on_the_edge_is_named_with_cell_and_side(best_lr, side):
    (finding,) = [each for each in load_runs(sweep(best_lr)).best().findings if each.code == "RUNS_EDGE_OPTIMUM"]
    assert finding.rows == 2 and f"params 10M, tokens 1B: {side}" in finding.message


def test_a_run_that_diverged_beyond_the_optimum_closes_the_bracket():
    table = sweep(1.6e-3)
    more = {name: [*cells, *cells[:1]] for name, cells in table.items()}
    more["lr"][-1], more["loss"][-1], more["batch_tokens"][-1] = 3.2e-3, float("nan"), 1.2e5
    (finding,) = [each for each in load_runs(more).best().findings if each.code == "RUNS_EDGE_OPTIMUM"]
    assert finding.rows == 1 and "params 100M" in finding.message


def test_a_small_cell_is_flagged():
    table = {name: np.array(cells)[[0, 4, *range(15, 30)]] for name, cells in sweep().items()}
    (finding,) = [each for each in load_runs(table).best().findings if each.code == "RUNS_SMALL_CELL"]
    assert finding.rows == 1 and "params 10M, tokens 1B: 2" in finding.message


def test_what_is_not_swept_makes_cells():
    assert len(load_runs(sweep(dataset=["c4", "rw"] * 15)).best()) == 4
    assert len(load_runs(sweep(seed=[0, 1] * 15)).best()) == 2
    assert len(load_runs(sweep()).best(over=("lr",))) == 6
    nearly = sweep()
    nearly["tokens"] = nearly["tokens"] * np.linspace(1, 1.015, 30)
    assert len(load_runs(nearly).best()) == 2


def test_a_column_of_any_name_may_have_been_swept():
    table = {**sweep(), "warmup": np.tile([1.0, 2.0, 3.0], 10)}
    assert len(load_runs(table).best(over=["lr", "batch_tokens", "warmup"])) == 2
    with pytest.raises(UnknownName, match="Did you mean 'warmup'"):
        load_runs(table).best(over=["warmpu"])
    with pytest.raises(BadInput, match="needs the swept columns"):
        load_runs(table).best(over=())
    with pytest.raises(BadInput, match="holds text"):
        load_runs(sweep(dataset=["c4"] * 30)).best(over="dataset")


def test_the_noise_of_the_chosen_value_is_estimated():
    found = np.array([load_runs(sweep(noise=noise)).best().se / [4.0, 3.0] for noise in (0.0, 0.002)])
    assert np.all(found[0] < 1e-3)
    assert np.all((found[1] > 5e-4) & (found[1] < 6e-3))
    assert np.isnan(load_runs({name: np.array(cells)[:4] for name, cells in sweep().items()}).best().se).all()


def test_the_noise_of_a_reading_is_the_residual_of_a_bowl_in_one_swept_column():
    """A cell of nine rates: a parabola through the six lowest, with three degrees of freedom left."""
    rate = np.geomspace(1e-4, 1.6e-3, 9)
    loss = 3 + 0.1 * np.log(rate / 4e-4) ** 2 + 0.004 * np.random.default_rng(2).standard_normal(9)
    found = load_runs({"params": [1e7] * 9, "tokens": [1e9] * 9, "lr": rate, "loss": loss}).best(over="lr")
    near = np.argsort(loss - loss.min())[:6]
    x = np.log(rate[near])
    residual = loss[near] - np.polyval(np.polyfit(x, loss[near], 2), x)
    assert found.se[0] == pytest.approx(np.sqrt(residual @ residual / 3))


def test_the_best_score_is_the_highest():
    table = sweep()
    table["acc_mmlu"] = 1 / table.pop("loss")
    assert load_runs(table).best().columns["lr"].tolist() == [4e-4, 4e-4]


def test_seeds_and_steps_alone_are_no_sweep():
    table = {"params": [1e7] * 3, "tokens": [1e9] * 3, "lr": [1e-3] * 3, "seed": [0, 1, 2], "loss": [3.0, 3.1, 3.2]}
    assert codes(load_runs(table).endpoints()) == []


@pytest.mark.data
def test_steplaw_has_17_cells_with_edges(data_dir):
    table = load_runs(
        data_dir / "steplaw" / "dense_lr_bs_loss.csv",
        columns={"params_non_embedding": "N", "params": None, "loss": "smooth loss"},
        derive={"batch_tokens": "bs * 2048"},
    )
    best = table.best(over=("lr", "batch_tokens"))
    assert (table.read, len(best)) == (1911, 17)
    assert len(best) + sum(gone.n for gone in best.set_aside) == 1911
    assert "RUNS_EDGE_OPTIMUM" in codes(best) and "RUNS_SWEPT" in codes(table.endpoints())
