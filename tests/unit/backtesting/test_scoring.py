"""Scores of many forecasts: worked by hand, balanced over sources, and blind to what a method does not claim."""

import numpy as np
import pytest

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
