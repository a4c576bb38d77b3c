"""The loss of a residual, against the formulas written out one residual at a time."""

import math

import numpy as np
import pytest

from scalelaw.core.errors import BadInput, UnknownName
from scalelaw.fitting.fit import fit_observations
from scalelaw.fitting.solver.noise import Noise, deviance, huber
from scalelaw.fitting.spec import FitSpec
from scalelaw.laws import parse
from scalelaw.runs.observations import Observations


def _by_hand(residual: float, delta: float) -> float:
    if abs(residual) <= delta:
        return 0.5 * residual * residual
    return delta * (abs(residual) - 0.5 * delta)


@pytest.mark.parametrize("delta", [1e-3, 0.1, 2.0])
def test_huber_is_quadratic_inside_and_linear_outside(delta: float) -> None:
    residual = np.array([-5.0, -2.0, -0.1, -0.001, -1e-5, 0.0, 1e-4, 0.05, 0.1, 1.9, 2.1, 10.0])
    expected = [_by_hand(r, delta) for r in residual]
    np.testing.assert_allclose(huber(residual, delta), expected, rtol=1e-14)
    np.testing.assert_allclose(Noise(delta=delta).loss(residual), expected, rtol=1e-14)


def test_huber_known_values() -> None:
    np.testing.assert_allclose(huber(np.array([0.5, 2.0, -3.0]), 1.0), [0.125, 1.5, 2.5], rtol=1e-15)


def test_squared_is_half_the_square_and_absolute_the_size() -> None:
    residual = np.array([-3.0, 0.0, 0.25])
    np.testing.assert_allclose(Noise("squared").loss(residual), [4.5, 0.0, 0.03125], rtol=1e-15)
    np.testing.assert_allclose(Noise("absolute").loss(residual), [3.0, 0.0, 0.25], rtol=1e-15)


def test_scales_are_each_others_inverse() -> None:
    y = np.array([1.5, 2.0, math.e])
    assert Noise(on="log").scaled(y)[2] == pytest.approx(1.0, rel=1e-15)
    assert Noise(on="raw").scaled(y) is y or np.array_equal(Noise(on="raw").scaled(y), y)
    for on in ("log", "raw"):
        noise = Noise(on=on)  # type: ignore[arg-type]
        np.testing.assert_allclose(noise.unscaled(noise.scaled(y)), y, rtol=1e-15)


def test_the_default_is_the_published_objective() -> None:
    assert Noise().to_dict() == {"kind": "huber", "delta": 1e-3, "on": "log", "scale": None}
    assert str(Noise()) == "Huber, delta 0.001, on log loss"
    assert str(Noise("squared", on="raw")) == "least squares, on the loss itself"


def test_every_kind_ends_in_the_loss_asked_for_after_least_squares() -> None:
    assert Noise().stages == (np.inf, 1e-3)
    assert Noise("squared").stages == (np.inf,)
    assert Noise("absolute").stages[0] == np.inf and Noise("absolute").stages[-1] <= 1e-6


@pytest.mark.parametrize("delta", [0.0, -1.0, math.nan])
def test_a_delta_that_is_not_positive_is_refused(delta: float) -> None:
    with pytest.raises(BadInput, match="delta must be positive"):
        Noise(delta=delta)


def test_unknown_kinds_are_refused_with_the_nearest_one() -> None:
    with pytest.raises(UnknownName, match="Did you mean 'huber'"):
        Noise("hubber")  # type: ignore[arg-type]
    with pytest.raises(UnknownName, match="residual scale"):
        Noise(on="logs")  # type: ignore[arg-type]


@pytest.mark.parametrize("share", [0.0, 1e-3, 0.4, 0.999, 1.0])
def test_the_deviance_continues_outside_the_range_of_scores(share: float) -> None:
    """Its residual rises without a jump from below zero to above one, and its slope is its derivative everywhere."""
    near = np.geomspace(1e-8, 1e-2, 4001)
    value = np.unique(np.concatenate([-near, near, 1 - near, 1 + near, np.linspace(-0.5, 1.5, 4001)]))
    residual, slope = deviance(value, np.full(len(value), share))
    assert np.all(np.isfinite(residual)) and np.all(slope > 0) and np.all(np.diff(residual) > -1e-9)
    between = np.diff(value) * np.maximum(slope[1:], slope[:-1])
    assert np.all(np.diff(residual) < between * (1 + 1e-6) + 1e-9)
    assert np.all(np.diff(residual) > np.diff(value) * np.minimum(slope[1:], slope[:-1]) * (1 - 1e-6) - 1e-9)


def test_a_law_that_may_leave_the_range_of_scores_is_fitted_to_zeros(rng: np.random.Generator) -> None:
    """A line through scores that begin at zero: all starts find one optimum, in few steps."""
    loss = np.linspace(2, 4, 30)
    score = rng.binomial(500, np.clip(0.9 - 0.25 * loss, 0, 1)) / 500
    assert np.sum(score == 0) > 3
    rows = Observations(
        "score@quiz", {"loss": loss, "n_items": np.full(30, 500.0)}, score, np.arange(30), np.ones(30), 30
    )
    for name in ("score_linear", "score_from_loss", "task_sigmoid[input=loss]"):
        spec = FitSpec(noise=Noise("binomial"), draws=0, starts=16)
        fit = fit_observations(parse(name)[0], rows, spec)
        assert fit.status.agreeing >= 3 and np.isfinite(fit.objective), name
