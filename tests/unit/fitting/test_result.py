"""A fit as a forecaster: draws of the mean and of a new run, intervals of exactly those draws, and what it prints."""

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from scalelaw.core.errors import BadInput
from scalelaw.core.forecaster import interval, reach, robust_sd
from scalelaw.fitting.fit import fit_observations
from scalelaw.fitting.result import FitResult
from scalelaw.fitting.solver.noise import Noise
from scalelaw.fitting.spec import FitSpec
from scalelaw.laws import get, parse

X = {"params": np.array([1e8, 1e9, 7e10]), "tokens": np.array([1e10, 2e10, 1.4e12])}
FLOPS = {"flops": np.array([1e19, 1e23])}


@pytest.fixture(scope="module")
def fitted(table: Any) -> FitResult:
    return fit_observations(get("chinchilla"), table(noise=0.01), FitSpec(draws=400, starts=8, seed=4))


@pytest.fixture(scope="module")
def skewed(rows: Any) -> FitResult:
    """Ten runs on one curve but for the last, measured far above it; of weight three."""
    flops = np.geomspace(1e18, 1e22, 10)
    y = 30 * flops**-0.05
    y[-1] *= 1.5
    weight = np.where(np.arange(10) == 9, 3.0, 1.0)
    spec = FitSpec(noise=Noise("absolute"), fixed={"alpha": 0.05}, draws=2, starts=4)
    fit = fit_observations(parse("power[floor=no]")[0], rows({"flops": flops}, y, weight=weight), spec)
    return replace(fit, draws=np.tile(fit.coef, (4000, 1)))


def _chinchilla(coef: Any, n: float, d: float) -> Any:
    e, a, b, alpha, beta = np.moveaxis(np.asarray(coef), -1, 0)
    return e + a / n**alpha + b / d**beta


def test_the_mean_is_the_law_at_the_optimum(fitted: FitResult) -> None:
    for i, (n, d) in enumerate(zip(X["params"], X["tokens"], strict=True)):
        assert fitted.predict(X).mean[i] == pytest.approx(_chinchilla(fitted.coef, n, d), rel=1e-13)


def test_draws_of_the_mean_are_the_law_at_each_draw(fitted: FitResult) -> None:
    draws = fitted.sample(X, "mean")
    assert draws is not None and draws.shape == (400, 3)
    for i, (n, d) in enumerate(zip(X["params"], X["tokens"], strict=True)):
        np.testing.assert_allclose(draws[:, i], _chinchilla(fitted.draws, n, d), rtol=1e-13)


@pytest.mark.parametrize("level", [0.5, 0.8, 0.9, 0.95])
def test_intervals_are_the_quantiles_of_their_own_draws(fitted: FitResult, level: float) -> None:
    ends = [(1 - level) / 2, (1 + level) / 2]
    for kind in ("mean", "new_run"):
        draws = fitted.sample(X, kind, seed=4)  # type: ignore[arg-type]
        prediction = fitted.predict(X, level, kind)  # type: ignore[arg-type]
        lo, hi = np.quantile(draws, ends, axis=0)
        np.testing.assert_allclose(prediction.lo, lo, rtol=1e-12)
        np.testing.assert_allclose(prediction.hi, hi, rtol=1e-12)
        assert prediction.level == level


def test_a_new_run_is_predicted_unless_the_mean_is_asked_for(fitted: FitResult) -> None:
    np.testing.assert_array_equal(fitted.predict(X).lo, fitted.predict(X, 0.9, "new_run").lo)
    assert fitted.predict(X).level == 0.9


def test_intervals_are_ordered_nested_and_a_new_run_is_wider(fitted: FitResult) -> None:
    mean, run, half = fitted.predict(X, 0.9, "mean"), fitted.predict(X, 0.9), fitted.predict(X, 0.5)
    assert mean.lo is not None and mean.hi is not None and run.lo is not None and run.hi is not None
    assert half.lo is not None and half.hi is not None
    assert np.all(mean.lo < mean.mean) and np.all(mean.mean < mean.hi)
    assert np.all(run.hi - run.lo > mean.hi - mean.lo)
    assert np.all(run.lo < half.lo) and np.all(half.hi < run.hi)
    covered = np.mean((fitted.sample(X, seed=1) >= mean.lo) & (fitted.sample(X, seed=1) <= mean.hi))  # type: ignore[operator]
    assert covered == pytest.approx(0.9, abs=0.01)


def test_a_new_run_scatters_to_the_side_the_runs_did(skewed: FitResult) -> None:
    """The odd run lay above the curve, so new runs may lie far above it, and none as far below."""
    draws = skewed.sample(FLOPS, "new_run", seed=0)
    assert draws is not None
    excess = np.log(draws / skewed.predict(FLOPS).mean)
    lo, hi = np.quantile(excess, [0.02, 0.98])
    assert hi > 0.35 and -lo < 0.6 * hi


def test_a_new_run_has_the_unbiased_spread_of_the_runs(rows: Any) -> None:
    """With one coefficient in logs known by hand: s^2 = RSS / (n - 1), times what few degrees of freedom add."""
    flops = np.geomspace(1e18, 1e22, 60)
    noise = np.random.default_rng(3).normal(0, 0.02, 60)
    law, middle = 30 * flops**-0.05, {"flops": np.array([1e20])}
    for on, y in (("log", law * np.exp(noise)), ("raw", law + noise)):
        spec = FitSpec(noise=Noise("squared", on=on), fixed={"alpha": 0.05}, draws=2, starts=4)  # type: ignore[arg-type]
        fit = fit_observations(parse("power[floor=no]")[0], rows({"flops": flops}, y), spec)
        still = replace(fit, draws=np.tile(fit.coef, (20000, 1)))
        scaled = fit.scoring.scaled
        error = scaled(still.sample(middle, "new_run")) - scaled(fit.predict(middle).mean)  # type: ignore[arg-type]
        s = np.sqrt(np.sum(fit.residuals**2) / 59) * np.sqrt(59 / 57)
        assert error.std() == pytest.approx(s, rel=0.06), on


def test_the_seed_decides_the_new_runs_and_not_the_means(fitted: FitResult) -> None:
    assert np.array_equal(fitted.sample(X, "new_run", 3), fitted.sample(X, "new_run", 3))  # type: ignore[arg-type]
    assert not np.array_equal(fitted.sample(X, "new_run", 3), fitted.sample(X, "new_run", 4))  # type: ignore[arg-type]
    assert np.array_equal(fitted.sample(X, "mean", 3), fitted.sample(X, "mean", 4))  # type: ignore[arg-type]


def test_coefficients_have_the_quantiles_and_spread_of_their_draws(fitted: FitResult) -> None:
    assert fitted.draws is not None
    for i, (name, each) in enumerate(fitted.coefficients(0.8).items()):
        assert name == fitted.law.coefs[i].name and each["unit"] == fitted.law.coefs[i].unit
        assert each["value"] == fitted.coef[i]
        assert each["se"] == pytest.approx(robust_sd(fitted.draws[:, i]), rel=1e-12)
        assert [each["lo"], each["hi"]] == pytest.approx(np.quantile(fitted.draws[:, i], [0.1, 0.9]), rel=1e-12)
        assert each["level"] == 0.8
    assert all(each["level"] == 0.9 for each in fitted.coefficients().values())


def test_points_beyond_the_runs_are_flagged_one_by_one(fitted: FitResult) -> None:
    assert fitted.predict(X).outside_domain.tolist() == [False, False, True]
    inside_n = {"params": np.array([1e9]), "tokens": np.array([1e15])}
    assert fitted.predict(inside_n).outside_domain.tolist() == [True]


def test_reach_is_planned_over_the_largest_fitted() -> None:
    domain = {"params": (1e7, 2e9), "tokens": (1e9, 4e10)}
    assert reach({"params": 7e9, "tokens": 2e10, "flops": 1e22}, domain) == {"params": 3.5, "tokens": 0.5}


def test_interval_takes_draws_along_the_first_axis() -> None:
    draws = np.stack([np.arange(101.0), np.arange(101.0) * 2], axis=1)
    lo, hi = interval(draws, 0.9)
    np.testing.assert_allclose(lo, [5, 10])
    np.testing.assert_allclose(hi, [95, 190])
    for level in (0.0, 1.0, 90.0, -0.1):
        with pytest.raises(BadInput, match="level must lie strictly between 0 and 1"):
            interval(draws, level)


def test_the_dictionary_is_the_contract_of_fit_json(fitted: FitResult) -> None:
    values = json.loads(json.dumps(fitted.to_dict()))
    assert set(values) >= {"schema", "law", "coefficients", "objective", "status", "starts", "rows", "spec", "digest",
                           "version"}  # fmt: skip
    assert next(iter(values)) == "schema" and values["schema"] == "scalelaw.fit-summary/1"
    assert set(values["coefficients"]["alpha"]) >= {"value", "lo", "hi", "level", "unit"}
    assert values["starts"] == {"n": 8, "agreeing": fitted.status.agreeing}
    assert values["rows"] == {"read": 24, "set_aside": [], "fitted": 24}
    assert values["spec"]["draws"] == 400 and values["digest"] == fitted.digest


def test_the_printout_says_how_much_to_believe(fitted: FitResult) -> None:
    text = str(fitted)
    for part in ("chinchilla fitted to loss", "sum of losses; Huber, delta 0.001, on log loss",
                 "400 draws around the optimum (Laplace)", "24 read, 24 fitted", "search converged"):  # fmt: skip
        assert part in text
    for name in ("E", "A", "B", "alpha", "beta"):
        assert any(line.split()[:1] == [name] for line in text.splitlines())


def test_results_are_read_only(fitted: FitResult) -> None:
    for values in (fitted.coef, fitted.draws, fitted.rows.y, fitted.rows.weight):
        assert values is not None
        with pytest.raises(ValueError, match="read-only"):
            values[0] = 1.0
