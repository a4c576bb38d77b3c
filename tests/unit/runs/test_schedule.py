"""Schedules: rates, areas and the features of annealing laws, against closed forms and published check values."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scalelaw.core.errors import BadInput, BadNumber, UnknownName
from scalelaw.runs.schedule import Schedule, lr_features, parse_schedule, parse_share


@pytest.mark.parametrize(
    ("schedule", "area", "annealing"),
    [("constant", 4.0, 0.0), ("cosine", 2.20009, 0.17783), ("wsd[decay=0.2]", 3.64009, 0.13582)],
)
def test_the_check_values_of_tissue_et_al(schedule: str, area: float, annealing: float) -> None:
    found = parse_schedule(schedule).features(20_000, 2e-4)
    assert found["lr_area"][-1] == pytest.approx(area, abs=1e-5)
    assert found["lr_annealing"][-1] == pytest.approx(annealing, abs=1e-5)


def test_features_are_their_sums_written_out_and_take_a_batch() -> None:
    rates = np.abs(np.random.default_rng(0).normal(size=(3, 40))) + 0.1
    found = lr_features(rates, momentum=0.9)
    for row, rate in enumerate(rates):
        pace, total = 0.0, 0.0
        for step in range(1, 40):
            pace = 0.9 * pace + rate[step - 1] - rate[step]
            total += pace
        assert found["lr_annealing"][row, -1] == pytest.approx(total, rel=1e-12)
    np.testing.assert_allclose(found["lr_area"], np.cumsum(rates, axis=1))


@pytest.mark.parametrize(
    ("text", "area"),
    [
        ("constant[warmup=0.1]", 0.95),
        ("linear[end=0]", 0.5),
        ("linear[end=0.1,warmup=0.2]", 0.1 + 0.8 * 0.55),
        ("cosine[end=0.1]", 0.55),
        ("wsd[decay=0.2,end=0]", 0.9),
        ("wsd[decay=0.3,end=0,shape=sqrt]", 0.7 + 0.3 / 3),
        ("wsd[decay=0.5,end=0.2,shape=cosine]", 0.5 + 0.5 * 0.6),
        ("wsd[decay=0.4,end=0.1,shape=exponential]", 0.6 + 0.4 * 0.9 / np.log(10)),
        ("step[decay=0.25,end=0.3]", 0.75 + 0.25 * 0.3),
    ],
)
def test_areas_are_those_of_the_integrals(text: str, area: float) -> None:
    assert parse_schedule(text).area(np.array([1.0]))[0] == pytest.approx(area, rel=2e-5)


@given(
    st.sampled_from(["constant", "linear", "cosine", "wsd", "step"]),
    st.sampled_from(["linear", "sqrt", "cosine", "exponential"]),
    st.just(0.0) | st.floats(1e-6, 0.3), st.floats(0.01, 1), st.floats(0.05, 0.6),
)  # fmt: skip
def test_a_rate_never_rises_after_the_warmup_and_comes_to_its_end(
    kind: str, shape: str, warmup: float, end: float, decay: float
) -> None:
    schedule = Schedule(kind, warmup, end, decay, shape)  # type: ignore[arg-type]
    rate = schedule.lr(np.linspace(warmup, 1, 200))
    assert rate[0] == pytest.approx(1) and rate[-1] == pytest.approx(1.0 if kind == "constant" else end)
    assert np.all(np.diff(rate) <= 1e-12)
    assert np.all(np.diff(schedule.area(np.linspace(0, 1, 50))) > 0)
    assert parse_schedule(str(schedule)) == schedule


def test_spellings() -> None:
    assert parse_schedule("cosine_with_min_lr") == Schedule("cosine")
    assert parse_schedule("warmup_stable_decay[decay=1/10, warmup=1%]") == Schedule("wsd", warmup=0.01, decay=0.1)
    assert parse_share("1/3", "at") == pytest.approx(1 / 3)


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        ("cosin", UnknownName, "Did you mean 'cosine'"),
        ("wsd[tail=0.2]", UnknownName, "unknown setting .*'tail'"),
        ("wsd[decay=much]", BadNumber, "'much' is not a share"),
        ("wsd[decay=0]", BadInput, "decay=0.0"),
        ("wsd[decay=0.9,warmup=0.2]", BadInput, "a share of at most 1 - warmup"),
        ("cosine[warmup=1]", BadInput, "warmup=1.0"),
        ("cosine[end=2]", BadInput, "end=2.0"),
        ("wsd[shape=steep]", UnknownName, "unknown shape"),
        ("wsd[shape=exponential,end=0]", BadInput, "never reaches 0"),
        ("wsd[", BadInput, "spell it like"),
        ("cosine[end=1/0]", BadNumber, "is not a share"),
    ],
)
def test_a_bad_schedule_is_refused(text: str, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        parse_schedule(text)


def test_bad_rates_are_refused() -> None:
    for rates, momentum in (([1.0, -1.0], 0.9), ([np.nan], 0.9), ([], 0.9), ([1.0], 1.0)):
        with pytest.raises(BadInput):
            lr_features(np.array(rates), momentum)
    with pytest.raises(BadInput, match="one step or more"):
        Schedule("cosine").features(0, 1.0)
