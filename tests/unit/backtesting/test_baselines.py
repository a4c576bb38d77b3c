"""Baselines of forecasts: the best run, one law with its draws, and what fails."""

import numpy as np
import pytest

from scalelaw.backtesting.backtest import backtest_observations
from scalelaw.backtesting.baselines import BASELINES, available, banded
from scalelaw.backtesting.windows import Window, WindowRules, windows
from scalelaw.fitting.fit import fit_observations
from scalelaw.fitting.spec import FitSpec
from scalelaw.forecasting.calibration import LEVELS
from scalelaw.laws import get
from scalelaw.runs.observations import Observations


@pytest.fixture(scope="module")
def window(table) -> Window:
    observed: Observations = table(noise=0.01)
    return windows(observed, ["flops"], WindowRules(min_train=10))[1]


def test_the_best_run_so_far_is_the_lowest_loss(window: Window) -> None:
    band = banded("last_value", window)
    assert band is not None and not band.ends
    assert band.mean.tolist() == [window.train.y.min()] * len(window.test)


@pytest.mark.parametrize(("name", "law"), [("power_in_flops", "power"), ("chinchilla", "chinchilla")])
def test_a_law_forecasts_with_the_quantiles_of_its_draws(window: Window, name: str, law: str) -> None:
    band = banded(name, window)
    assert band is not None and set(band.ends) == set(LEVELS)
    fit = fit_observations(get(law), window.train, FitSpec(draws=200, starts=32, intervals="cluster"))
    x = window.test.inputs(fit.inputs)
    np.testing.assert_allclose(band.mean, fit.law.predict(fit.coef, x), rtol=1e-9)
    draws = fit.sample(x, "new_run", 0)
    assert draws is not None
    for level, ends in band.ends.items():
        np.testing.assert_allclose(ends, np.quantile(draws, [(1 - level) / 2, (1 + level) / 2], axis=0), rtol=1e-9)
    assert set(BASELINES) >= {name} and available(name)


def test_cuts_are_found_by_reach_on_their_own_axis(table) -> None:
    rows = table(noise=0.01, sizes=10)
    found = backtest_observations(get("power"), rows, FitSpec(draws=0, starts=4))
    assert {"flops", "params"} <= {each.axis for each in found.cuts}
    first = found.cuts[0]
    for cut in found.cuts:
        longer = found.longer(cut)
        further = [each.reach for each in found.cuts if each.axis == cut.axis and each.reach > cut.reach]
        assert (longer is None) == (not further)
        assert longer is None or (longer.axis == cut.axis and longer.reach == min(further))
    nearest = found.nearest(first.reach)
    assert nearest is not None and nearest.axis == "flops"
    assert found.cuts[0].level == 0.9 and all(each.n_train >= 8 for each in found.cuts)
