"""Replicates differ in nothing recorded but their seed; what differs otherwise makes no seed noise."""

from typing import Any

import numpy as np
import pytest
from scipy.special import fdtrc

import scalelaw as sl
from scalelaw.core.errors import BadInput
from scalelaw.fitting.files import load_fit
from scalelaw.fitting.fit import fit_observations
from scalelaw.fitting.observe import observe
from scalelaw.fitting.spec import FitSpec
from scalelaw.fitting.uncertainty.seed_noise import seed_floor
from scalelaw.runs.reading.load import load_runs
from scalelaw.runs.review import review_runs

LAW = "E + A/params**a + B/tokens**b"


def _ladder(rng: np.random.Generator, copies: int) -> dict[str, Any]:
    """Return a grid of sizes and horizons, each point several times, its loss with noise."""
    params = np.repeat(np.geomspace(1e7, 1e9, 5), 4)
    tokens = params * np.tile([10.0, 25.0, 60.0, 150.0], 5)
    loss = np.repeat(1.7 + 350 / params**0.33 + 600 / tokens**0.3, copies)
    columns = {"params": np.repeat(params, copies), "tokens": np.repeat(tokens, copies)}
    return {**columns, "loss": loss * np.exp(0.002 * rng.standard_normal(len(loss)))}


def _floor(columns: dict[str, Any], law: str = LAW) -> Any:
    chosen, observed = observe(law, load_runs(columns))
    return fit_observations(chosen, observed, FitSpec(draws=0, starts=8)).seed_floor


@pytest.mark.parametrize("seed", range(3))
def test_seeds_make_a_floor_whatever_else_tells_runs_apart(seed: int, tmp_path: Any) -> None:
    rng = np.random.default_rng(seed)
    columns = _ladder(rng, 3)
    n = len(columns["loss"])
    columns |= {
        "seed": np.tile([1, 2, 3], n // 3),
        "run": [f"{rng.integers(1e6)}-{i}" for i in range(n)],
        "created_at": [f"2026-01-{1 + i % 28:02d}" for i in range(n)],
        "wall_hours": rng.uniform(1, 9, n),
        "host": [f"node{rng.integers(9)}" for _ in range(n)],
        "mmlu_extra": rng.uniform(0.2, 0.7, n),
        "arch": ["llama"] * n,
    }
    floor = _floor(columns)
    assert floor is not None and floor.groups == n // 3 and 0.001 < floor.sd < 0.004
    assert "replicate runs" in str(floor)
    rules = [each.code for each in review_runs(columns).rules]
    assert "GUIDE_NO_SEEDS" not in rules
    chosen, observed = observe(LAW, load_runs(columns))
    fitted = fit_observations(chosen, observed, FitSpec(draws=0, starts=8))
    fitted.save(str(tmp_path / "fit.json"))
    assert load_fit(tmp_path / "fit.json").seed_floor == fitted.seed_floor


@pytest.mark.parametrize("name", ["lr", "weight_decay", "optimizer", "warmup_ratio", "d_head"])
def test_what_was_chosen_makes_no_seed_noise(name: str) -> None:
    rng = np.random.default_rng(5)
    columns = _ladder(rng, 3)
    text = {"optimizer": ["adamw", "muon", "lion"]}.get(name)
    values = text or sorted(rng.uniform(1e-4, 1e-1, 3))
    columns[name] = np.tile(values, len(columns["loss"]) // 3)
    assert _floor(columns) is None
    assert "GUIDE_NO_SEEDS" in [each.code for each in review_runs(columns).rules]


def test_sizes_of_one_budget_make_no_seed_noise() -> None:
    """A law of compute sees one C for every size; they are no replicates."""
    flops = np.repeat(np.geomspace(1e18, 1e21, 8), 2)
    params = np.sqrt(flops / 120) * np.tile([0.8, 1.25], 8)
    loss = 1.8 + 900 / flops**0.15
    columns = {"params": params, "flops": flops, "loss": loss}
    assert _floor(columns, "E + A/flops**a") is None


def test_a_sweep_without_tokens_is_a_sweep() -> None:
    for seed in range(3):
        rng = np.random.default_rng(seed)
        sizes, rates = np.geomspace(*np.sort(rng.uniform(1e7, 1e10, 2)), 4), np.geomspace(1e-4, 1e-1, 7)
        params, lr = np.repeat(sizes, 7), np.tile(rates, 4)
        loss = 5 + 200 / params**0.3 + 0.03 * np.log(lr / 3e-3) ** 2
        table = load_runs({"params": params, "lr": lr, "val_loss": loss})
        (swept,) = (each for each in table.endpoints().findings if each.code == "RUNS_SWEPT")
        assert swept.rows == 28 and "4 cells of one size" in swept.message
        assert len(table.best(over=("lr",))) == 4
        assert _floor({"params": params, "lr": lr, "loss": loss}, "E + A/params**a") is None


def _isoflop(rng: np.random.Generator) -> dict[str, Any]:
    flops = np.repeat(np.geomspace(1e18, 1e21, 5), 7)
    params = np.sqrt(flops / 120) * np.tile(np.geomspace(0.2, 5, 7), 5)
    tokens = flops / 6 / params
    loss = 1.7 + 350 / params**0.33 + 600 / tokens**0.3
    return {"params": params, "tokens": tokens, "loss": loss * np.exp(0.001 * rng.standard_normal(35))}


def test_a_law_of_compute_is_fitted_to_the_best_of_each_budget() -> None:
    table = load_runs(_isoflop(np.random.default_rng(1)))
    _, observed = observe("power", table)
    assert len(observed) == 5 and [each.reason for each in observed.set_aside] == ["not the best size of its budget"]
    (found,) = (each for each in observed.findings if each.code == "DESIGN_FRONTIER")
    assert found.rows == 30 and str(found.grade) == "warn"
    assert np.array_equal(observed.y, [min(table.endpoints().y[i : i + 7]) for i in range(0, 35, 7)])
    assert len(observe("chinchilla", table)[1]) == 35, "a law of params and tokens takes every run"
    one_size = {"flops": np.geomspace(1e18, 1e21, 9), "loss": 2 + 1e3 / np.geomspace(1e18, 1e21, 9) ** 0.15}
    assert len(observe("power", load_runs(one_size))[1]) == 9


def test_few_budgets_are_refused_rather_than_fitted_through() -> None:
    columns = _isoflop(np.random.default_rng(2))
    two = {name: values[:14] for name, values in columns.items()}
    with pytest.raises(BadInput, match="2 rows for 3 coefficients"):
        sl.fit("power", load_runs(two))


def test_the_floor_and_the_lack_of_fit_are_those_of_pure_error() -> None:
    """Draper & Smith's F test by hand: group means about the law, over replicates about their means."""
    rng = np.random.default_rng(4)
    x = {"params": np.repeat(np.geomspace(1e7, 1e9, 6), [3, 2, 1, 4, 2, 3])}
    group = np.repeat(np.arange(6), [3, 2, 1, 4, 2, 3])
    residual = rng.normal(0, 1, 15) + 0.3 * rng.normal(size=6)[group]
    floor = seed_floor(x, residual, np.arange(15), coefs=3)
    assert floor is not None
    means = np.array([residual[group == each].mean() for each in range(6)])
    count = np.bincount(group)
    within, pure = np.sum((residual - means[group]) ** 2), 15 - 6
    assert floor.sd == pytest.approx(np.sqrt(within / pure)) and (floor.groups, floor.runs) == (5, 14)
    ratio = np.sum(count * means**2) / (6 - 3) / (within / pure)
    assert floor.lack_of_fit == pytest.approx(fdtrc(6 - 3, pure, ratio))
    assert seed_floor(x, residual, np.arange(15), coefs=6).lack_of_fit is None
    twice = seed_floor(
        {"params": np.repeat(x["params"], 2)}, np.repeat(residual, 2), np.repeat(np.arange(15), 2), coefs=3
    )
    assert twice == floor, "rows of one run at one point are one measurement"
    assert seed_floor({"params": np.geomspace(1e7, 1e9, 15)}, residual, np.arange(15), coefs=3) is None
    setting = np.array([0, 1, 2, 0, 1, 0, 0, 1, 2, 3, 0, 1, 0, 1, 2])
    assert seed_floor(x, residual, np.arange(15), coefs=3, setting=setting) is None, "other settings are no replicates"
