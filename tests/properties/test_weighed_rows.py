"""A row of weight two is the row twice, and one of next to no weight is no row, through every way to refit."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import scalelaw as sl
from scalelaw.allocation.isoflop_analysis import isoflop_observations
from scalelaw.allocation.isoflop_spec import IsoFlopSpec
from scalelaw.backtesting.backtest import backtest_observations
from scalelaw.core.types import Array
from scalelaw.fitting.fit import fit_observations
from scalelaw.fitting.spec import FitSpec
from scalelaw.forecasting.forecast import forecast_observations
from scalelaw.laws import get
from scalelaw.runs.observations import Observations

NOISES = {
    "huber": sl.Noise(), "squared": sl.Noise("squared"), "absolute": sl.Noise("absolute"),
    "auto": sl.Noise(delta="auto"),
    "raw": sl.Noise("squared", on="raw"),
}  # fmt: skip
AT = {"params": np.array([1e10]), "tokens": np.array([2e11])}
ROW = 7


def twice(rows: Observations) -> tuple[Observations, Observations]:
    """Return the table with a row of weight two, and with the row twice, as rows of one run."""
    weight = np.where(np.arange(len(rows)) == ROW, 2.0, 1.0)
    return replace(rows, weight=weight), rows.rows(np.append(np.arange(len(rows)), ROW))


@pytest.mark.parametrize("noise", NOISES)
def test_weight_two_is_the_row_twice_under_every_noise(made: Any, noise: str) -> None:
    rows = made.observed
    rows = replace(rows, y=np.where(np.arange(len(rows)) == ROW, 1.02 * rows.y, rows.y))
    spec = FitSpec(noise=NOISES[noise], draws=0, starts=8)
    weighed, repeated = (fit_observations(get("chinchilla"), each, spec) for each in twice(rows))
    np.testing.assert_allclose(weighed.predict(AT).mean, repeated.predict(AT).mean, rtol=1e-3)
    plain = fit_observations(get("chinchilla"), rows, spec)
    assert abs(weighed.objective / repeated.objective - 1) < 0.01
    if noise != "auto":
        assert abs(weighed.objective / repeated.objective - 1) < 1e-5
        assert weighed.objective > plain.objective


def forecast(rows: Observations, made: Any) -> Array:
    return forecast_observations(rows, calibration=made.calibration, draws=10).predict(AT).mean


def influence(rows: Observations, made: Any) -> Array:
    fit = fit_observations(get("chinchilla"), rows, FitSpec(draws=0, starts=8))
    return np.array([fit.influence("loss", flops=1e22).value])


def backtested(rows: Observations, made: Any) -> Array:
    cuts = backtest_observations(get("chinchilla"), rows, FitSpec(draws=0, starts=8)).cuts
    assert cuts
    return np.array([cuts[0].score.bias])


REFITS: dict[str, Callable[[Observations, Any], Array]] = {
    "fit": lambda rows, made: fit_observations(get("chinchilla"), rows, FitSpec(draws=0, starts=8)).predict(AT).mean,
    "fit with a prior": lambda rows, made: fit_observations(
        get("chinchilla"), rows, FitSpec(draws=0, starts=8, prior="literature")
    ).predict(AT).mean,
    "ensemble": forecast,
    "influence": influence,
    "backtest": backtested,
}  # fmt: skip


@pytest.mark.parametrize("refit", REFITS)
def test_a_row_of_hardly_any_weight_is_no_row(made: Any, refit: str) -> None:
    """A run 20 % off, weighed one in a billion; it may not come first, for cuts are counted in runs."""
    rows, off = made.observed, np.arange(len(made.observed)) == ROW
    light = replace(rows, y=np.where(off, 1.2 * rows.y, rows.y), weight=np.where(off, 1e-9, 1.0))
    heavy = replace(light, weight=np.ones(len(rows)))
    without, with_it, loud = (REFITS[refit](each, made) for each in (rows.rows(~off), light, heavy))
    np.testing.assert_allclose(with_it, without, rtol=2e-3, atol=2e-4)
    assert np.all(np.abs(loud - without) > 2 * np.abs(with_it - without))


@pytest.mark.parametrize("profile", ["parabola", "cubic", "powers"])
def test_isoflop_weighs_its_rows(made: Any, profile: Any) -> None:
    rows, off = made.sweep, np.arange(28) == ROW
    spec = IsoFlopSpec(profile, draws=0)
    light = replace(rows, y=np.where(off, 1.05 * rows.y, rows.y), weight=np.where(off, 1e-9, 1.0))
    one, two = isoflop_observations(light, spec), isoflop_observations(rows.rows(~off), spec)
    np.testing.assert_allclose(one.params.line, two.params.line, rtol=1e-4)
    np.testing.assert_allclose(one.tokens.line, two.tokens.line, rtol=1e-4)
