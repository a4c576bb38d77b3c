"""Ways of drawing agree where theory says they must, count runs and not rows, and follow the noise there is."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from scalelaw.core.errors import BadInput
from scalelaw.core.types import Array
from scalelaw.fitting.fit import fit_observations
from scalelaw.fitting.result import FitResult
from scalelaw.fitting.solver.noise import Noise
from scalelaw.fitting.spec import FitSpec
from scalelaw.laws import get, parse
from scalelaw.runs.observations import Observations

LAW = get("chinchilla")
POWER = parse("power[floor=no]")[0]
SQUARED = FitSpec(noise=Noise("squared"), draws=2000, starts=3)
X = {"params": np.array([1e9, 7e10]), "tokens": np.array([2e10, 1.4e12])}


def _spread(fit: FitResult) -> Array:
    assert fit.draws is not None
    return np.asarray(fit.draws.std(axis=0))


def _line(rows: Any, n: int = 40, sd: float = 0.02, seed: int = 1, **said: Any) -> Observations:
    """Return rows of a line in logs, for which least squares and its intervals are textbook formulas."""
    flops = np.geomspace(1e18, 1e22, n)
    y = 30 * flops**-0.05 * np.exp(np.random.default_rng(seed).normal(0, sd, n))
    return rows({"flops": flops}, y, **said)


def _textbook(observed: Observations) -> tuple[Array, Array, float, int]:
    """Return estimates and covariance / s^2 of intercept and slope of the line, s and its degrees of freedom."""
    design = np.stack([np.ones(len(observed)), -np.log(observed.columns["flops"])], axis=1)
    estimate, left, *_ = np.linalg.lstsq(design, np.log(observed.y), rcond=None)
    spare = len(observed) - 2
    return estimate, np.linalg.inv(design.T @ design), float(np.sqrt(left[0] / spare)), spare


@pytest.mark.parametrize("how", ["laplace", "sandwich", "wild", "cluster"])
def test_every_way_has_the_standard_errors_of_least_squares(rows: Any, how: Any) -> None:
    observed = _line(rows, n=400)
    _, unit, s, _ = _textbook(observed)
    fit = fit_observations(POWER, observed, replace(SQUARED, intervals=how))
    assert _spread(fit)[1] == pytest.approx(s * np.sqrt(unit[1, 1]), rel=0.12)


def test_laplace_is_the_bootstrap_on_a_large_gaussian_table(table: Any) -> None:
    observed = table(noise=0.005, sizes=20, ratios=tuple(np.geomspace(4, 400, 15)))
    drawn = [fit_observations(LAW, observed, replace(SQUARED, draws=600, intervals=how))
             for how in ("laplace", "cluster")]  # fmt: skip
    np.testing.assert_allclose(_spread(drawn[0]), _spread(drawn[1]), rtol=0.15)
    widths = [fit.predict(X, kind="mean").hi - fit.predict(X, kind="mean").lo for fit in drawn]
    np.testing.assert_allclose(widths[0], widths[1], rtol=0.15)


def test_auto_counts_runs(table: Any) -> None:
    many = table(sizes=10, ratios=tuple(np.geomspace(4, 400, 10)))
    few = replace(many, cluster=np.arange(100) // 2)
    assert "bootstrap refits over rows" in str(fit_observations(LAW, many, FitSpec(draws=4, starts=3)))
    assert "(Laplace), noise modelled over clusters" in str(fit_observations(LAW, few, FitSpec(draws=4, starts=3)))


@pytest.mark.parametrize("how", ["laplace", "sandwich", "wild", "cluster"])
def test_checkpoints_written_twice_do_not_shrink_intervals(table: Any, how: Any) -> None:
    """A run evaluated twice at the same moment is still one run: half the rows say nothing new."""
    observed = table(noise=0.01, sizes=6)
    twice = observed.rows(np.repeat(np.arange(len(observed)), 2))
    spec = replace(SQUARED, draws=400, intervals=how)
    once, doubled = (fit_observations(LAW, each, spec) for each in (observed, twice))
    assert np.all(_spread(doubled) > 0.88 * _spread(once))
    apart = fit_observations(LAW, replace(twice, cluster=np.arange(len(twice))), spec)
    assert np.all(_spread(apart) < 0.85 * _spread(doubled)), "a lost cluster shows"


@pytest.mark.parametrize("how", ["laplace", "sandwich", "wild", "pairs"])
def test_equal_digests_give_equal_draws(table: Any, how: Any) -> None:
    observed = table(noise=0.01)
    mixed = observed.rows(np.random.default_rng(5).permutation(len(observed)))
    mixed = replace(mixed, cluster=np.arange(len(mixed)))
    one, other = (fit_observations(LAW, each, FitSpec(draws=30, starts=3, intervals=how)) for each in (observed, mixed))
    assert one.digest == other.digest
    np.testing.assert_array_equal(one.draws, other.draws)
    np.testing.assert_array_equal(one.predict(X).hi, other.predict(X).hi)


def test_what_rests_on_a_bound_stays_there(table: Any) -> None:
    spec = FitSpec(draws=50, starts=4, bounds={"alpha": (0.5, None)}, intervals="laplace")
    fit = fit_observations(LAW, table(noise=0.01), spec)
    assert fit.coef[3] == 0.5 and fit.draws is not None and np.all(fit.draws[:, 3] == 0.5)


def test_the_profile_of_a_quadratic_problem_is_the_exact_interval(rows: Any) -> None:
    """A line in logs under least squares: estimate -+ sqrt(F(1, n - 2)) s sqrt(v), at any level."""
    from scipy.stats import f

    observed = _line(rows, n=14)
    estimate, unit, s, spare = _textbook(observed)
    fit = fit_observations(POWER, observed, replace(SQUARED, draws=0))
    for level in (0.5, 0.99):
        found = fit.profile("alpha", level=level)
        half = np.sqrt(f.ppf(level, 1, spare) * unit[1, 1]) * s
        assert (found.lo, found.hi) == pytest.approx((estimate[1] - half, estimate[1] + half), abs=2e-4 * half)
        log_a = fit.profile("A", level=level)
        half = np.sqrt(f.ppf(level, 1, spare) * unit[0, 0]) * s
        ends = np.log([log_a.lo, log_a.hi])  # type: ignore[list-item]
        assert ends == pytest.approx((estimate[0] - half, estimate[0] + half), abs=1e-3 * half)
    flops = 1e24
    at = fit.profile(at={"flops": flops}, level=0.9)
    point = np.array([1.0, -np.log(flops)])
    half = np.sqrt(f.ppf(0.9, 1, spare) * point @ unit @ point) * s
    ends = np.log([at.lo, at.hi])  # type: ignore[list-item]
    assert ends == pytest.approx((point @ estimate - half, point @ estimate + half), abs=2e-3 * half)


def test_a_profile_is_lowest_at_the_optimum_and_says_where_it_is_open(table: Any) -> None:
    fit = fit_observations(LAW, table(noise=0.004, sizes=8), FitSpec(noise=Noise(delta="auto"), draws=0, starts=4))
    found = fit.profile("E")
    assert found.lo is not None and found.hi is not None and found.lo < fit.coef[0] < found.hi
    assert found.ratio.min() == 0.0 and found.values[np.argmin(found.ratio)] == fit.coef[0]
    assert np.all(np.diff(found.ratio[found.values >= fit.coef[0]]) > -1e-6)
    noisy = fit_observations(LAW, table(noise=0.2, sizes=3), replace(fit.spec, noise=Noise("squared")))
    assert noisy.profile("E", level=0.99).lo is None or noisy.coef[0] == 0.0


@pytest.mark.parametrize(
    ("call", "match"),
    [
        (lambda fit: fit.profile("gamma"), "needs a free coefficient to which no other is tied"),
        (lambda fit: fit.profile("alpha"), "some share a run"),
        (lambda fit: fit.profile(), "either the name of a coefficient or at="),
        (lambda fit: fit.profile(at={"params": 1e9}), "lacks tokens"),
    ],
)
def test_bad_profiles_are_refused(table: Any, call: Callable[[FitResult], Any], match: str) -> None:
    observed = replace(table(), cluster=np.arange(24) // 2)
    with pytest.raises(BadInput, match=match):
        call(fit_observations(LAW, observed, FitSpec(draws=0, starts=3)))
