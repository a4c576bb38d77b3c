"""Backtest: each cut is the forecast of a fit to its cheaper runs alone, beside two forecasts anyone could make."""

import json
from dataclasses import replace

import numpy as np
import pytest

import scalelaw as sl
from scalelaw.backtesting.backtest import Backtest, backtest_observations
from scalelaw.backtesting.score import score
from scalelaw.backtesting.windows import WindowRules, windows
from scalelaw.core.errors import BadInput, UnknownName
from scalelaw.core.types import Array
from scalelaw.fitting.fit import fit_observations
from scalelaw.fitting.spec import FitSpec
from scalelaw.laws import get
from scalelaw.runs.observations import Observations

RULES = WindowRules(min_train=10)
"""Twice the five coefficients of the law."""
SPEC = FitSpec(draws=30, starts=6, level=0.8, seed=2)
KEYS = {"axis", "below", "reach", "n_train", "n_test", "mean_abs_rel_error", "bias", "coverage", "interval_score",
        "baselines"}  # fmt: skip


def _observed(noise: float = 0.005, params: Array | None = None) -> Observations:
    law = get("chinchilla")
    sizes, ratio = (a.ravel() for a in np.meshgrid(np.geomspace(3e7, 3e9, 6), [8.0, 25.0, 80.0], indexing="ij"))
    params = sizes if params is None else params
    columns = {"params": params, "tokens": sizes * ratio, "flops": 6 * params * sizes * ratio}
    y = law.predict(law.vector(law.published["besiroglu2024"].coef), columns)
    n = len(y)
    return Observations(
        "loss", columns, y * np.exp(np.random.default_rng(0).normal(0, noise, n)), np.arange(n), np.ones(n), n
    )


@pytest.fixture(scope="module")
def observed() -> Observations:
    return _observed()


@pytest.fixture(scope="module")
def result(observed: Observations) -> Backtest:
    return backtest_observations(get("chinchilla"), observed, SPEC)


def test_each_cut_is_the_score_of_a_fit_to_its_own_window(observed: Observations, result: Backtest) -> None:
    expected = windows(observed, rules=RULES)
    assert len(result.cuts) == len(expected) >= 6
    for cut, window in zip(result.cuts, expected, strict=True):
        assert (cut.axis, cut.below, cut.reach) == (window.axis, window.below, window.reach)
        assert (cut.n_train, cut.n_test) == (len(window.train), len(window.test))
        fitted = fit_observations(get("chinchilla"), window.train, SPEC)
        x = {name: window.test.columns[name] for name in ("params", "tokens")}
        assert cut.score == score(fitted.predict(x, 0.8, "new_run"), window.test.y)
        assert cut.level == 0.8 and not cut.failed


def test_what_was_measured_above_the_cut_does_not_reach_the_forecast(observed: Observations) -> None:
    """Twice the loss of every tested run halves the same forecast's ratio to it, and changes nothing else."""
    rules = WindowRules(most_cuts=1, min_train=10)
    (window,) = windows(observed, ["flops"], rules)
    dear = observed.columns["flops"] >= window.below
    doubled = replace(observed, y=np.where(dear, 2 * observed.y, observed.y))
    (one,), (two,) = (
        backtest_observations(get("chinchilla"), each, SPEC, axes=["flops"], rules=rules).cuts
        for each in (observed, doubled)
    )
    assert one.below == two.below == window.below and one.score and two.score
    assert two.score.bias == pytest.approx((one.score.bias + 1) / 2 - 1, rel=1e-9)
    assert two.baselines["last_value"] and one.baselines["last_value"]
    assert two.baselines["last_value"].bias == pytest.approx((one.baselines["last_value"].bias + 1) / 2 - 1, rel=1e-9)


def test_the_last_value_is_the_best_run_so_far(observed: Observations, result: Backtest) -> None:
    for cut, window in zip(result.cuts, windows(observed, rules=RULES), strict=True):
        best, measured = min(window.train.y), window.test.y
        own = cut.baselines["last_value"]
        assert own is not None and own.observed is None
        assert own.mean_abs_rel_error == pytest.approx(np.mean([abs(best - y) / y for y in measured]))
        assert own.bias == pytest.approx(np.mean([(best - y) / y for y in measured]))


def test_the_power_law_is_of_compute_alone(observed: Observations, result: Backtest) -> None:
    cut, window = result.cuts[0], windows(observed, rules=RULES)[0]
    fitted = fit_observations(get("power"), window.train, replace(SPEC, starts=16))
    e, a, alpha = fitted.coef
    predicted = e + a / window.test.columns["flops"] ** alpha
    own = cut.baselines["power_in_flops"]
    assert own is not None
    assert own.mean_abs_rel_error == pytest.approx(np.mean(np.abs(predicted / window.test.y - 1)), rel=1e-9)
    assert own.observed is not None


def test_without_noise_forecasts_are_exact() -> None:
    result = backtest_observations(get("chinchilla"), _observed(noise=0.0), replace(SPEC, draws=0, starts=16))
    for cut in result.cuts:
        assert cut.score and cut.score.mean_abs_rel_error < 1e-5
        assert all(each and each.mean_abs_rel_error > 1e-4 for each in cut.baselines.values())
        assert cut.score.observed is None and cut.score.interval_score is None


def test_a_window_that_cannot_be_fitted_is_recorded_and_the_rest_goes_on() -> None:
    """Below some cuts every run has the same size, of which no exponent can be found."""
    sizes = np.repeat(np.geomspace(3e7, 3e9, 6), 3)
    result = backtest_observations(
        get("chinchilla"), _observed(params=np.where(sizes < 8e8, 2e8, sizes)), replace(SPEC, draws=0)
    )
    failed = [cut for cut in result.cuts if cut.failed]
    assert failed and len(failed) < len(result.cuts)
    for cut in failed:
        assert cut.score is None and "params is 200M in every row" in cut.failed
        assert cut.baselines["last_value"] is not None
        values = cut.to_dict()
        assert values["mean_abs_rel_error"] is None and values["coverage"] == {"level": 0.8, "observed": None}
        assert values["failed"] == cut.failed
    assert "-" in str(result)


def test_a_table_without_compute_has_no_power_law_beside_it(observed: Observations) -> None:
    columns = {name: values for name, values in observed.columns.items() if name != "flops"}
    result = backtest_observations(get("chinchilla"), replace(observed, columns=columns), replace(SPEC, draws=0))
    assert result.cuts and {cut.axis for cut in result.cuts} == {"params", "tokens"}
    assert all(cut.baselines["power_in_flops"] is None for cut in result.cuts)


def test_the_dictionary_is_the_contract_of_backtest_json(result: Backtest) -> None:
    values = json.loads(json.dumps(result.to_dict()))
    assert next(iter(values)) == "schema" and values["law"] == "chinchilla" and values["target"] == "loss"
    for cut in values["cuts"]:
        assert set(cut) >= KEYS and set(cut["coverage"]) == {"level", "observed"}
        assert set(cut["baselines"]) == {"last_value", "power_in_flops"}
        assert cut["coverage"]["level"] == 0.8 and 0 <= cut["coverage"]["observed"] <= 1


def test_the_printout_has_a_line_for_each_cut(result: Backtest) -> None:
    text = str(result)
    assert text.count("flops <") + text.count("params <") + text.count("tokens <") == len(result.cuts)
    assert "80" in text and "best run so far" in text and "power law in C" in text


def test_too_small_a_table_says_what_is_missing(observed: Observations) -> None:
    few = backtest_observations(get("chinchilla"), observed.rows(np.arange(9)), SPEC)
    assert not few.cuts and "train more small runs" in str(few)


def test_backtest_takes_what_load_runs_reads_and_draws_intervals_by_itself() -> None:
    observed = _observed()
    runs = {"flops": observed.columns["flops"], "loss": observed.y}
    result = sl.backtest("power", runs, starts=3, seed=1)
    assert result.spec.draws >= 100 and all(cut.score and cut.score.observed is not None for cut in result.cuts)
    with pytest.raises(UnknownName, match="chinchila"):
        sl.backtest("chinchila", runs)
    with pytest.raises(BadInput):
        sl.backtest("power", runs, draws=1)
