"""Budgets whose lowest loss stands at an end of the sizes trained are named, the largest ones only."""

from pathlib import Path

import numpy as np
import pytest

import scalelaw as sl
from scalelaw.allocation.edges import CODE, check_edges
from scalelaw.runs.reading.load import load_runs

pytestmark = pytest.mark.filterwarnings("ignore::scalelaw.core.errors.ScalelawWarning")


def _budgets(rng: np.random.Generator, short: int, side: int) -> dict[str, np.ndarray]:
    """Return an IsoFLOP table whose ``short`` largest budgets stop before (1) or begin behind (-1) their best size."""
    alpha, beta = rng.uniform(0.28, 0.42, 2)
    a, b = 10 ** rng.uniform(2, 3), 10 ** rng.uniform(2.5, 3.5)
    budgets = 10.0 ** np.linspace(18, rng.uniform(19, 20.5), int(rng.integers(4, 7)))
    count, rows = int(rng.integers(5, 9)), []
    for at, c in enumerate(budgets):
        best = (alpha * a / (beta * b) * (c / 6) ** beta) ** (1 / (alpha + beta))
        cut = at >= len(budgets) - short
        sizes = best * np.geomspace(0.1, 10, count) * (1 if not cut else 10.0 ** (-1.2 * side))
        for n in sizes:
            rows.append((n, c / 6 / n, c))
    n, d, c = np.array(rows).T
    loss = (1.7 + a / n**alpha + b / d**beta) * np.exp(5e-4 * rng.standard_normal(len(n)))
    shuffled = rng.permutation(len(n))
    return {"params": n[shuffled], "tokens": d[shuffled], "flops": c[shuffled], "val_loss": loss[shuffled]}


@pytest.mark.parametrize("side", [1, -1])
@pytest.mark.parametrize("short", [1, 2, 3])
@pytest.mark.parametrize("seed", range(5))
def test_the_largest_budgets_without_a_best_size_are_named(seed: int, short: int, side: int) -> None:
    columns = _budgets(np.random.default_rng([seed, short]), short, side)
    (found,) = check_edges(load_runs(columns).endpoints(), "params")
    top = "the largest budget of" if short == 1 else f"the {short} largest budgets of"
    assert found.code == CODE and found.message.startswith(top), found.message
    assert f"{'largest' if side > 0 else 'smallest'} size trained" in found.message
    assert found.fix.startswith("train larger" if side > 0 else "train smaller")


@pytest.mark.parametrize("seed", range(10))
def test_budgets_that_hold_their_best_size_are_no_finding(seed: int) -> None:
    columns = _budgets(np.random.default_rng(seed), 0, 1)
    assert check_edges(load_runs(columns).endpoints(), "params") == []


@pytest.mark.parametrize("seed", range(5))
def test_a_grid_and_a_ladder_have_no_budgets(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n, d = (each.ravel() for each in np.meshgrid(10 ** np.linspace(7.5, 9, 5), 10 ** np.linspace(9, 10.5, 5)))
    loss = 1.7 + 400 / n**0.34 + 500 / d**0.28 + 1e-3 * rng.standard_normal(25)
    assert check_edges(load_runs({"params": n, "tokens": d, "val_loss": loss}).endpoints(), "params") == []
    ladder = load_runs({"params": n[:5], "tokens": 20 * n[:5], "val_loss": loss[:5]}).endpoints()
    assert check_edges(ladder, "params") == []


@pytest.mark.parametrize("seed", [0, pytest.param(1, marks=pytest.mark.slow)])
def test_the_first_screen_says_that_the_size_is_extrapolated(seed: int) -> None:
    columns = _budgets(np.random.default_rng(seed), 2, 1)
    found = sl.decide(load_runs(columns), draws=50)
    assert CODE in str(found.answer) and "2 largest budgets" in " ".join(str(found.answer).split())
    held = sl.decide(load_runs(_budgets(np.random.default_rng(seed), 0, 1)), draws=50)
    assert CODE not in [each.code for each in held.findings]


def test_the_trial_of_nested_budgets_is_told_that_its_two_largest_have_no_best_size() -> None:
    runs = Path(__file__).parents[2] / "data/trials/X5_nested_budget/runs.csv"
    found = sl.decide(str(runs), draws=50)
    assert "the 2 largest budgets of 4 (5e+18, 1e+19 FLOP)" in found.answer.doubt


@pytest.mark.parametrize("seed", range(3))
def test_only_budgets_that_lack_the_same_side_are_counted_together(seed: int) -> None:
    """The largest budget lacks larger sizes and the one below it smaller ones: the finding is of the largest alone."""
    both = [_budgets(np.random.default_rng([seed, 9]), short, side) for short, side in ((2, -1), (1, 1))]
    top = [np.max(each["flops"]) for each in both]
    parts = [both[0]["flops"] < top[0] * 0.999, both[1]["flops"] > top[1] * 0.999]
    columns = {
        name: np.concatenate([each[name][part] for each, part in zip(both, parts, strict=True)]) for name in both[0]
    }
    (found,) = check_edges(load_runs(columns).endpoints(), "params")
    assert found.message.startswith("the largest budget of") and "largest size trained" in found.message
