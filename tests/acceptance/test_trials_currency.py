"""Trials S1 and X5: tables in FLOPs of their own, and members of the kind under fresh names, sizes and budgets."""

import warnings
from pathlib import Path

import numpy as np
import pytest

import scalelaw as sl
from scalelaw.core.errors import ScalelawWarning

TRIALS = Path(__file__).parents[1] / "data" / "trials"


def quietly(call, *args, **kwargs):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ScalelawWarning)
        return call(*args, **kwargs)


@pytest.mark.parametrize(
    ("call", "near"), [(lambda runs: sl.fit("chinchilla", runs, draws=200), 0.05), (sl.forecast, 0.12)]
)
def test_s1_is_planned_in_its_own_flops(call, near):
    answer = sl.plan(quietly(call, TRIALS / "S1_flops_not_6ND" / "runs.csv"), flops=1e20)
    assert answer.params.lo < 4.16e8 < answer.params.hi
    assert answer.tokens.lo < 1.63e10 < answer.tokens.hi
    assert answer.params.value == pytest.approx(4.16e8, rel=near)
    assert answer.loss.lo < 1.191 < answer.loss.hi
    assert any("2.47 to 3.6 times 6 x params x tokens" in each and "8.33e+16" in each for each in answer.assumptions)


def test_x5_groups_by_the_budget_stated_without_a_word_from_the_user():
    runs = sl.load_runs(TRIALS / "X5_nested_budget" / "runs.csv")
    found = quietly(sl.isoflop, runs, draws=0)
    assert [budget.flops for budget in found.budgets] == [1e18, 2e18, 5e18, 1e19]
    assert [budget.runs for budget in found.budgets] == [7] * 4
    fit = quietly(sl.fit, "chinchilla", runs, draws=0)
    assert fit.cost.range == pytest.approx((2.8 / 6, 3.614 / 6), rel=1e-3)


NAMES = {
    "flops": ("achieved_flops", "total_flops", "train_compute", "total_gflops", "train_pflops", "compute_pf_days",
              "FLOPs (1E21)", "flops_e18", "zflops"),
    "planned_flops": ("flops_budget", "budget", "compute_budget", "budget_pflops", "target_flops"),
}  # fmt: skip
UNITS = {"total_gflops": 1e9, "train_pflops": 1e15, "compute_pf_days": 8.64e19, "FLOPs (1E21)": 1e21, "flops_e18": 1e18,
         "zflops": 1e21, "budget_pflops": 1e15}  # fmt: skip


@pytest.mark.parametrize(("quantity", "name"), [(key, name) for key, names in NAMES.items() for name in names])
def test_compute_is_read_under_the_names_and_units_people_give_it(quantity, name, rng):
    sizes = np.sort(10 ** rng.uniform(6.7, 8.7, 7)).round()
    budgets = 10 ** np.sort(rng.uniform(17.5, 20, 4))
    n, c = (each.ravel() for each in np.meshgrid(sizes, budgets))
    factor = 1 + rng.uniform(0.5, 2) * (n / 1e7) ** -0.4
    d = (c / (6 * n * factor)).round()
    loss = 1.7 + 380 / n**0.335 + 900 / d**0.345
    table = {"num_params": n, "train_tokens": d, name: c / UNITS.get(name, 1.0), "val_loss": loss}
    runs = sl.load_runs(table)
    assert runs.runs[quantity] == pytest.approx(c)
    assert runs.runs["flops"] == pytest.approx(c)
    fit = quietly(sl.fit, "chinchilla", runs, draws=0)
    assert float(fit.counting.flops(n[0], d[0])) == pytest.approx(c[0], rel=0.01)
    found = quietly(sl.isoflop, runs, draws=0)
    assert [budget.flops for budget in found.budgets] == pytest.approx(budgets)


@pytest.mark.parametrize("name", ["tflops", "gflops", "tflops_per_gpu", "achieved_tflops", "pflops", "budget"])
def test_speeds_and_small_budgets_are_not_taken_for_compute(name, rng):
    n, d = 10 ** rng.uniform(7, 9, 12), 10 ** rng.uniform(9, 11, 12)
    table = {"params": n, "tokens": d, name: rng.uniform(100, 400, 12), "loss": 2 + 400 / n**0.34 + 400 / d**0.28}
    runs = sl.load_runs(table)
    assert runs.runs["flops"] == pytest.approx(6 * n * d)
    assert "planned_flops" not in runs.runs


def test_budgets_that_are_six_n_d_leave_everything_as_it_was(rng):
    n = np.tile(10 ** rng.uniform(7, 9, 6), 3)
    c = np.repeat([1e18, 3e18, 1e19], 6)
    d = c / 6 / n
    table = {"params": n, "tokens": d, "loss": 2 + 400 / n**0.34 + 400 / d**0.28}
    assert (sl.load_runs({**table, "budget": c}).runs["flops"] == sl.load_runs(table).runs["flops"]).all()


def test_checkpoints_spend_their_share_of_the_budget(rng):
    sizes, steps = [2e7, 6e7, 2e8, 5e8], np.arange(1, 6) / 5
    rows = [(f"r{i}", n, s * (2e18 / n / 15), 2e18) for i, n in enumerate(sizes) for s in steps]
    run, n, d, c = zip(*rows, strict=True)
    table = {"run": run, "params": n, "tokens": d, "flops_budget": c, "loss": [3 - 0.1 * i for i in range(len(rows))]}
    observed = sl.load_runs(table).curves("loss")
    assert observed.columns["flops"] == pytest.approx(15 * np.array(n) * np.array(d))


def test_budgets_in_another_currency_than_the_compute_beside_them(rng):
    sizes, budgets = 10 ** np.linspace(6.8, 8.6, 7), np.array([1e18, 3e18, 1e19])
    n, c = (each.ravel() for each in np.meshgrid(sizes, budgets))
    d = c / 6 / n
    table = {"params": n, "tokens": d, "flops": 1.4 * c, "budget": c, "loss": 1.7 + 380 / n**0.335 + 900 / d**0.345}
    found = quietly(sl.isoflop, table, draws=0)
    assert [budget.flops for budget in found.budgets] == pytest.approx(budgets)
    assert any("1.4 times the given budgets" in note for note in found.rows.notes)


@pytest.mark.parametrize("factor", [1.0, 2.6])
def test_rows_without_flops_are_counted_as_the_rows_that_state_theirs(factor, rng):
    n, d = 10 ** rng.uniform(7, 9, 30), 10 ** rng.uniform(9, 11, 30)
    c = factor * (1 + (factor > 1) * (n / 1e7) ** -0.5) * 6 * n * d
    table = {"params": n, "tokens": d, "loss": 1.7 + 380 / n**0.335 + 900 / d**0.345}
    some = np.where(np.arange(30) % 3 == 0, np.nan, c)
    part = sl.load_runs({**table, "flops": some})
    assert part.runs["flops"] == pytest.approx(c, rel=0.03)
    assert any("flops of 10 rows without compute" in note and "as in the other 20" in note for note in part.notes)
    whole, partly = (
        sl.plan(quietly(sl.fit, "chinchilla", {**table, "flops": flops}, draws=0), flops=1e22) for flops in (c, some)
    )
    assert partly.params.value == pytest.approx(whole.params.value, rel=0.02)
