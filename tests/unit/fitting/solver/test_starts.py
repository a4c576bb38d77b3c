"""Starts: spread over the whole plausible range, linear coefficients solved for and not below their bounds."""

from typing import Any

import numpy as np
import pytest

from scalelaw.fitting.solver.coordinates import Coordinates
from scalelaw.fitting.solver.starts import projected, projected_starts, spread
from scalelaw.fitting.spec import FitSpec
from scalelaw.laws import parse


def _coordinates(observed: Any, spelling: str = "chinchilla", **said: Any) -> Coordinates:
    law, _ = parse(spelling)
    return Coordinates(law, observed.inputs(law.inputs), FitSpec(**said).restrictions)


def test_exponents_are_spread_over_their_range_without_clumps(table: Any) -> None:
    coef = spread(_coordinates(table()), 64)
    for column in (3, 4):
        values = np.sort(coef[:, column])
        assert 0.05 <= values[0] < 0.1 and 1.1 < values[-1] <= 1.2
        assert np.diff(values).max() < 0.08
    assert abs(np.corrcoef(coef[:, 3], coef[:, 4])[0, 1]) < 0.2


def test_scales_over_decades_are_spread_over_their_logarithm(table: Any) -> None:
    observed = table("kaplan_joint@kaplan2020")
    coef = spread(_coordinates(observed, "kaplan_joint"), 64)
    for column in (2, 3):
        logs = np.log10(coef[:, column])
        assert logs.min() >= 9 and logs.max() <= 16 and abs(np.median(logs) - 12.5) < 0.5


def test_spread_respects_bounds_fixed_and_ties(table: Any) -> None:
    coordinates = _coordinates(table(), bounds={"alpha": (0.2, 0.4)}, fixed={"E": 1.5})
    coef = spread(coordinates, 32)
    assert coef[:, 3].min() >= 0.2 and coef[:, 3].max() <= 0.4 and np.all(coef[:, 0] == 1.5)
    tied = spread(_coordinates(table(), ties={"beta": "alpha"}), 32)
    np.testing.assert_array_equal(tied[:, 3], tied[:, 4])


def test_given_the_exponents_the_linear_ones_are_found_at_once(table: Any) -> None:
    observed = table(noise=0.0)
    coordinates = _coordinates(observed)
    coef = np.array([[0.0, 0.0, 0.0, 0.3478, 0.3658]])
    x = observed.inputs(coordinates.law.inputs)
    found = projected(coordinates, coef, x, observed.y)[0]
    np.testing.assert_allclose(found[:3], [1.8172, 482.01, 2085.43], rtol=1e-6)


def test_projection_solves_relative_least_squares(rows: Any) -> None:
    x = np.array([1e18, 1e19, 1e20, 1e21, 1e22])
    y = np.array([4.0, 3.1, 2.9, 2.2, 2.1])
    observed = rows({"flops": x}, y)
    coordinates = _coordinates(observed, "power")
    found = projected(coordinates, np.array([[0.0, 0.0, 0.1]]), {"flops": x}, y)[0]
    design = np.column_stack([np.ones(5), x**-0.1]) / y[:, None]
    np.testing.assert_allclose(found[:2], np.linalg.lstsq(design, np.ones(5), rcond=None)[0], rtol=1e-8)


def test_a_scale_that_would_be_negative_is_zero_unless_freed(rows: Any) -> None:
    x = np.geomspace(1e18, 1e22, 9)
    y = 2.0 + 0.1 * np.log(x / 1e18)
    observed = rows({"flops": x}, y)
    closed = projected(_coordinates(observed, "power"), np.array([[0.0, 0.0, 0.3]]), {"flops": x}, y)[0]
    assert closed[1] == 0.0 and closed[0] > 0
    freed = _coordinates(observed, "power", bounds={"A": (None, None)})
    assert projected(freed, np.array([[0.0, 0.0, 0.3]]), {"flops": x}, y)[0, 1] < 0


@pytest.mark.parametrize("n", [1, 3, 64])
def test_there_are_as_many_starts_as_asked_for_and_all_finite(table: Any, n: int) -> None:
    observed = table()
    coordinates = _coordinates(observed)
    starts = projected_starts(coordinates, observed.inputs(coordinates.law.inputs), observed.y, n)
    assert starts.shape == (n, 5) and np.all(np.isfinite(starts))
    assert len(np.unique(starts.round(9), axis=0)) == n
