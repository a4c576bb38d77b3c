"""The minima of profiles: closed forms against brute force, leverages that add up, and gaps in the table of budgets."""

import numpy as np
import pytest

from scalelaw.allocation.scaling import scaling
from scalelaw.allocation.size_profiles import PROFILES, Axis, Polynomial
from scalelaw.core.types import Array


def axis(x: Array, weight: Array | None = None) -> Axis:
    return Axis(x, x, np.ones_like(x) if weight is None else weight, np.ones(len(x)))


@pytest.mark.parametrize("name", ["cubic", "parabola"])
def test_a_polynomial_finds_the_minimum_of_its_own_form(name: str) -> None:
    x = np.linspace(-1, 1.2, 8)[None] + 20
    for skew in (0.0, 0.1, -0.1) if name == "cubic" else (0.0,):
        found = PROFILES[name].locate(axis(x), (3 + 0.5 * (x - 20.3) ** 2 + skew * (x - 20.3) ** 3)[None])
        assert found.x[0, 0] == pytest.approx(20.3, abs=1e-9)
        assert found.loss[0, 0] == pytest.approx(3)


@pytest.mark.parametrize("name", ["cubic", "parabola"])
def test_a_hill_has_no_minimum_near_it(name: str) -> None:
    x = np.linspace(-1, 1, 8)[None] + 20
    found = PROFILES[name].locate(axis(x), (3 - (x - 20.1) ** 2)[None]).x[0, 0]
    assert np.isnan(found) or abs(found - 20) > 100


def test_powers_agree_with_brute_force_and_share_exponents() -> None:
    x = np.linspace(-2, 2, 9)[None] + np.array([[18.0], [19.0], [20.5]])
    floor, fall, rise = (
        np.array([[3.0], [2.7], [2.4]]),
        np.array([[0.2], [0.3], [0.1]]),
        np.array([[0.3], [0.1], [0.2]]),
    )
    t = x - x.mean(1, keepdims=True)
    found = PROFILES["powers"].locate(axis(x), (floor + fall * np.exp(-0.4 * t) + rise * np.exp(0.25 * t))[None])
    fine = np.linspace(-4, 4, 400_001)
    best = [
        fine[(a * np.exp(-0.4 * fine) + b * np.exp(0.25 * fine)).argmin()]
        for a, b in zip(fall[:, 0], rise[:, 0], strict=True)
    ]
    np.testing.assert_allclose(found.x[0] - x.mean(1), best, atol=1e-4)
    assert found.shape == {"alpha": pytest.approx(0.4, rel=1e-4), "beta": pytest.approx(0.25, rel=1e-4)}


@pytest.mark.parametrize(("name", "coefs"), [("powers", 8), ("cubic", 8), ("parabola", 6)])
def test_leverages_add_up_to_the_coefficients(name: str, coefs: int, rng: np.random.Generator) -> None:
    x = np.linspace(-1.5, 1.5, 9)[None] + np.array([[18.0], [20.0]])
    t = x - x.mean(1, keepdims=True)
    loss = 2 + 0.3 * np.exp(-0.4 * t) + 0.3 * np.exp(0.3 * t) + 1e-4 * rng.standard_normal(x.shape)
    found = PROFILES[name].locate(axis(x), loss[None])
    assert found.coefs == coefs
    assert found.leverage.sum() == pytest.approx(coefs, abs=1e-6)
    assert np.all((found.leverage > 0) & (found.leverage <= 1))


@pytest.mark.parametrize("name", ["powers", "cubic", "parabola"])
def test_a_place_without_a_run_changes_nothing(name: str) -> None:
    x = np.linspace(-1, 1, 6)[None] + np.array([[18.0], [20.0]])
    t = x - x.mean(1, keepdims=True)
    loss = 2 + 0.3 * np.exp(-0.4 * t) + 0.3 * np.exp(0.3 * t)
    wider = [
        np.concatenate([each, np.full((2, 3), fill)], axis=1)
        for each, fill in ((x, 19.0), (loss, 1.0), (x * 0 + 1, 0.0))
    ]
    one = PROFILES[name].locate(axis(x), loss[None])
    two = PROFILES[name].locate(axis(wider[0], wider[2]), wider[1][None])
    np.testing.assert_allclose(two.x, one.x, atol=1e-7)


def test_many_resamples_are_those_one_at_a_time(rng: np.random.Generator) -> None:
    x = np.linspace(-1.5, 1.5, 8)[None] + np.array([[18.0], [20.0]])
    t = x - x.mean(1, keepdims=True)
    losses = (2 + 0.3 * np.exp(-0.4 * t) + 0.3 * np.exp(0.3 * t)) * np.exp(0.002 * rng.standard_normal((6, *x.shape)))
    for profile in PROFILES.values():
        together = profile.locate(axis(x), losses).x
        alone = [profile.locate(axis(x), loss[None]).x[0] for loss in losses]
        np.testing.assert_allclose(together, alone, rtol=1e-6)


def test_a_cubic_without_skew_is_a_parabola() -> None:
    x = np.linspace(-1, 1, 7)[None] + 20
    loss = (3 + (x - 20.2) ** 2)[None]
    assert Polynomial(3).locate(axis(x), loss).x[0] == pytest.approx(Polynomial(2).locate(axis(x), loss).x[0], abs=1e-9)


def test_a_line_weighs_what_is_sure_and_leaves_out_what_is_missing() -> None:
    flops = np.array([1e18, 1e19, 1e20, 1e21])
    optima = np.log(0.1 * flops**0.5) + np.array([0, 0, 0, 1.0])
    sure = scaling("params", flops, optima, None, np.array([0.01, 0.01, 0.01, 10.0]))
    assert sure.exponent == pytest.approx(0.5, abs=1e-4) and sure.coefficient == pytest.approx(0.1, rel=5e-3)
    drawn = np.array([[*optima[:3], np.nan], [np.nan, np.nan, np.nan, 1.0], optima])
    some = scaling("params", flops, optima, drawn, None)
    assert some.draws is not None and len(some.draws) == 2
    assert some.draws[0, 1] == pytest.approx(0.5) and some.draws[1, 1] == pytest.approx(some.exponent)
    np.testing.assert_allclose(some.at(flops[:2]), np.exp(some.line[0]) * (flops[:2] / some.reference) ** some.exponent)
