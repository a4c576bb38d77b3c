"""What every law inherits: the complex step, coefficients by name, spellings."""

import math
from dataclasses import dataclass

import numpy as np
import pytest

from scalelaw.core.errors import BadInput, UnknownName
from scalelaw.core.types import AnyArray, Array, Inputs
from scalelaw.laws import Coef, Law, SumOfPowers, Term, get, parse
from scalelaw.laws._math import absolute, expit, log, logaddexp, power, softplus
from scalelaw.laws.language.chinchilla import Chinchilla
from scalelaw.testing.law_checks import instances, plausible, points


@dataclass(frozen=True)
class Curved(Law):
    """A law written with every function of laws/_math.py, its derivatives left to the complex step."""

    formula = "all of them"
    cite = "nobody"

    @property
    def inputs(self) -> tuple[str, ...]:
        return ("tokens",)

    @property
    def coefs(self) -> tuple[Coef, ...]:
        return (Coef("a", "scale"), Coef("b", "shift"))

    def predict(self, coef: AnyArray, x: Inputs) -> AnyArray:
        """Evaluate the formula; see ``Law.predict``."""
        a, b = self.columns(coef)
        z = log(x["tokens"]) - b
        return expit(z) + softplus(a * z) + absolute(z) + logaddexp(a, z) + power(x["tokens"], -a)


def _central(law: Law, coef: Array, x: Inputs, i: int) -> Array:
    step = 1e-6 * max(abs(coef[i]), 1e-3)
    up, down = coef.copy(), coef.copy()
    up[i] += step
    down[i] -= step
    return np.asarray((law.predict(up, x) - law.predict(down, x)) / (2 * step))


def test_the_complex_step_agrees_with_differences() -> None:
    law, coef, x = Curved(), np.array([0.4, 2.2]), {"tokens": np.array([0.5, 3.0, 40.0, 1e4])}
    value, jacobian = law.value_and_jacobian(coef, x)
    np.testing.assert_allclose(value, law.predict(coef, x), rtol=1e-14)
    for i in range(2):
        np.testing.assert_allclose(jacobian[i], _central(law, coef, x, i), rtol=1e-6)


@pytest.mark.parametrize("law", instances(), ids=lambda law: law.spelling)
def test_analytic_derivatives_are_those_of_the_complex_step(law: Law) -> None:
    coef, x = plausible(law), points(law, 9)
    coef = np.stack([coef, coef * 1.05, coef * 0.9])
    value, jacobian = law.value_and_jacobian(coef, x)
    by_step = Law.value_and_jacobian(law, coef, x)
    assert value.shape == (3, 9) and jacobian.shape == (3, len(law.coefs), 9)
    np.testing.assert_allclose(value, by_step[0], rtol=1e-12)
    np.testing.assert_allclose(jacobian, by_step[1], rtol=1e-10, atol=1e-30)  # a slope of zero is 1e-33 by steps


def test_functions_are_right_and_do_not_overflow() -> None:
    z = np.array([-800.0, -1.0, 0.0, 2.0, 800.0])
    np.testing.assert_allclose(softplus(z), np.logaddexp(z, 0), rtol=1e-14)
    np.testing.assert_allclose(logaddexp(z, z[::-1]), np.logaddexp(z, z[::-1]), rtol=1e-14)
    np.testing.assert_allclose(expit(z[1:]), 1 / (1 + np.exp(-z[1:])), rtol=1e-14)
    np.testing.assert_allclose(absolute(z), np.abs(z))
    np.testing.assert_allclose(power(np.array([2.0, 9.0]), np.array([3.0, 0.5])), [8, 3], rtol=1e-14)
    assert np.imag(absolute(np.array([-2.0 + 1e-20j])))[0] == -1e-20


def test_each_law_is_its_formula() -> None:
    """Written out once more, so that a swapped exponent shows."""
    n, d, c = 3e8, 7e9, 4e19
    coef = np.array([1.7, 300.0, 900.0, 0.31, 0.27])
    x = {
        "params": np.array([n]),
        "tokens": np.array([d]),
        "flops": np.array([c]),
        "params_non_embedding": np.array([n]),
    }
    assert get("chinchilla").predict(coef, x)[0] == pytest.approx(1.7 + 300 / n**0.31 + 900 / d**0.27, rel=1e-13)
    assert get("power").predict(np.array([1.7, 40.0, 0.06]), x)[0] == pytest.approx(1.7 + 40 / c**0.06, rel=1e-13)
    joint = ((5e13 / n) ** (0.07 / 0.11) + 2e13 / d) ** 0.11
    assert get("kaplan_joint").predict(np.array([0.07, 0.11, 5e13, 2e13]), x)[0] == pytest.approx(joint, rel=1e-13)


@pytest.mark.parametrize("flops_per_nd", [6.0, 7.3])
def test_chinchillas_optimum_is_found_by_search_too(flops_per_nd: float) -> None:
    law = get("chinchilla")
    assert isinstance(law, Chinchilla)
    coef = np.array([1.7, 300.0, 900.0, 0.41, 0.27])
    params, tokens = law.optimum(coef, np.array(1e21), flops_per_nd)
    grid = np.geomspace(params / 3, params * 3, 200001)
    loss = law.predict(coef, {"params": grid, "tokens": 1e21 / flops_per_nd / grid})
    assert grid[np.argmin(loss)] == pytest.approx(float(params), rel=1e-3)
    assert float(params * tokens) * flops_per_nd == pytest.approx(1e21, rel=1e-12)
    assert float(law.flops_for_loss(coef, np.array(loss.min()), flops_per_nd)) == pytest.approx(1e21, rel=1e-6)
    assert math.isinf(float(law.flops_for_loss(coef, np.array(1.7), flops_per_nd)))


def test_more_data_hunger_means_more_tokens() -> None:
    """N* goes as C^(beta/(alpha+beta)): a larger alpha buys tokens, not params."""
    law = get("chinchilla")
    assert isinstance(law, Chinchilla)
    coef = np.array([1.7, 300.0, 900.0, 0.41, 0.27])
    params, _ = law.optimum(coef, np.array([1e20, 1e22]))
    assert math.log(params[1] / params[0], 100) == pytest.approx(0.27 / 0.68, rel=1e-9)


def test_coefficients_are_taken_by_name() -> None:
    law = get("power", input="tokens", floor=False)
    np.testing.assert_array_equal(law.vector({"alpha": 0.1, "A": 5.0}), [5.0, 0.1])
    for wrong in ({"A": 5.0}, {"A": 5.0, "alpha": 0.1, "E": 1.0}):
        with pytest.raises(BadInput, match="has the coefficients A, alpha"):
            law.vector(wrong)


def test_a_sum_of_powers_says_it_all_in_its_terms() -> None:
    @dataclass(frozen=True)
    class Product(SumOfPowers):
        formula = "F / N^a / D^b"
        cite = "nobody"
        inputs = ("params", "tokens")  # type: ignore[assignment]
        coefs = (Coef("F", "scale", linear=True), Coef("a", "of params"), Coef("b", "of tokens"))  # type: ignore[assignment]
        terms = (Term("F", {"params": "a", "tokens": "b"}),)  # type: ignore[assignment]

    law, coef = Product(), np.array([8.0, 0.2, 0.3])
    x = {"params": np.array([1e8, 1e9]), "tokens": np.array([1e10, 3e9])}
    np.testing.assert_allclose(law.predict(coef, x), 8 / x["params"] ** 0.2 / x["tokens"] ** 0.3, rtol=1e-13)
    _, jacobian = law.value_and_jacobian(coef, x)
    for i in range(3):
        np.testing.assert_allclose(jacobian[i], _central(law, coef, x, i), rtol=1e-6)


def test_the_power_law_takes_quantities_only() -> None:
    with pytest.raises(UnknownName):
        parse("power[input=banana]")
