"""Several rows a run: readings repeated teach nothing new, and the farthest of many rows is judged as one of many."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy.stats import t

from scalelaw.allocation.isoflop_analysis import isoflop_observations
from scalelaw.allocation.isoflop_spec import IsoFlopSpec
from scalelaw.core.types import Array
from scalelaw.fitting.checks.outliers import outlying
from scalelaw.fitting.fit import fit_observations
from scalelaw.fitting.spec import INTERVALS, FitSpec
from scalelaw.laws import get
from scalelaw.runs.observations import Observations

AHEAD = {"flops": np.array([1e23])}
OF_RUNS = tuple(way for way in INTERVALS if way != "pairs")
"""Ways that draw whole runs; ``pairs`` takes every row for a run of its own, as it says."""


def several(observed: Observations, times: int = 3) -> Observations:
    """Return the table with each reading written several times, as readings of one run."""
    return observed.rows(np.repeat(np.arange(len(observed)), times))


def width(observed: Observations, way: Any, kind: Any = "mean") -> float:
    spec = FitSpec(draws=400, starts=4, intervals=way)
    found = fit_observations(get("power"), observed, spec).predict(AHEAD, 0.8, kind)
    assert found.lo is not None and found.hi is not None
    return float((found.hi - found.lo)[0])


@pytest.mark.parametrize("way", OF_RUNS)
def test_readings_repeated_do_not_narrow_an_interval(made: Any, way: str) -> None:
    """Three readings that say the same would halve the width, were they three runs."""
    once, thrice = width(made.near, way), width(several(made.near), way)
    assert thrice > 0.8 * once


def test_rows_taken_for_runs_are_narrower(made: Any) -> None:
    """So that the test above can fail."""
    assert width(several(made.near), "pairs") < 0.75 * width(made.near, "pairs")


def test_a_new_run_is_as_uncertain_however_often_each_is_read(made: Any) -> None:
    once, thrice = width(made.near, "laplace", "new_run"), width(several(made.near), "laplace", "new_run")
    assert thrice == pytest.approx(once, rel=0.25)


@pytest.mark.parametrize("profile", ["parabola", "powers"])
def test_readings_repeated_do_not_narrow_an_isoflop(made: Any, profile: Any) -> None:
    spec = IsoFlopSpec(profile, draws=200)
    once, thrice = (isoflop_observations(rows, spec).params for rows in (made.sweep, several(made.sweep)))
    assert thrice.exponent == pytest.approx(once.exponent, rel=0.03)
    assert once.draws is not None and thrice.draws is not None
    assert thrice.draws[:, 1].std() > 0.8 * once.draws[:, 1].std()


def judged(rng: np.random.Generator) -> tuple[Array, Array, Array, int]:
    """Return distance and rate of the runs of a noisy table, how many rows each has, and coefficients."""
    rows = rng.integers(1, 9, size=30)
    run = np.repeat(np.arange(30), rows)
    flops = np.geomspace(1e18, 1e22, 30)[run]
    y = (1.8 + 1e3 / flops**0.16) * np.exp(0.01 * rng.standard_t(3, len(run)))
    observed = Observations("loss", {"flops": flops}, y, run, np.ones(len(run)), len(run))
    sample = fit_observations(get("power"), observed, FitSpec(draws=0, starts=4)).sample_of_rows
    found = outlying(sample.problem, sample.u, sample.weight, sample.member, rate=1e-6)
    assert found is not None
    return found.distance, found.rate, np.bincount(sample.member), len(sample.u)


def test_outliers_are_judged_by_how_many_rows_their_run_has(rng: np.random.Generator) -> None:
    """The p of the farthest of k rows is at most k times that of one; Benjamini and Hochberg over runs."""
    distance, rate, rows, _ = judged(rng)
    p = np.minimum(1.0, rows * 2 * t.sf(np.abs(distance), 3))
    order = np.argsort(p)
    expected = np.minimum.accumulate((p[order] * len(p) / np.arange(1, len(p) + 1))[::-1])[::-1]
    np.testing.assert_allclose(rate[order], np.minimum(1.0, expected), rtol=1e-9)
    assert rows.max() > 4 and np.ptp(rate) > 0


def test_a_row_of_no_weight_is_no_row(made: Any) -> None:
    """What is added with weight zero moves nothing, in a fit and in its draws."""
    rows = made.near
    more = replace(rows.rows(np.append(np.arange(len(rows)), 0)), weight=np.append(rows.weight, 0.0))
    more = replace(more, y=np.append(rows.y, 9.0), cluster=np.append(rows.cluster, 999))
    one, two = (fit_observations(get("power"), each, FitSpec(draws=0, starts=4)) for each in (rows, more))
    np.testing.assert_allclose(two.coef, one.coef, rtol=1e-6)
