"""The bootstrap: runs are drawn whole, each draw is the fit of its resample, and nothing is made up without draws."""

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from scalelaw.core.types import Array
from scalelaw.fitting.fit import fit_observations
from scalelaw.fitting.solver.noise import Noise
from scalelaw.fitting.spec import FitSpec
from scalelaw.fitting.uncertainty.bootstrap import resampled_weights
from scalelaw.fitting.uncertainty.fitted_problem import numbered
from scalelaw.laws import parse
from scalelaw.runs.observations import Observations

SLOPE = 0.05
ONE_COEF = FitSpec(noise=Noise("squared"), fixed={"alpha": SLOPE}, draws=300, starts=4, intervals="cluster")
"""With least squares on the logarithm and alpha held, each draw of log A is a weighted mean, known by hand."""


def _clustered(rows: Any, runs: int = 12, each: int = 6, within: float = 0.0, seed: int = 0) -> Observations:
    """Return runs of several rows; noise is shared inside a run but for ``within``."""
    rng = np.random.default_rng(seed)
    cluster = np.repeat(np.arange(runs) * 7 + 3, each)
    flops = np.geomspace(1e18, 1e22, runs * each)
    noise = np.repeat(rng.normal(0, 0.02, runs), each) + within * rng.normal(0, 1, runs * each)
    order = rng.permutation(runs * each)
    return rows({"flops": flops[order]}, (30 * flops**-SLOPE * np.exp(noise))[order], cluster[order])


def _log_a(observed: Observations, weights: Array) -> Array:
    centre = np.log(observed.y) + SLOPE * np.log(observed.columns["flops"])
    return np.asarray((weights * centre).sum(-1) / weights.sum(-1))


def _fit(observed: Observations, spec: FitSpec = ONE_COEF) -> Any:
    return fit_observations(parse("power[floor=no]")[0], observed, spec)


def test_rows_of_a_run_come_and_go_together() -> None:
    cluster = np.array(["b", "a", "b", "c", "a", "b"])
    weight = np.array([1.0, 2.0, 3.0, 1.0, 0.5, 1.0])
    drawn = resampled_weights(cluster, weight, 200, seed=0) / weight
    for name in "abc":
        times = drawn[:, cluster == name]
        np.testing.assert_array_equal(times, np.repeat(times[:, :1], times.shape[1], axis=1))
    first = [int(np.flatnonzero(cluster == name)[0]) for name in "abc"]
    assert np.all(drawn[:, first].sum(axis=1) == 3), "as many runs are drawn as there are"
    assert set(drawn.ravel().tolist()) <= {0.0, 1.0, 2.0, 3.0}


def test_each_row_its_own_run_is_the_bootstrap_of_pairs() -> None:
    drawn = resampled_weights(np.arange(40), np.ones(40), 4000, seed=1)
    assert np.all(drawn.sum(axis=1) == 40)
    np.testing.assert_allclose(drawn.mean(axis=0), 1.0, atol=0.07)
    np.testing.assert_allclose(drawn.var(axis=0), 1 - 1 / 40, rtol=0.12)


def test_the_seed_decides_the_resamples() -> None:
    one, again, other = (resampled_weights(np.arange(9), np.ones(9), 5, seed) for seed in (1, 1, 2))
    assert np.array_equal(one, again) and not np.array_equal(one, other)


@pytest.mark.parametrize("how", ["cluster", "pairs"])
def test_every_draw_is_the_fit_of_its_own_resample(rows: Any, how: Any) -> None:
    observed = _clustered(rows, within=0.01)
    observed = replace(observed, weight=np.random.default_rng(2).uniform(0.5, 2, len(observed)))
    observed = observed.rows(np.argsort(observed.columns["flops"]))
    fitted = _fit(observed, replace(ONE_COEF, intervals=how, seed=5))
    cluster = numbered(observed.cluster) if how == "cluster" else np.arange(len(observed))
    weights = resampled_weights(cluster, observed.weight, 300, seed=5)
    np.testing.assert_allclose(np.log(fitted.draws[:, 0]), _log_a(observed, weights), atol=1e-8)


def test_runs_drawn_whole_are_less_certain_by_the_root_of_their_rows(rows: Any) -> None:
    observed = _clustered(rows, runs=16, each=9)
    by_run = np.log(_fit(observed, replace(ONE_COEF, draws=2000)).draws[:, 0]).std()
    by_row = np.log(_fit(observed, replace(ONE_COEF, draws=2000, intervals="pairs")).draws[:, 0]).std()
    assert by_run / by_row == pytest.approx(3.0, rel=0.08)
    means = _log_a(observed.rows(np.argsort(observed.cluster, kind="stable")), np.ones(len(observed)))
    assert math.isfinite(float(means))
    spread = [float(_log_a(observed.rows(observed.cluster == run), np.ones(9))) for run in np.unique(observed.cluster)]
    assert by_run == pytest.approx(np.std(spread) / math.sqrt(16), rel=0.06)


def test_the_order_of_rows_does_not_split_a_run(rows: Any) -> None:
    observed = _clustered(rows)
    mixed = observed.rows(np.random.default_rng(8).permutation(len(observed)))
    assert _fit(observed).digest == _fit(mixed).digest
    np.testing.assert_array_equal(_fit(observed).draws, _fit(mixed).draws)


@pytest.mark.parametrize("kind", ["huber", "squared", pytest.param("absolute", marks=pytest.mark.slow)])
def test_draws_of_a_full_law_are_as_good_as_cold_fits(table: Any, kind: Any) -> None:
    """Refits that stop early hug the optimum and make every interval too narrow."""
    observed = table(noise=0.01, sizes=5)
    count = 10 if kind == "absolute" else 20
    spec = FitSpec(noise=Noise(kind), draws=count, starts=6, seed=3, intervals="cluster")
    fitted = fit_observations(parse("chinchilla")[0], observed, spec)
    weights = resampled_weights(observed.cluster, observed.weight, count, seed=3)
    x = {"params": np.array([3e10]), "tokens": np.array([6e11])}
    cold = [
        fit_observations(fitted.law, replace(observed, weight=w).rows(w > 0), replace(spec, draws=0, starts=4))
        for w in weights
    ]
    expected = np.array([each.predict(x).mean[0] for each in cold])
    drawn = fitted.law.predict(fitted.draws, x)[:, 0]
    assert np.median(np.abs(drawn / expected - 1)) < 2e-5
    assert drawn.std() == pytest.approx(expected.std(), rel=0.03)


def test_without_draws_every_interval_is_unknown(table: Any) -> None:
    fitted = fit_observations(parse("chinchilla")[0], table(), FitSpec(draws=0, starts=8))
    x = {"params": np.array([1e9]), "tokens": np.array([2e10])}
    assert fitted.draws is None and fitted.sample(x) is None and fitted.sample(x, "new_run") is None
    for kind in ("mean", "new_run"):
        prediction = fitted.predict(x, kind=kind)  # type: ignore[arg-type]
        assert prediction.lo is None and prediction.hi is None
    for each in fitted.coefficients().values():
        assert each["se"] is None and each["lo"] is None and each["hi"] is None
    assert "unknown" in str(fitted) and "no draws requested" in str(fitted)


def test_intervals_cover_as_often_as_they_say(table: Any) -> None:
    """Ninety-per-cent intervals over 90 simulated tables of the right form, inside and beyond what was fitted."""
    law, _ = parse("chinchilla")
    x = {"params": np.array([2e8, 2e9, 2e10]), "tokens": np.array([4e9, 4e10, 4e11])}
    truth = law.predict(law.vector(law.published["besiroglu2024"].coef), x)
    rng = np.random.default_rng(77)
    covered = np.zeros((90, 2, 3))
    for i in range(len(covered)):
        observed = table(noise=0.005, seed=1000 + i, sizes=8, ratios=(5, 10, 20, 40, 80, 200))
        fitted = fit_observations(law, observed, FitSpec(noise=Noise("squared"), draws=100, starts=3, seed=i))
        mean, run = fitted.predict(x, 0.9, "mean"), fitted.predict(x, 0.9, "new_run")
        measured = truth * np.exp(rng.normal(0, 0.005, 3))
        covered[i] = [(mean.lo <= truth) & (truth <= mean.hi), (run.lo <= measured) & (measured <= run.hi)]
    share = covered.mean(axis=0)
    assert np.all(share > 0.74) and np.all(share < 0.98), share
    assert np.all(share.mean(axis=1) > 0.82) and np.all(share.mean(axis=1) < 0.96), share
