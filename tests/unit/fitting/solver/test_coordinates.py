"""Coordinates: there and back again, and derivatives across, for every mix of scales, ties, fixed ones and bounds."""

from typing import Any

import numpy as np
import pytest

from scalelaw.core.types import Array
from scalelaw.fitting.solver.coordinates import Coordinates, Restrictions
from scalelaw.laws import parse

CASES = {
    "chinchilla": ("chinchilla", {}),
    "chinchilla, ties of exponents": ("chinchilla", {"ties": {"beta": "alpha"}}),
    "chinchilla, ties of exponents the other way": ("chinchilla", {"ties": {"alpha": "beta"}}),
    "chinchilla, ties of scales": ("chinchilla", {"ties": {"B": "A"}}),
    "chinchilla, fixed": ("chinchilla", {"fixed": {"E": 1.8, "alpha": 0.3}}),
    "chinchilla, bounded scale": ("chinchilla", {"bounds": {"A": (10.0, 5000.0), "alpha": (0.1, 0.9)}}),
    "chinchilla, free sign": ("chinchilla", {"bounds": {"E": (None, None)}}),
    "chinchilla, all at once": (
        "chinchilla",
        {"ties": {"beta": "alpha"}, "fixed": {"E": 1.8}, "bounds": {"A": (1.0, None)}},
    ),
    "power": ("power", {}),
    "power, no floor": ("power[input=tokens,floor=no]", {}),
    "kaplan joint": ("kaplan_joint[n=params]", {}),
    "kaplan joint, fixed": ("kaplan_joint[n=params]", {"fixed": {"D_c": 1.5e13}}),
    "kaplan joint, bounded": ("kaplan_joint[n=params]", {"bounds": {"N_c": (1e10, 1e15)}}),
    "formula, outer power": ("E + (A/params**a + B/tokens**b)**c", {}),
    "formula, minus": ("E + A/params**a - B*log(tokens)", {}),
}


def _coordinates(case: str) -> tuple[Coordinates, Array]:
    """Return coordinates, and a few coefficient vectors (4, k) that respect the restrictions."""
    spelling, said = CASES[case]
    law, _ = parse(spelling)
    rng = np.random.default_rng(5)
    x = {name: np.exp(rng.uniform(np.log(1e8), np.log(1e11), 12)) for name in law.inputs}
    restrictions = Restrictions(said.get("fixed", {}), said.get("ties", {}), said.get("bounds", {}))
    restrictions.check(law)
    coef = np.empty((4, len(law.coefs)))
    names = [c.name for c in law.coefs]
    for i, c in enumerate(law.coefs):
        low, high = (50.0, 900.0) if c.linear else (1e11, 1e14) if c.log else (0.12, 0.6)
        coef[:, i] = np.exp(rng.uniform(np.log(low), np.log(high), 4))
    for name, value in restrictions.fixed.items():
        coef[:, names.index(name)] = value
    for name, other in restrictions.ties.items():
        coef[:, names.index(name)] = coef[:, names.index(other)]
    return Coordinates(law, x, restrictions), coef


@pytest.mark.parametrize("case", CASES)
def test_coefficients_survive_the_way_there_and_back(case: str) -> None:
    coordinates, coef = _coordinates(case)
    u = coordinates.coordinates(coef)
    assert u.shape == (4, len(coordinates.free))
    np.testing.assert_allclose(coordinates.coef(u), coef, rtol=1e-12)
    np.testing.assert_allclose(coordinates.coef_and_slopes(u)[0], coef, rtol=1e-12)
    np.testing.assert_allclose(coordinates.coordinates(coordinates.coef(u)), u, rtol=1e-12)


@pytest.mark.parametrize("case", CASES)
def test_slopes_are_the_derivatives_of_the_coefficients(case: str) -> None:
    coordinates, coef = _coordinates(case)
    u = coordinates.coordinates(coef)
    _, slopes = coordinates.coef_and_slopes(u)
    assert slopes.shape == (4, u.shape[1], coef.shape[1])
    for j in range(u.shape[1]):
        step = 1e-6 * np.maximum(np.abs(u[:, j]), 1e-3)
        up, down = u.copy(), u.copy()
        up[:, j] += step
        down[:, j] -= step
        numeric = (coordinates.coef(up) - coordinates.coef(down)) / (2 * step[:, None])
        scale = np.maximum(np.abs(numeric).max(axis=0), np.abs(coef / u[:, [j]]).max(axis=0) * 1e-3)
        np.testing.assert_allclose(slopes[:, j] / scale, numeric / scale, atol=2e-6)


def test_a_scale_becomes_what_its_term_contributes_at_the_centre() -> None:
    law, _ = parse("chinchilla")
    x = {"params": np.array([1e8, 1e10]), "tokens": np.array([1e9, 1e12])}
    coordinates = Coordinates(law, x, Restrictions({}, {}, {}))
    u = coordinates.coordinates(np.array([[1.8, 400.0, 2000.0, 0.34, 0.28]]))[0]
    np.testing.assert_allclose(u, [1.8, 400 / 1e9**0.34, 2000 / np.sqrt(1e9 * 1e12) ** 0.28, 0.34, 0.28], rtol=1e-12)


def test_limits_are_the_laws_or_those_asked_for() -> None:
    law, _ = parse("chinchilla")
    x = {"params": np.array([1e8, 1e10]), "tokens": np.array([1e9, 1e12])}
    bounds: Any = {"alpha": (0.1, None), "E": (None, None), "B": (None, 9.0)}
    coordinates = Coordinates(law, x, Restrictions({}, {}, bounds))
    np.testing.assert_array_equal(coordinates.coef_low, [-np.inf, 0, -np.inf, 0.1, 0])
    np.testing.assert_array_equal(coordinates.coef_high, [np.inf, np.inf, 9.0, np.inf, np.inf])
