"""Learning-curve extrapolation: truths recovered, nothing seen after the cut, and what is left out or refused."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import scalelaw as sl
from scalelaw.core.errors import BadInput, BadTable, NeedsAnswer
from scalelaw.core.types import Array
from scalelaw.curves.curve_shape import draw_shapes

STEPS = np.arange(100.0, 9001.0, 100.0)


def power(time: Array, floor: float = 2.0, size: float = 15.0, exponent: float = 0.45) -> Array:
    return np.asarray(floor + size * time**-exponent)


def table(loss: Array | None = None, **columns: Any) -> dict[str, Any]:
    loss = power(STEPS) if loss is None else loss
    return {"run": ["a"] * len(loss), "steps": STEPS[: len(loss)], "loss": loss, **columns}


def noisy(spread: float, seed: int) -> Array:
    return power(STEPS) * np.exp(spread * np.random.default_rng(seed).normal(size=len(STEPS)))


@pytest.mark.parametrize("exponent", [0.25, 0.4, 0.6])
@pytest.mark.parametrize("floor", [1.5, 2.5])
def test_a_known_end_is_found(floor: float, exponent: float) -> None:
    size = 1.2 * 3000**exponent
    course = sl.curves.RunSchedule(end=9000.0, schedule=sl.runs.Schedule("constant"))
    early = STEPS[STEPS <= 3000]
    own = sl.curves.extrapolate_curve(early, power(early, floor, size, exponent), course)
    truth = power(np.array([9000.0]), floor, size, exponent)[0]
    assert own.mean[-1] == pytest.approx(truth, rel=0.02)
    assert own.lo[-1] < truth < own.hi[-1]
    assert own.mean[0] == pytest.approx(own.last_value, rel=0.01)
    assert np.all(np.diff(own.hi - own.lo) > 0)


def test_a_decay_gains_about_what_the_prior_says_and_only_once_it_comes() -> None:
    early = STEPS[STEPS <= 3000]
    ends = {
        name: sl.curves.extrapolate_curve(
            early, power(early), sl.curves.RunSchedule(9000.0, sl.runs.Schedule(name, end=0.1, decay=1e-3))
        )  # type: ignore[arg-type]
        for name in ("constant", "wsd")
    }
    gain = ends["constant"].mean - ends["wsd"].mean
    assert gain[-1] / ends["wsd"].last_value == pytest.approx(0.9 * 0.03, rel=0.2)
    np.testing.assert_allclose(gain[:-1], 0, atol=1e-3 * ends["wsd"].last_value)


def test_progress_counts_the_area_under_the_rate() -> None:
    course = sl.curves.RunSchedule(9000.0, sl.runs.Schedule("linear", end=0.0))
    assert course.progress(np.array([4500.0]))[0] == pytest.approx(0.375, rel=1e-6)
    assert sl.curves.RunSchedule(9000.0).progress(np.array([4500.0]))[0] == 0.5
    assert course.decayed(np.array([4500.0]))[0] == pytest.approx(0.5)


def test_repeats_cost_what_the_fit_of_muennighoff_says_and_need_both_sizes() -> None:
    course = sl.curves.RunSchedule(end=55e9, unique_tokens=1.25e9, params=2.8e9)
    assert course.repeats_cost(np.array([55e9]))[0] == pytest.approx(0.145, rel=0.01)
    assert course.repeats_cost(np.array([1e9]))[0] == 0
    assert sl.curves.RunSchedule(end=55e9, unique_tokens=1.25e9).repeats_cost(np.array([55e9]))[0] == 0


def test_the_draws_follow_the_prior() -> None:
    shapes = draw_shapes()
    for values, centre, spread in (
        (np.log(shapes.exponent), np.log(0.4), 0.4), (shapes.gain, 0.03, 0.015), (np.log(shapes.repeats), 0.0, 0.6),
        (np.log(shapes.offset), np.log(0.02), 1.0), (np.log(shapes.stays / (1 - shapes.stays)), 0.9, 1.0),
        (shapes.noise, 0.0, 1.0),
    ):  # fmt: skip
        assert np.mean(values) == pytest.approx(centre, abs=0.02 * spread)
        assert np.std(values) == pytest.approx(spread, rel=0.02)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.floats(0.01, 100), min_size=60, max_size=60), st.sampled_from([None, "cosine", "wsd"]))
def test_nothing_after_the_cut_moves_a_forecast(later: list[float], schedule: str | None) -> None:
    changed = np.concatenate([power(STEPS[:30]), later])
    before, after = (
        sl.extrapolate(table(loss), at=1 / 3, schedule=schedule).runs[0] for loss in (power(STEPS), changed)
    )
    for name in ("mean", "lo", "hi", "time"):
        np.testing.assert_array_equal(getattr(before.forecast, name), getattr(after.forecast, name))
    assert after.time[-1] <= 3000 and after.actual == later[-1]


def test_a_run_that_diverges_after_the_cut_is_forecast_all_the_same() -> None:
    loss = power(STEPS)
    loss[-5:] = 50.0
    found = sl.extrapolate(table(loss), at="1/3").runs[0]
    np.testing.assert_array_equal(found.forecast.mean, sl.extrapolate(table(), at="1/3").runs[0].forecast.mean)


def test_units_of_time_and_loss_do_not_matter() -> None:
    early = STEPS[:30]
    plain = sl.curves.extrapolate_curve(early, power(early), sl.curves.RunSchedule(9000.0))
    scaled = sl.curves.extrapolate_curve(early * 1e6, power(early) * 7, sl.curves.RunSchedule(9e9))
    np.testing.assert_allclose(scaled.mean, plain.mean * 7, rtol=1e-9)


def test_more_noise_widens_the_interval_and_intervals_hold() -> None:
    widths, inside = [], []
    for spread in (0.002, 0.03):
        for seed in range(15):
            loss = noisy(spread, seed)
            run = sl.extrapolate(table(loss), at=1 / 3, schedule="constant").runs[0].forecast
            widths.append(run.hi[-1] - run.lo[-1])
            inside.append(run.lo[-1] <= loss[-1] <= run.hi[-1])
    assert np.mean(widths[15:]) > 1.3 * np.mean(widths[:15])
    assert np.mean(inside) >= 0.9


def test_a_lower_level_is_narrower() -> None:
    ends = [sl.extrapolate(table(), at=1 / 3, level=level).runs[0].forecast for level in (0.5, 0.9)]
    assert ends[1].lo[-1] < ends[0].lo[-1] < ends[0].hi[-1] < ends[1].hi[-1]


def test_the_warmup_is_cut() -> None:
    loss = power(STEPS)
    loss[STEPS < 900] = 11.0
    course = sl.curves.RunSchedule(9000.0, sl.runs.Schedule("cosine", warmup=0.1))
    found = [sl.curves.extrapolate_curve(STEPS[:30], each[:30], course) for each in (loss, power(STEPS))]
    np.testing.assert_array_equal(found[0].mean, found[1].mean)
    assert found[0].used == 22


def test_a_running_run_goes_to_its_plan_and_has_no_actual() -> None:
    early = power(STEPS[:30])
    planned = sl.extrapolate(table(early, planned_steps=[9000.0] * 30, schedule=["cosine"] * 30))
    (run,) = planned.runs
    assert run.course.end == 9000 and run.actual is None and run.error is None
    assert run.course.schedule == sl.runs.Schedule("cosine")
    said = sl.extrapolate(table(early), end=9000, schedule="cosine").runs[0]
    np.testing.assert_array_equal(said.forecast.mean, run.forecast.mean)
    assert planned.to_dict()["runs"][0]["actual"] is None


def test_runs_that_cannot_be_carried_on_are_left_out_by_name() -> None:
    rows = table()
    both = {
        "run": [*rows["run"], "b", "b"],
        "steps": [*STEPS, 100.0, 9000.0],
        "loss": [*rows["loss"], 4.0, 3.0],
    }
    found = sl.extrapolate(both, at=1 / 3)
    assert [each.run for each in found.runs] == ["a"]
    assert found.left_out == (("b", "2 readings; a forecast needs 3"),)
    assert "b: 2 readings" in str(found)


def test_missing_readings_are_passed_over() -> None:
    loss = power(STEPS)
    loss[7] = np.nan
    kept = np.arange(len(STEPS)) != 7
    found = sl.extrapolate(table(loss), at=1 / 3).runs[0].forecast
    course = sl.curves.RunSchedule(9000.0)
    np.testing.assert_array_equal(
        found.mean, sl.curves.extrapolate_curve(STEPS[kept][:29], loss[kept][:29], course).mean
    )


def test_a_rising_loss_and_a_strange_curve_are_told() -> None:
    loss = power(STEPS)
    loss[15:] *= np.linspace(1, 1.6, len(loss) - 15)
    found = sl.extrapolate(table(loss), at=1 / 3)
    assert "CURVES_RISING" in [finding.code for finding in found.findings]
    assert "doubt" in str(found)
    assert not sl.extrapolate(table(), at=1 / 3).findings
    early = STEPS[:30]
    drop = np.where(early < 2000, 4.0, 1.0) * early**-0.01
    assert sl.curves.extrapolate_curve(early, drop, sl.curves.RunSchedule(9000.0)).strained


@pytest.mark.parametrize(
    ("rows", "options", "error", "message"),
    [
        (table(), {}, NeedsAnswer, "the end of run a is unknown.*planned_steps"),
        (table(), {"at": 0.0}, BadInput, "at=0.0"),
        (table(), {"at": 1.5}, BadInput, "between 0 and 1, such as 1/3"),
        (table(), {"at": "third"}, BadInput, "'third' is not a share"),
        (table(), {"at": 0.01}, BadTable, "0 readings before the cut at 90 steps"),
        (table(), {"end": 9000.0}, BadTable, "has finished at 9,000 steps"),
        (table(), {"end": -1.0}, BadInput, "end=-1.0"),
        (table(), {"at": 0.5, "level": 90}, BadInput, "level=90"),
        (table(), {"at": 0.5, "schedule": "cosin"}, BadInput, "Did you mean 'cosine'"),
        ({"params": [1e6, 2e6], "loss": [3.0, 2.0]}, {"at": 0.5}, BadInput, "neither tokens nor steps"),
        ({"tokens": [1e6, 2e6], "loss": [3.0, 2.0]}, {"at": 0.5}, BadTable, 'columns={"run"'),
    ],
)
def test_what_no_forecast_can_use_is_refused(
    rows: dict[str, Any], options: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        sl.extrapolate(rows, **options)


def test_a_score_is_no_loss() -> None:
    with pytest.raises(BadInput, match="is a score"):
        sl.extrapolate({"run": ["a"] * 3, "steps": [1.0, 2.0, 3.0], "score": [0.1, 0.2, 0.3]}, at=0.5)


@pytest.mark.parametrize(
    ("time", "loss", "message"),
    [
        ([1.0, 2.0], [3.0, 2.0], "2 readings"),
        ([1.0, 2.0, 2.0], [3.0, 2.0, 1.0], "ascending"),
        ([0.0, 2.0, 3.0], [3.0, 2.0, 1.0], "positive"),
        ([1.0, 2.0, 3.0], [3.0, np.nan, 1.0], "leave out such readings"),
        ([1.0, 2.0, 3.0], [3.0, 2.0], "equal length"),
        ([1.0, 2.0, 10.0], [3.0, 2.0, 1.0], "is not before the end of the run"),
    ],
)
def test_bad_arrays_are_refused(time: list[float], loss: list[float], message: str) -> None:
    with pytest.raises(BadInput, match=message):
        sl.curves.extrapolate_curve(np.array(time), np.array(loss), sl.curves.RunSchedule(10.0))


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("count", [4, 6, 12])
def test_a_loss_that_still_falls_is_never_said_to_rise(count: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    steps = np.linspace(300, 9000, 3 * count)
    loss = 2.0 + rng.uniform(50, 3000) * steps ** -rng.uniform(0.4, 1.2)
    rows = {"run": ["a"] * len(steps), "steps": steps, "loss": loss, "planned_steps": [9000.0] * len(steps)}
    found = sl.extrapolate(rows, at=0.5)
    assert "CURVES_RISING" not in [finding.code for finding in found.findings]


@pytest.mark.parametrize("planned", ["column", "end="])
def test_a_share_is_one_of_the_planned_end_and_not_of_what_is_read(planned: str) -> None:
    """Readings to 4500 of 9000 steps: a third is 3000 steps, not 1500."""
    rows = table(power(STEPS[:45]))
    options: dict[str, Any] = {"at": 1 / 3, "schedule": "constant"}
    if planned == "column":
        rows["planned_steps"] = [9000.0] * 45
    else:
        options["end"] = 9000
    run = sl.extrapolate(rows, **options).runs[0]
    assert run.course.end == 9000 and run.forecast.cut == 3000 and run.time[-1] == 3000
    assert run.after[0, 0] == 3100 and run.actual is None, "half of a run is no end"
    whole = sl.extrapolate(table(), **options).runs[0]
    np.testing.assert_array_equal(run.forecast.mean, whole.forecast.mean)
    assert whole.actual == pytest.approx(power(STEPS)[-1])
    assert whole.error == pytest.approx(whole.forecast.mean[-1] / whole.actual - 1)
