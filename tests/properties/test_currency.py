"""A table that states its own FLOPs is planned in them: whatever head and attention cost, and in whichever N."""

import warnings

import numpy as np
import pytest

import scalelaw as sl
from scalelaw.accounting.flops import COUNTINGS
from scalelaw.core.errors import ScalelawWarning
from scalelaw.fitting.files import load_fit
from scalelaw.planning.loss_surfaces import survey

KINDS = ("head", "attention", "embeddings", "recomputed", "both", "constant")


def factor(kind, rng):
    """Return C over 6 N D as a function of N, by a random shape of the kind."""
    at, head, attention = 10 ** rng.uniform(6.8, 7.8), rng.uniform(0.8, 3), rng.uniform(0.6, 2)
    return {
        "head": lambda n: 1 + head * (n / at) ** (-2 / 3),
        "attention": lambda n: 1 + attention * (n / at) ** (-1 / 3),
        "embeddings": lambda n: 1 / (1 + head * (n / at) ** (-2 / 3)),
        "recomputed": lambda n: 4 / 3 * (1 + 0.2 * (n / at) ** (-1 / 3)),
        "both": lambda n: 1 + head * (n / at) ** (-2 / 3) + attention * (n / at) ** (-1 / 3),
        "constant": lambda n: np.full(np.shape(n), 1 + head),
    }[kind]


def losses(n, d):
    return 1.7 + 380 / n**0.335 + 900 / d**0.345


def table(kind, seed, *, grid):
    """Return a table whose flops are of the kind, and the function behind them."""
    rng = np.random.default_rng(seed)
    f = factor(kind, rng)
    sizes = np.geomspace(6e6, 5e8, int(rng.integers(6, 10))).round()
    budgets = np.geomspace(3e17, 3e19, int(rng.integers(4, 7)))
    if grid:
        n, c = (each.ravel() for each in np.meshgrid(sizes, budgets))
        d = np.round(c / (6 * f(n) * n))
    else:
        n = np.exp(rng.uniform(np.log(sizes[0]), np.log(sizes[-1]), 40)).round()
        d = (n * np.exp(rng.uniform(np.log(4), np.log(200), 40))).round()
    flops = 6 * f(n) * n * d
    loss = losses(n, d) * np.exp(0.002 * rng.standard_normal(len(n)))
    return {"params": n, "tokens": d, "flops": flops, "loss": loss}, f


def quietly(call, *args, **kwargs):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ScalelawWarning)
        return call(*args, **kwargs)


@pytest.mark.parametrize("grid", [True, False], ids=["isoflop", "scattered"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_plan_costs_its_budget_in_the_tables_own_flops(kind, grid):
    runs, f = table(kind, KINDS.index(kind) + 10 * grid, grid=grid)
    fit = quietly(sl.fit, "chinchilla", runs, draws=50)
    budget = 10 ** np.random.default_rng(3).uniform(18, 20.5)
    answer = sl.plan(fit, flops=budget)
    n, d = answer.params.value, answer.tokens.value
    assert 6 * f(n) * n * d == pytest.approx(budget, rel=0.04)
    assert any("C as stated by the table" in line for line in answer.assumptions)
    # N* is the least loss along the line of equal cost, by brute force
    sizes = n * np.exp(np.linspace(-1, 1, 4001))
    along = fit.law.predict(fit.coef, {"params": sizes, "tokens": fit.counting.tokens(sizes, budget)})
    assert sizes[along.argmin()] == pytest.approx(n, rel=2e-3)
    # other questions come back to the same point
    for name in ("params", "tokens", "loss"):
        back = sl.plan(fit, **{name: getattr(answer, name).value})
        assert back.flops.value == pytest.approx(budget, rel=0.02), name
    assert np.isfinite([answer.params.lo, answer.params.hi, answer.flops.value]).all()


@pytest.mark.parametrize("kind", KINDS)
def test_the_mixture_plans_and_forecasts_in_the_same_flops(kind):
    runs, f = table(kind, KINDS.index(kind), grid=True)
    mixture = quietly(sl.forecast, runs, draws=40)
    answer = sl.plan(mixture, flops=3e20)
    n, d = answer.params.value, answer.tokens.value
    assert 6 * f(n) * n * d == pytest.approx(3e20, rel=0.08)
    at = {"params": np.array([n]), "tokens": np.array([d])}
    both = mixture.predict({**at, "flops": np.array([3e20])}).mean, mixture.predict(at).mean
    assert both[0] == pytest.approx(both[1], rel=1e-9)
    assert answer.reach["flops"] == pytest.approx(3e20 / runs["flops"].max(), rel=1e-6)


@pytest.mark.parametrize("rounding", [None, 1, 2], ids=["exact", "one digit", "two digits"])
def test_six_n_d_stays_six_n_d_however_it_is_rounded(rounding, rng):
    runs, _ = table("constant", 5, grid=False)
    plain = COUNTINGS["params"].flops(runs["params"], runs["tokens"])
    stated = plain if rounding is None else np.array([float(f"{c:.{rounding - 1}e}") for c in plain])
    fit = sl.fit("chinchilla", {**runs, "flops": stated}, draws=0)
    derived = sl.fit("chinchilla", {name: runs[name] for name in ("params", "tokens", "loss")}, draws=0)
    assert fit.cost is None
    assert survey(fit).counting is COUNTINGS["params"]
    first, second = (sl.plan(each, flops=1e21) for each in (fit, derived))
    assert (first.params.value, first.tokens.value) == (second.params.value, second.tokens.value)


def test_the_order_of_rows_does_not_matter_and_a_file_brings_the_cost_back(rng, tmp_path):
    runs, _ = table("both", 8, grid=True)
    order = rng.permutation(len(runs["loss"]))
    one = quietly(sl.fit, "chinchilla", runs, draws=20)
    other = quietly(sl.fit, "chinchilla", {name: values[order] for name, values in runs.items()}, draws=20)
    one.save(tmp_path / "fit.json")
    loaded = load_fit(tmp_path / "fit.json")
    assert one.cost == other.cost == loaded.cost
    assert sl.plan(one, flops=1e21).to_dict() == sl.plan(loaded, flops=1e21).to_dict()


def test_a_cost_far_from_six_n_d_is_a_finding_with_both_numbers():
    runs, _ = table("head", 2, grid=True)
    with pytest.warns(ScalelawWarning, match=r"flops are .* times 6 x params x tokens .* FLOP, where 6 N D is"):
        sl.fit("chinchilla", runs, draws=0)
    near = {**runs, "flops": 1.2 * 6 * runs["params"] * runs["tokens"]}
    fit = sl.fit("chinchilla", near, draws=0)  # a warning would be an error here
    assert fit.cost.range == pytest.approx((1.2, 1.2))
