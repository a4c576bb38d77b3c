"""Coefficients that the runs leave open are named, and spreads do not explode with their draws."""

import numpy as np
import pytest

from scalelaw.core.forecaster import half_width, interval, robust_sd
from scalelaw.fitting.fit import fit_observations
from scalelaw.fitting.spec import FitSpec
from scalelaw.laws import get
from scalelaw.runs.observations import Observations


def _few(seed: int, sd: float) -> Observations:
    """Eight runs over a narrow range, as a first ladder has them."""
    rng = np.random.default_rng(seed)
    params, tokens = np.exp(rng.uniform(17, 19, 8)), np.exp(rng.uniform(21, 23, 8))
    loss = (1.8 + 400 / params**0.34 + 400 / tokens**0.28) * np.exp(sd * rng.standard_normal(8))
    return Observations("loss", {"params": params, "tokens": tokens}, loss, np.arange(8), np.ones(8), 8)


@pytest.mark.parametrize("seed", range(4))
def test_open_coefficients_are_named_wherever_the_fit_is_shown(seed: int) -> None:
    fitted = fit_observations(get("chinchilla"), _few(seed, 0.01), FitSpec(draws=300, starts=16))
    assert fitted.undetermined
    line = next(line for line in str(fitted).splitlines() if "search" in line)
    assert all(name in line for name in fitted.undetermined)
    assert fitted.to_dict()["status"]["undetermined"] == list(fitted.undetermined)
    assert "do not determine" in fitted.methods()
    for each in fitted.coefficients().values():
        if each["se"] is not None:
            assert each["se"] <= each["hi"] - each["lo"]


def test_a_clean_wide_table_leaves_nothing_open() -> None:
    params, tokens = (axis.ravel() for axis in np.meshgrid(np.geomspace(1e7, 1e10, 7), np.geomspace(1e9, 1e12, 7)))
    loss = (1.8 + 400 / params**0.34 + 400 / tokens**0.28) * np.exp(
        0.001 * np.random.default_rng(3).standard_normal(49)
    )
    rows = Observations("loss", {"params": params, "tokens": tokens}, loss, np.arange(49), np.ones(49), 49)
    fitted = fit_observations(get("chinchilla"), rows, FitSpec(draws=300, starts=16))
    assert not fitted.undetermined and "do not determine" not in str(fitted)


def test_half_width_is_the_sd_of_a_gaussian_and_ignores_wild_draws() -> None:
    draws = np.random.default_rng(0).standard_normal((20_000, 2)) * [1.0, 3.0]
    assert half_width(draws) == pytest.approx([1.0, 3.0], rel=0.02)
    assert robust_sd(draws) == pytest.approx(draws.std(axis=0, ddof=1), rel=1e-9)
    draws[:100] = 1e20
    assert half_width(draws) == pytest.approx([1.0, 3.0], rel=0.03)
    assert robust_sd(draws) == pytest.approx([1.0, 3.0], rel=0.1)


def test_intervals_of_draws_that_are_infinite_in_part_have_ends() -> None:
    draws = np.random.default_rng(1).standard_normal((400, 3))
    draws[:100, 1] = np.inf
    draws[:, 2] = np.inf
    lo, hi = interval(draws, 0.9)
    assert [lo[0], hi[0]] == pytest.approx(np.quantile(draws[:, 0], [0.05, 0.95]), rel=1e-12)
    assert np.isfinite(lo[1]) and hi[1] == np.inf and lo[2] == hi[2] == np.inf
