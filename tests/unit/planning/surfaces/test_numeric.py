"""The numeric optimum: exact on smooth valleys, and absent where the valley is not inside the grid."""

import numpy as np
import pytest

from scalelaw.accounting.flops import counting_for
from scalelaw.core.minimum import least
from scalelaw.core.types import Array, Inputs
from scalelaw.planning.surfaces.numeric import Numeric
from scalelaw.planning.surfaces.path import first_reaching

GRID = np.linspace(-2.0, 2.0, 41)


@pytest.mark.parametrize("centre", [-1.0, -0.04, 0.0, 0.05, 0.33])
def test_an_uneven_valley_is_found_where_it_is(centre: float) -> None:
    valley = np.exp(0.5 * (GRID - centre)) / 0.5 + np.exp(-0.2 * (GRID - centre)) / 0.2
    where, value = least(GRID, valley[None, :])
    assert where == pytest.approx([centre], abs=1e-5)
    assert value == pytest.approx([7.0], rel=1e-9)


def test_a_slope_has_no_least_point_and_nan_is_never_least() -> None:
    gap = np.where(GRID > 1.5, np.nan, (GRID - 0.5) ** 2)
    where, _ = least(GRID, np.stack([GRID, -GRID, GRID**2, gap, np.full(41, np.nan)]))
    assert np.isnan(where).tolist() == [True, True, False, False, True]
    assert where[3] == pytest.approx(0.5)


def only_params(x: Inputs) -> Array:
    return np.asarray(2.0 + 1e3 * x["params"] ** -0.5)[None, :]


def test_a_surface_that_ignores_tokens_has_no_optimum() -> None:
    surface = Numeric(only_params, counting_for("params"))
    params, loss = surface.optimum(np.array([1.0, 1e3, 1e21]))
    assert np.isnan(params).all()
    assert np.isnan(loss).all()
    assert np.isnan(first_reaching(surface, "params", np.array([1e9])).flops).all()
