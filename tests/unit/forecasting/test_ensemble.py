"""The mixture: members weighed by how closely they follow the runs, under the calibrated width, as one forecaster."""

from dataclasses import replace

import numpy as np
import pytest

import scalelaw as sl
from scalelaw.core.errors import BadInput, FitFailed
from scalelaw.fitting.fit import fit_observations
from scalelaw.fitting.result import FitResult
from scalelaw.fitting.spec import FitSpec
from scalelaw.forecasting.calibration import Calibration
from scalelaw.forecasting.ensemble import Ensemble, MemberPredictions
from scalelaw.forecasting.forecast import forecast_observations
from scalelaw.forecasting.members import by_compute, members
from scalelaw.laws import Law
from scalelaw.runs.observations import Observations

KNOWN = Calibration({"run": 0.5, "forms": 2.0}, {0.5: 0.7, 0.8: 1.4, 0.9: 2.0, 0.95: 3.0})
AHEAD = {"params": np.array([1e10, 3e9]), "tokens": np.array([2e11, 9e11])}


@pytest.fixture(scope="module")
def observed() -> Observations:
    return sl.datasets.load("synthetic-ladder").endpoints()


@pytest.fixture(scope="module")
def mixture(observed: Observations) -> Ensemble:
    return forecast_observations(observed, calibration=KNOWN, draws=40)


def test_the_centre_is_the_weighted_geometric_mean(mixture: Ensemble) -> None:
    flops = 6 * AHEAD["params"] * AHEAD["tokens"]
    logs = [np.log(fit.law.predict(fit.coef, {**AHEAD, "flops": flops})) for fit in mixture.members]
    weights = 1 / mixture.residuals**2
    np.testing.assert_allclose(mixture.weights, weights / weights.sum())
    np.testing.assert_allclose(mixture.predict(AHEAD).mean, np.exp(mixture.weights @ np.array(logs)))


def test_the_width_is_the_sum_that_the_calibration_states(mixture: Ensemble) -> None:
    parts = mixture.parts(AHEAD)
    closest = mixture.residuals.min()
    say = (closest / mixture.residuals) ** (1 / (1 + (closest / 0.005) ** 2))
    form = np.average(np.sqrt(np.abs(parts.logs - np.log(parts.centre))), axis=0, weights=say) ** 2
    run = np.sqrt(np.average(parts.spreads**2, axis=0, weights=say) + closest**2)
    width = np.sqrt((0.5 * run) ** 2 + (2.0 * form) ** 2)
    told = mixture.predict(AHEAD, 0.9)
    assert told.lo is not None and told.hi is not None
    np.testing.assert_allclose(np.log(told.hi / told.mean), 2.0 * width)
    np.testing.assert_allclose(np.log(told.mean / told.lo), 2.0 * width)
    mean = mixture.predict(AHEAD, 0.9, "mean")
    assert mean.hi is not None and np.all(mean.hi < told.hi)


def of_residuals(*residuals: float) -> MemberPredictions:
    """Return four laws 1 % apart from the next, and as far apart at every residual."""
    logs = np.log(3.0) + 0.01 * np.arange(len(residuals))[:, None] * np.ones(2)
    return MemberPredictions(
        ("a", "b", "c", "d")[: len(residuals)], logs, np.full_like(logs, 0.01), np.array(residuals)
    )


def test_where_one_law_follows_clean_runs_the_others_widen_less() -> None:
    """Ten times the residual of the closest tells a wrong form at .1 %; at 4 % all laws are wrong."""
    clean, rough = of_residuals(0.001, 0.01, 0.01, 0.01), of_residuals(0.04, 0.4, 0.4, 0.4)
    assert clean.centre == pytest.approx(rough.centre)
    assert np.all(clean.doubt.forms < 0.25 * rough.doubt.forms)
    np.testing.assert_allclose(rough.doubt.draws, 0.01)


def test_one_law_far_off_widens_less_than_all_laws_a_little_off() -> None:
    apart = np.array([[0.0, 0.0], [0.0, 0.02], [0.0, 0.02], [0.06, 0.02]])
    parts = MemberPredictions(tuple("abcd"), apart, np.full((4, 2), 0.001), np.array([0.04, 0.4, 0.4, 0.4]))
    one, many = parts.doubt.forms
    assert one < 0.6 * many


def test_levels_between_the_known_ones_lie_between(mixture: Ensemble) -> None:
    assert KNOWN.factor(0.9) == pytest.approx(2.0)
    assert 1.4 < KNOWN.factor(0.85) < 2.0 < KNOWN.factor(0.93) < 3.0 < KNOWN.factor(0.99)
    assert KNOWN.factor(1e-6) < 1e-4


def test_draws_of_a_new_run_have_the_calibrated_quantiles(mixture: Ensemble) -> None:
    drawn = mixture.sample(AHEAD, "new_run")
    told = mixture.predict(AHEAD, 0.8)
    assert drawn is not None and told.lo is not None and told.hi is not None
    np.testing.assert_allclose(np.quantile(drawn, [0.1, 0.9], axis=0), [told.lo, told.hi], rtol=0.004)


def test_a_dear_run_weighs_twice_one_of_a_tenth_of_its_compute(observed: Observations) -> None:
    weight, flops = by_compute(observed), np.asarray(observed.columns["flops"], float)
    assert weight.max() == 1.0
    np.testing.assert_allclose(np.log2(weight), np.log10(flops / flops.max()))


def test_members_take_the_n_the_rows_have(observed: Observations) -> None:
    columns = {name: values for name, values in observed.columns.items() if not name.startswith("params")}
    other = replace(observed, columns={**columns, "params_non_embedding": observed.columns["params"]})
    assert [each.law.spelling for each in members(other)][:2] == [
        "chinchilla[n=params_non_embedding]",
        "nested[n=params_non_embedding]",
    ]
    alone = replace(observed, columns={"tokens": observed.columns["tokens"]})
    assert [each.law.spelling for each in members(alone)] == ["power[input=tokens]", "power[input=tokens,floor=no]"]
    in_step = replace(observed, columns={**observed.columns, "tokens": 20 * observed.columns["params"]})
    assert [each.law.spelling for each in members(in_step)][-2:] == ["power", "power[floor=no]"]
    assert len(forecast_observations(in_step, calibration=KNOWN, draws=10).members) == 2
    with pytest.raises(BadInput, match="use n=params"):
        members(observed, "params_active")


def test_a_law_that_cannot_be_fitted_is_left_out_and_said(
    observed: Observations, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(law: Law, rows: Observations, spec: FitSpec) -> FitResult:
        if law.name != "power":
            raise FitFailed(f"{law.name} failed")
        return fit_observations(law, rows, spec)

    monkeypatch.setattr("scalelaw.forecasting.members.fit_observations", failing)
    found = forecast_observations(observed, calibration=KNOWN, draws=20)
    assert list(found.left_out) == ["chinchilla", "nested", "nested, E = 0", "joint_power"]
    assert "without joint_power: joint_power failed" in found.caveats
    assert [fit.law.name for fit in found.members] == ["power"] and found.deciding == ()
    with pytest.raises(FitFailed, match="no law could be fitted"):
        forecast_observations(observed.rows(np.arange(1)), calibration=KNOWN, draws=20)


def test_a_score_is_sent_to_its_own_forecast(observed: Observations) -> None:
    with pytest.raises(BadInput, match="scalelaw forecast --target score@mmlu"):
        forecast_observations(replace(observed, target="score@mmlu"), calibration=KNOWN)


def test_the_laws_that_split_a_budget_decide(mixture: Ensemble) -> None:
    assert {fit.law.name for fit, _ in mixture.deciding} == {"chinchilla", "nested"}
    residuals = {id(fit): residual for fit, residual in zip(mixture.members, mixture.residuals, strict=True)}
    assert all(residuals[id(fit)] == residual for fit, residual in mixture.deciding)
    assert mixture.profiles is None, "a ladder of grids holds none"
    assert mixture.largest == pytest.approx(mixture.domain["flops"][1])


def test_the_centre_is_what_is_predicted(mixture: Ensemble) -> None:
    np.testing.assert_allclose(mixture.centre(AHEAD["params"], AHEAD["tokens"]), mixture.predict(AHEAD).mean)
    square = mixture.centre(*np.meshgrid(AHEAD["params"], AHEAD["tokens"]))
    assert square.shape == (2, 2) and square[0, 0] == pytest.approx(mixture.predict(AHEAD).mean[0])


def test_a_larger_width_widens_what_a_loss_takes(mixture: Ensemble) -> None:
    wide = sl.plan(
        replace(mixture, calibration=replace(KNOWN, factors={k: 3 * v for k, v in KNOWN.factors.items()})), loss=2.2
    )
    plain = sl.plan(mixture, loss=2.2)
    assert wide.flops.value == plain.flops.value
    assert wide.flops.lo is not None and plain.flops.lo is not None and wide.flops.lo < plain.flops.lo / 2


def test_the_view_ahead_follows_the_optimum_or_stands_where_asked(mixture: Ensemble) -> None:
    seen = sl.predict_larger(mixture)
    dearest = mixture.domain["flops"][1]
    assert [run.reach["flops"] for run in seen.runs] == pytest.approx([3, 10, 30])
    for run in seen.runs:
        assert 6 * run.point["params"] * run.point["tokens"] == pytest.approx(run.reach["flops"] * dearest)
    asked = sl.predict_larger(mixture, at={"params": "10B", "tokens": "200B"}).runs[0]
    assert asked.mean == mixture.predict(AHEAD).mean[0]
    with pytest.raises(BadInput, match="params and tokens"):
        sl.predict_larger(mixture, at={"params": 1e9})
    with pytest.raises(BadInput, match="got params, tokens, flops"):
        sl.predict_larger(mixture, at={"params": 1e9, "tokens": 1e9}, flops=1e20)


def test_the_same_input_gives_the_same_mixture(observed: Observations, mixture: Ensemble) -> None:
    order = np.random.default_rng(3).permutation(len(observed))
    again = forecast_observations(observed.rows(order), calibration=KNOWN, draws=40)
    assert again.digest == mixture.digest
    np.testing.assert_array_equal(again.predict(AHEAD).mean, mixture.predict(AHEAD).mean)
    assert forecast_observations(observed, calibration=replace(KNOWN, cases=1), draws=10).digest != mixture.digest


def test_the_width_that_plans_take_is_that_of_the_mean(mixture: Ensemble) -> None:
    params, tokens = np.array([1e9, 1e10]), np.array([2e10, 1e12])
    mean = mixture.predict_at({"params": params, "tokens": tokens}, 0.9, "mean")
    assert mean.hi is not None
    half = np.log(mean.hi / mean.mean)
    np.testing.assert_allclose(mixture.width(params, tokens) * mixture.calibration.factor(0.9), half)
    np.testing.assert_allclose(
        mixture.quantile(np.array([0.95, 0.05])), mixture.calibration.factor(0.9) * np.array([1, -1])
    )
