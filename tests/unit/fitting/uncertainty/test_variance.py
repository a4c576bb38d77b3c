"""Noise whose size follows something: exponents, excess variances, seeds and binomial counts are recovered."""

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from scalelaw.core.errors import BadInput, UnknownName
from scalelaw.core.types import Array
from scalelaw.fitting.files import load_fit
from scalelaw.fitting.fit import fit_observations
from scalelaw.fitting.result import FitResult
from scalelaw.fitting.solver.noise import Noise, deviance
from scalelaw.fitting.spec import FitSpec
from scalelaw.laws import get, parse
from scalelaw.runs.observations import Observations

LAW = get("chinchilla")
POWER = parse("power[floor=no]")[0]


def _ladder(table: Any, sd: Any, seed: int = 0, sizes: int = 16) -> Observations:
    """Return a ladder whose noise has the sd that a function of its columns gives."""
    observed = table(noise=0.0, sizes=sizes, ratios=tuple(np.geomspace(4, 400, 8)))
    noise = np.random.default_rng(seed).normal(size=len(observed)) * sd(observed.columns)
    return replace(observed, y=observed.y * np.exp(noise))


@pytest.mark.parametrize(("scale", "gamma"), [("flops", -0.15), ("params", 0.3), ("tokens", 0.0)])
def test_the_exponent_of_the_noise_is_recovered(table: Any, scale: str, gamma: float) -> None:
    def sd(columns: Any) -> Array:
        size = columns[scale]
        return np.asarray(0.005 * (size / np.exp(np.log(size).mean())) ** gamma)

    spec = FitSpec(noise=Noise(delta="auto", scale=scale), draws=40, starts=3)
    found = [fit_observations(LAW, _ladder(table, sd, seed), spec) for seed in range(3)]
    gammas = np.array([fit.spread.gamma for fit in found if fit.spread is not None])
    se = np.mean([fit.spread.gamma_se for fit in found])  # type: ignore[union-attr]
    assert np.mean(gammas) == pytest.approx(gamma, abs=3 * se / math.sqrt(3))
    assert f"sd grows as ({scale}" in str(found[0])


def test_new_runs_scatter_as_the_scale_says(table: Any) -> None:
    def sd(columns: Any) -> Array:
        return np.asarray(0.005 * (columns["flops"] / 1e20) ** -0.2)

    fit = fit_observations(LAW, _ladder(table, sd, sizes=25), FitSpec(noise=Noise("squared", scale="flops"), starts=3))
    assert fit.draws is not None
    still = replace(fit, draws=np.tile(fit.coef, (4000, 1)))
    x = {"params": np.array([1e8, 1e10]), "tokens": np.array([1e9, 1e12])}
    spread = np.log(still.sample(x, "new_run")).std(axis=0)  # type: ignore[arg-type]
    np.testing.assert_allclose(spread, sd({"flops": 6 * x["params"] * x["tokens"]}), rtol=0.3)


def test_the_scale_comes_back_from_a_file(table: Any, tmp_path: Any) -> None:
    fit = fit_observations(
        LAW, table(noise=0.01), FitSpec(noise=Noise(delta="auto", scale="params"), starts=3, draws=9)
    )
    fit.save(str(tmp_path / "fit.json"))
    loaded = load_fit(tmp_path / "fit.json")
    x = {"params": np.array([1e9]), "tokens": np.array([1e11])}
    np.testing.assert_array_equal(loaded.predict(x).hi, fit.predict(x).hi)
    assert loaded.to_dict() == fit.to_dict() and str(loaded) == str(fit)


def test_known_errors_weigh_rows_and_what_is_beyond_them_is_found(rows: Any) -> None:
    rng = np.random.default_rng(4)
    flops, n = np.geomspace(1e18, 1e22, 300), 300
    se, shared = np.where(np.arange(n) % 2, 0.05, 0.002), 0.01
    law = 30 * flops**-0.05
    y = law * np.exp(rng.normal(size=n) * np.hypot(se, shared))
    observed = replace(rows({"flops": flops}, y), se=se * y)
    fit = fit_observations(POWER, observed, FitSpec(noise=Noise("squared", scale="se"), draws=0, starts=3))
    assert fit.spread is not None and fit.spread.excess == pytest.approx(shared, rel=0.2)
    ratio = fit.spread.relative.max() / fit.spread.relative.min()
    assert ratio == pytest.approx(np.hypot(0.05, shared) / np.hypot(0.002, shared), rel=0.2)
    assert "beyond the standard errors" in str(fit)


def test_seeds_give_a_floor_to_new_runs(rows: Any) -> None:
    """Ten points with three seeds each; a law through the means leaves nothing, and seeds still differ."""
    rng = np.random.default_rng(6)
    flops = np.repeat(np.geomspace(1e18, 1e22, 10), 3)
    noise = np.concatenate([0.02 * (draw - draw.mean()) / draw.std(ddof=1) for draw in rng.normal(size=(10, 3))])
    observed = rows({"flops": flops}, 30 * flops**-0.05 * np.exp(noise))
    fit = fit_observations(POWER, observed, FitSpec(noise=Noise("squared"), draws=50, starts=3))
    floor = fit.seed_floor
    assert floor is not None and (floor.runs, floor.groups) == (30, 10)
    assert floor.sd == pytest.approx(0.02, rel=1e-6)
    assert floor.lack_of_fit is not None and floor.lack_of_fit > 0.99
    assert fit.errors.sd < floor.sd
    still = replace(fit, draws=np.tile(fit.coef, (20000, 1)))
    error = np.log(still.sample({"flops": np.array([1e20])}, "new_run"))  # type: ignore[arg-type]
    assert error.std() == pytest.approx(0.02 * np.sqrt(28 / 26), rel=0.1)
    assert "seed floor" in str(fit) and fit.to_dict()["noise"]["seed_floor"]["groups"] == 10
    bent = replace(observed, y=observed.y * np.exp(0.1 * np.sin(np.log(flops))))
    bad = fit_observations(POWER, bent, FitSpec(noise=Noise("squared"), draws=0, starts=3)).seed_floor
    assert bad is not None and bad.lack_of_fit is not None and bad.lack_of_fit < 1e-3


def test_checkpoints_of_one_run_are_no_replicates(rows: Any) -> None:
    flops = np.repeat(np.geomspace(1e18, 1e22, 10), 2)
    y = 30 * flops**-0.05 * np.exp(np.random.default_rng(0).normal(0, 0.01, 20))
    observed = rows({"flops": flops}, y, np.repeat(np.arange(10), 2))
    assert fit_observations(POWER, observed, FitSpec(draws=0, starts=3)).seed_floor is None


def _scores(items: int, seed: int = 0, over: float = 1.0) -> Observations:
    """Return scores of a benchmark with a chance level of one in four, answered more or less at random."""
    rng = np.random.default_rng(seed)
    flops = np.geomspace(1e19, 1e23, 60)
    truth = 0.25 + 0.75 / (1 + np.exp(8.0 - 1.0 * np.log(flops / 1e17)))
    shape = items / over
    y = rng.binomial(items, rng.beta(truth * shape, (1 - truth) * shape) if over > 1 else truth) / items
    columns = {"flops": flops, "n_items": np.full(60, float(items))}
    return Observations("score@quiz", columns, y, np.arange(60), np.ones(60), 60)


SCORE_LAW = parse("0.25 + 0.75/(1+exp(m - k*log(flops/1e17)))")[0]
SCORE = FitSpec(noise=Noise("binomial"), draws=800, starts=32, bounds={"m": (1.0, 30.0), "k": (0.1, 5.0)})


def test_binomial_scores_give_the_truth_back() -> None:
    fit = fit_observations(SCORE_LAW, _scores(2000), SCORE)
    for name, truth in (("m", 8.0), ("k", 1.0)):
        each = fit.coefficients(0.99)[name]
        assert each["lo"] < truth < each["hi"], name
    assert fit.errors.sd == pytest.approx(1.0, abs=0.25) and "times the binomial sd" in str(fit)


def test_the_standard_error_of_a_share_is_the_binomial_one() -> None:
    """A constant: se = sqrt(p q / (n items)); twice the variance where answers hang together."""
    law = parse("p + 0*flops")[0]
    observed = _scores(400)
    y = np.random.default_rng(2).binomial(400, 0.3, 60) / 400
    fit = fit_observations(law, replace(observed, y=y), FitSpec(noise=Noise("binomial"), draws=4000, starts=4))
    assert fit.coef[0] == pytest.approx(y.mean(), rel=1e-6)
    expected = math.sqrt(0.3 * 0.7 / (60 * 400))
    assert fit.coefficients()["p"]["se"] == pytest.approx(expected, rel=0.15)
    new = fit.sample({"flops": np.array([1e20]), "n_items": np.array([1600.0])}, "new_run")
    assert new is not None and new.std() == pytest.approx(math.sqrt(0.21 / 1600), rel=0.2)


def test_answers_that_hang_together_are_overdispersed() -> None:
    fit = fit_observations(SCORE_LAW, _scores(2000, over=40.0), SCORE)
    assert fit.errors.sd > 3


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_the_deviance_is_minus_twice_the_log_likelihood_and_its_slope_a_derivative(share: float) -> None:
    p = np.array([0.05, 0.2999, 0.3, 0.3000001, 0.31, 0.9])
    residual, slope = deviance(p, np.full(6, share))

    def likelihood(q: Array) -> Array:
        return np.asarray(share * np.log(q) + (1 - share) * np.log1p(-q))

    best = 0.0 if share in (0.0, 1.0) else float(likelihood(np.array([share]))[0])
    np.testing.assert_allclose(residual**2, 2 * (best - likelihood(p)), rtol=1e-6, atol=1e-13)
    step = 1e-6
    numeric = (deviance(p + step, np.full(6, share))[0] - deviance(p - step, np.full(6, share))[0]) / (2 * step)
    np.testing.assert_allclose(slope, numeric, rtol=1e-4)


@pytest.mark.parametrize(
    ("noise", "error"),
    [
        (lambda: Noise(scale="flopz"), UnknownName),
        (lambda: Noise("binomial", scale="flops"), BadInput),
        (lambda: Noise(delta="often"), BadInput),  # type: ignore[arg-type]
    ],
)
def test_noise_that_means_nothing_is_refused(noise: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        noise()


@pytest.mark.parametrize(("scale", "match"), [("lr", "the law takes params"), ("se", "needs standard errors")])
def test_a_scale_the_rows_lack_is_refused(table: Any, scale: str, match: str) -> None:
    with pytest.raises(BadInput, match=match):
        fit_observations(LAW, table(), FitSpec(noise=Noise(scale=scale), draws=0))


def test_the_threshold_follows_the_noise(table: Any) -> None:
    thresholds = []
    for noise in (0.002, 0.02):
        fit: FitResult = fit_observations(
            LAW, table(noise=noise, sizes=12), FitSpec(noise=Noise(delta="auto"), draws=0)
        )
        assert fit.noise is not None
        thresholds.append(fit.noise.threshold / noise)
    np.testing.assert_allclose(thresholds, 1.345, rtol=0.3)
