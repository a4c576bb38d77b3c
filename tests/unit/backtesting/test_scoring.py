"""Scores of many forecasts: worked by hand, balanced over sources, and blind to what a method does not claim."""

import numpy as np
import pytest
from scipy.special import ndtr, ndtri

from scalelaw.backtesting.baselines import BaselineBand
from scalelaw.backtesting.scoring import (
    MEASURES,
    Scored,
    best_constant,
    by_source,
    clustered,
    coverage,
    crps,
    error,
    log_winkler,
    mean_over_sources,
    reducible_error,
    skill,
)

ALL = np.array([True, True])


def scored(
    by: str = "a", table: str = "t", mean: tuple[float, float] = (2.2, 1.8), reach: tuple[float, float] = (2, 20)
) -> Scored:
    band = BaselineBand(np.array(mean), {0.9: np.array([[1.9, 1.7], [2.3, 1.9]])})
    return Scored(by, table, np.array([2.0, 20.0]), np.array([2.0, 2.0]), band, best=2.5, floor=1.5)


def test_by_hand() -> None:
    each = scored()
    assert error(each, ALL) == pytest.approx(0.1)
    assert MEASURES["bias"](each, ALL) == pytest.approx(0.0)
    assert reducible_error(each, ALL) == pytest.approx(0.4)
    assert skill(each, ALL) == pytest.approx(1 - 0.4 / 1.0)
    assert coverage(0.9)(each, ALL) == 0.5
    assert np.exp(log_winkler(each, ALL)) == pytest.approx((0.4 / 2 + (0.2 + 20 * 0.1) / 2) / 2)
    assert MEASURES["half_width"](each, ALL) == pytest.approx((0.1 + 0.05) / 2)
    assert np.isnan(coverage(0.5)(each, ALL))


def test_the_ranked_score_of_a_certain_forecast_is_its_error() -> None:
    mean = np.array([2.2, 1.8])
    sure = Scored(
        "a", "t", np.ones(2), np.full(2, 2.0), BaselineBand(mean, {0.999999: np.stack([mean, mean])}), 2.5, 1.0
    )
    assert crps(sure, ALL) == pytest.approx(0.1, rel=1e-3)


def test_every_source_counts_alike_and_every_table_of_it() -> None:
    many = [scored("a", "t1")] * 8 + [scored("a", "t2", mean=(2.0, 2.0))] + [scored("b", "t", mean=(2.6, 2.6))]
    values = by_source(many, error)
    assert values == pytest.approx({"a": 0.05, "b": 0.3})
    assert mean_over_sources(values) == pytest.approx(0.175)
    lo, hi = clustered(values)
    assert lo == pytest.approx(0.05) and hi == pytest.approx(0.3)


def test_reach_picks_runs_not_cases() -> None:
    assert by_source([scored(mean=(2.2, 1.4))], error, (1, 3)) == pytest.approx({"a": 0.1})
    assert by_source([scored(mean=(2.2, 1.4))], error, (10, 30)) == pytest.approx({"a": 0.3})
    assert by_source([scored()], error, (30, 100)) == {}


def test_the_best_constant_band_is_as_wide_as_the_misses(rng: np.random.Generator) -> None:
    """Under Gaussian misses the score is least at the central interval itself."""
    made = []
    for source in "abcd":
        miss = rng.normal(0, 0.04, 4000)
        band = BaselineBand(np.exp(-miss), {})
        made.append(Scored(source, "t", np.ones(4000), np.ones(4000), band, 1.0, 0.0))
    assert best_constant(made, 0.9) == pytest.approx(1.645 * 0.04, rel=0.12)
    assert best_constant(made, 0.5) == pytest.approx(0.674 * 0.04, rel=0.12)


def test_without_what_it_measures_a_measure_is_unknown() -> None:
    band = BaselineBand(np.array([2.2, 1.8]), {})
    nothing = Scored("a", "t", np.array([2.0, 20.0]), np.array([2.0, 2.0]), band, best=1.9, floor=2.0)
    for measure in (skill, reducible_error, log_winkler, crps, MEASURES["half_width"], coverage(0.9)):
        assert np.isnan(measure(nothing, ALL)), measure
    assert by_source([nothing], skill) == {} and np.isnan(mean_over_sources({}))
    assert np.isnan(clustered({"a": 1.0})).all() and not np.isnan(clustered({"a": 1.0, "b": 2.0})).any()


def test_reach_counts_from_its_lower_end_and_all_of_it_by_default() -> None:
    low = Scored("a", "t", np.array([0.5, 20.0]), np.array([2.0, 2.0]), scored().band, best=2.5, floor=1.5)
    assert by_source([low], error) == pytest.approx({"a": 0.1})
    assert low.within(0.5, 20.0).tolist() == [True, False] and low.within(0.0, 21.0).all()


def test_skill_and_reducible_error_take_the_runs_they_are_about() -> None:
    band = BaselineBand(np.array([2.2, 1.7]), {})
    one = Scored("a", "t", np.ones(2), np.array([2.6, 1.9]), band, best=2.5, floor=1.8)
    assert skill(one, ALL) == pytest.approx(1 - 0.2 / 0.6), "only the second run improved on the best"
    assert reducible_error(one, ALL) == pytest.approx((0.4 / 0.8 + 0.2 / 0.1) / 2)
    assert reducible_error(one, np.array([True, False])) == pytest.approx(0.5)
    below = Scored("a", "t", np.ones(2), np.array([2.6, 1.9]), band, best=2.5, floor=1.9)
    assert reducible_error(below, ALL) == pytest.approx(0.4 / 0.7), "a run at the floor has nothing to reduce"


def test_the_ranked_score_of_a_normal_forecast_is_known() -> None:
    """CRPS of N(m, s) at x: s (z (2 Phi(z) - 1) + 2 phi(z) - 1/sqrt(pi)) (Gneiting & Raftery 2007)."""
    levels = np.linspace(0.01, 0.999, 300)
    half = 0.1 * ndtri((1 + levels) / 2)
    ends = {float(level): np.array([[2 - each], [2 + each]]) for level, each in zip(levels, half, strict=True)}
    for x in (2.0, 2.15, 1.8):
        z = (x - 2) / 0.1
        phi = np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi)
        known = 0.1 * (z * (2 * ndtr(z) - 1) + 2 * phi - 1 / np.sqrt(np.pi))
        one = Scored("a", "t", np.ones(1), np.array([x]), BaselineBand(np.array([2.0]), ends), 2.5, 1.0)
        assert crps(one, np.array([True])) == pytest.approx(known / x, rel=0.01)


def test_a_geometric_mean_favours_narrow_bands() -> None:
    made = [Scored(by, "t", np.ones(1), np.exp([miss]), BaselineBand(np.ones(1), {}), 1.0, 0.0)
            for by, miss in zip("abcde", (0.001, 0.001, 0.001, 0.2, 0.1), strict=True)]  # fmt: skip
    assert best_constant(made, 0.5, geometric=True) < 0.01 < best_constant(made, 0.9)
