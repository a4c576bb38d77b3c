"""Beta-binomial noise: the correlation comes back, weights follow items, and new scores stay in [0, 1]."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from scalelaw.core.errors import BadInput
from scalelaw.core.types import Array
from scalelaw.fitting.files import load_fit
from scalelaw.fitting.fit import fit_observations
from scalelaw.fitting.result import FitResult
from scalelaw.fitting.solver.noise import Noise
from scalelaw.fitting.spec import FitSpec
from scalelaw.laws import parse
from scalelaw.runs.observations import Observations

LAW = parse("accuracy_logistic[chance=0.25]")[0]
TRUTH = np.array([1e22, 0.5])
BETA = Noise("beta_binomial")


def scores(rng: np.random.Generator, rho: float, items: Array | int, n: int = 60, chance: float = 0.25) -> Observations:
    """Return runs of one ladder, whose probabilities scatter by rho and whose items then scatter as well."""
    flops = np.geomspace(1e19, 1e24, n)
    p = replace(LAW, chance=chance).predict(TRUTH, {"flops": flops})
    if rho:
        p = rng.beta(p * (1 / rho - 1), (1 - p) * (1 / rho - 1))
    n_items = np.broadcast_to(np.asarray(items), (n,)).astype(float)
    y = rng.binomial(n_items.astype(int), p) / n_items
    return Observations("score@quiz", {"flops": flops, "n_items": n_items}, y, np.arange(n), np.ones(n), n)


def fitted(observed: Observations, noise: Noise = BETA, draws: int = 0) -> FitResult:
    return fit_observations(LAW, observed, FitSpec(noise=noise, draws=draws, starts=8))


def rho_of(fit: FitResult) -> float:
    assert fit.spread is not None
    return fit.spread.correlation


@pytest.mark.parametrize(("rho", "items"), [(1e-3, 20_000), (4e-3, 1000), (3e-2, 300)])
def test_the_correlation_is_recovered(rho: float, items: int) -> None:
    found = [rho_of(fitted(scores(np.random.default_rng(seed), rho, items))) for seed in range(8)]
    assert np.mean(found) == pytest.approx(rho, rel=0.25)


def test_items_alone_leave_none(rng: np.random.Generator) -> None:
    found = [rho_of(fitted(scores(rng, 0.0, 500))) for _ in range(12)]
    assert np.median(found) < 2e-4 and min(found) == 0


def test_many_items_weigh_no_more_than_the_correlation_lets_them(rng: np.random.Generator) -> None:
    """Ten rows of a million items and fifty of a thousand: with rho 0.004 they weigh 1.25 to one, not 1000."""
    items = np.where(np.arange(60) % 6 == 0, 1_000_000, 1000)
    fit = fitted(scores(rng, 4e-3, items))
    assert fit.spread is not None
    ratio = (fit.spread.relative.max() / fit.spread.relative.min()) ** 2
    assert ratio == pytest.approx(1 + 1e-3 / rho_of(fit), rel=1e-3) and ratio < 2


def test_without_correlation_both_kinds_find_one_optimum(rng: np.random.Generator) -> None:
    observed = scores(rng, 0.0, 40)
    plain, beta = fitted(observed, Noise("binomial")), fitted(observed)
    if rho_of(beta) == 0:
        np.testing.assert_allclose(beta.coef, plain.coef, rtol=1e-6)
    same = replace(observed, columns={**observed.columns, "n_items": np.full(60, 40.0)})
    np.testing.assert_allclose(fitted(same).coef, plain.coef, rtol=1e-5)  # equal items: rho changes no weight


@pytest.mark.parametrize(("chance", "rho"), [(0.0, 0.02), (0.25, 0.002), (0.5, 0.2)])
def test_new_scores_stay_in_range_and_scatter_as_the_fit_states(
    chance: float, rho: float, rng: np.random.Generator
) -> None:
    observed = scores(rng, rho, 400, n=200, chance=chance)
    law = replace(LAW, chance=chance)
    fit = fit_observations(law, observed, FitSpec(noise=BETA, draws=50, starts=8))
    still = replace(fit, draws=np.tile(fit.coef, (20_000, 1)), spec=replace(fit.spec, draws=20_000))
    flops = np.array([1e15, 1e22, 1e30])
    for items in (5.0, 400.0, 1e6):
        drawn = still.sample({"flops": flops, "n_items": np.full(3, items)}, "new_run")
        assert drawn is not None and np.all((drawn >= 0) & (drawn <= 1))
        p = law.predict(fit.coef, {"flops": flops})
        np.testing.assert_allclose(drawn.mean(axis=0), p, atol=0.02)
        expected = np.sqrt(p * (1 - p) * (1 / items + rho_of(fit)))
        np.testing.assert_allclose(drawn.std(axis=0), expected, rtol=0.12, atol=0.01)


def test_a_point_that_names_no_items_takes_the_median(rng: np.random.Generator) -> None:
    fit = fitted(scores(rng, 0.0, 50, n=60), draws=100)
    few, same, many = (
        fit.predict({"flops": np.array([1e22]), **({} if n is None else {"n_items": np.array([n])})})
        for n in (5.0, None, 5000.0)
    )
    assert few.hi is not None and same.hi is not None and many.hi is not None
    assert few.hi[0] > same.hi[0] > many.hi[0]


@pytest.mark.parametrize("edge", [0.0, 1.0])
def test_scores_of_none_and_of_all_stay_in_the_fit(edge: float, rng: np.random.Generator) -> None:
    observed = scores(rng, 0.0, 20)
    y = observed.y.copy()
    y[[0, 1] if edge == 0 else [-1, -2]] = edge
    fit = fitted(replace(observed, y=y), draws=100)
    assert len(fit.rows.y) == 60 and np.isfinite(fit.objective)
    assert np.all(np.isfinite(fit.predict(flops=[1e19, 1e25]).hi))  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", ["binomial", "beta_binomial"])
@pytest.mark.parametrize("wrong", [62.0, -0.01, 1.2])
def test_scores_that_are_not_fractions_are_refused(kind: Any, wrong: float, rng: np.random.Generator) -> None:
    observed = scores(rng, 0.0, 100)
    y = observed.y.copy()
    y[7] = wrong
    with pytest.raises(BadInput, match=f"fractions from 0 to 1, got {wrong:g}"):
        fitted(replace(observed, y=y), Noise(kind))


def test_beta_binomial_needs_items(rng: np.random.Generator) -> None:
    observed = scores(rng, 0.0, 100)
    with pytest.raises(BadInput, match="needs n_items"):
        fitted(replace(observed, columns={"flops": observed.columns["flops"]}))


@pytest.mark.parametrize("kind", ["binomial", "beta_binomial"])
def test_the_fit_comes_back_from_a_file(kind: Any, rng: np.random.Generator, tmp_path: Any) -> None:
    fit = fitted(scores(rng, 4e-3, 900), Noise(kind), draws=60)
    fit.save(str(tmp_path / "fit.json"))
    loaded = load_fit(tmp_path / "fit.json")
    assert loaded.to_dict() == fit.to_dict() and str(loaded) == str(fit) and rho_of(loaded) == rho_of(fit)
    np.testing.assert_array_equal(loaded.predict(flops=1e25).hi, fit.predict(flops=1e25).hi)


@pytest.mark.parametrize("intervals", ["laplace", "sandwich", "cluster", "pairs"])
def test_every_method_of_intervals_gives_the_error_that_was_made(intervals: Any) -> None:
    """The sd of the estimates of ln x0 and of k over 60 simulated ladders is 0.048 and 0.011."""
    spec = FitSpec(noise=BETA, draws=200, starts=8, intervals=intervals)
    fits = [fit_observations(LAW, scores(np.random.default_rng(seed), 2e-3, 1000), spec) for seed in range(5)]
    ses = [[fit.coefficients()[name]["se"] for name in LAW.coef_names] for fit in fits]
    np.testing.assert_allclose(np.median(ses, axis=0), [0.048 * TRUTH[0], 0.011], rtol=0.25)
    fit = fits[0]
    assert "beyond that of the items" in str(fit) and "variance is p (1 - p)" in fit.methods()


@pytest.mark.parametrize("kind", ["binomial", "beta_binomial"])
def test_influence_judges_scores_as_scores(kind: Any, rng: np.random.Generator) -> None:
    observed = scores(rng, 0.0, 1000, n=40)
    y = observed.y.copy()
    y[20] += 0.2
    found = fitted(replace(observed, y=y), Noise(kind)).influence("k").to_dict()
    assert found["runs"][0]["run"] == "20"


ADDED = Noise("squared", on="raw", scale="n_items")


def added(rng: np.random.Generator, tau: float, items: int, n: int = 60) -> Observations:
    """Return scores with a common sd tau beyond the noise of their items."""
    observed = scores(rng, 0.0, items, n)
    return replace(observed, y=np.clip(observed.y + tau * rng.standard_normal(n), 0, 1))


@pytest.mark.parametrize(("tau", "items"), [(0.01, 5000), (0.03, 2000), (0.05, 300)])
def test_a_common_variance_beyond_the_items_is_recovered(tau: float, items: int) -> None:
    found = [fitted(added(np.random.default_rng(seed), tau, items), ADDED) for seed in range(8)]
    assert np.median([fit.spread.excess for fit in found]) == pytest.approx(tau, rel=0.2)  # type: ignore[union-attr]
    assert "beyond that of the items" in str(found[0]) and "plus a common variance" in found[0].methods()


def test_new_scores_with_a_common_variance_stay_in_range_and_come_back_from_a_file(
    rng: np.random.Generator, tmp_path: Any
) -> None:
    fit = fitted(added(rng, 0.03, 800, n=200), ADDED, draws=50)
    still = replace(fit, draws=np.tile(fit.coef, (20_000, 1)), spec=replace(fit.spec, draws=20_000))
    flops = {"flops": np.array([1e15, 1e22, 1e32])}
    for items in (20.0, 1e6):
        drawn = still.sample({**flops, "n_items": np.full(3, items)}, "new_run")
        assert drawn is not None and np.all((drawn >= 0) & (drawn <= 1))
        p = LAW.predict(fit.coef, flops)
        assert drawn[:, :2].std(axis=0) == pytest.approx(np.sqrt((p * (1 - p) / items + 0.03**2)[:2]), rel=0.15)
    fit.save(str(tmp_path / "fit.json"))
    loaded = load_fit(tmp_path / "fit.json")
    assert loaded.to_dict() == fit.to_dict()
    np.testing.assert_array_equal(loaded.predict(flops=1e25).hi, fit.predict(flops=1e25).hi)


@pytest.mark.parametrize("wrong", [{"kind": "binomial"}, {"kind": "squared"}, {"kind": "huber", "on": "logit"}])
def test_noise_of_items_is_of_the_score_itself(wrong: Any) -> None:
    with pytest.raises(BadInput, match="on='raw', scale='n_items'"):
        Noise(**wrong, scale="n_items")


def test_the_wild_bootstrap_is_refused(rng: np.random.Generator) -> None:
    with pytest.raises(BadInput, match="does not work for binomial scores"):
        fit_observations(LAW, scores(rng, 0, 100), FitSpec(noise=BETA, draws=9, intervals="wild"))


@pytest.mark.parametrize("kind", ["binomial", "beta_binomial"])
def test_intervals_of_new_runs_hold(kind: Any) -> None:
    """Sixty ladders of 25 runs, and a run at ten times their compute: two sd around 90 % of the intervals hold."""
    held = []
    rho = 2e-3 if kind == "beta_binomial" else 0.0
    for seed in range(60):
        rng = np.random.default_rng(seed)
        fit = fitted(scores(rng, rho, 1000, n=25), Noise(kind), draws=200)
        p = float(LAW.predict(TRUTH, {"flops": np.array([1e25])})[0])
        share = rng.beta(p * (1 / rho - 1), (1 - p) * (1 / rho - 1)) if rho else p
        found = fit.predict(flops=1e25, n_items=1000)
        assert found.lo is not None and found.hi is not None
        held.append(bool(found.lo[0] <= rng.binomial(1000, share) / 1000 <= found.hi[0]))
    assert 0.82 <= np.mean(held) <= 0.98
