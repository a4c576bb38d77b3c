"""Formula laws: what is read as input and what as coefficient, what is linear, and derivatives by hand."""

import numpy as np
import pytest

from scalelaw.core.errors import BadFormula, UnknownName
from scalelaw.laws import FormulaLaw, Law, get, parse

X = {
    "params": np.array([1e8, 1e9, 7e10]),
    "tokens": np.array([1e10, 2e10, 1.4e12]),
    "flops": np.array([1e19, 1e20, 1e24]),
}


@pytest.mark.parametrize(
    ("text", "inputs", "coefs"),
    [
        ("E + A/params**a + B/tokens**b", ("params", "tokens"), ("E", "A", "a", "B", "b")),
        ("E + A/N**a + B/D**b", ("params", "tokens"), ("E", "A", "a", "B", "b")),
        ("E + A/C^a", ("flops",), ("E", "A", "a")),
        ("N*0 + params*a", ("params",), ("a",)),
        ("a*log(flops) + exp(c)", ("flops",), ("a", "c")),
    ],
)
def test_quantities_are_inputs_and_other_names_coefficients(
    text: str, inputs: tuple[str, ...], coefs: tuple[str, ...]
) -> None:
    law = FormulaLaw(text)
    assert law.inputs == inputs and tuple(c.name for c in law.coefs) == coefs
    assert law.name == "formula" and law.spelling == text and parse(text) == (law, None)


@pytest.mark.parametrize(
    ("text", "linear"),
    [
        ("E + A/params**a + B/tokens**b", {"E", "A", "B"}),
        ("E - A*log(params)", {"E", "A"}),
        ("E + A*F/params**a", {"E", "A"}),
        ("A*(E + B/params**a)", {"A"}),
        ("(A + B)/params**a", {"A"}),
        ("E + (A/params**a + B/tokens**b)**c", {"E"}),
        ("E + 1/(A*params)", {"E"}),
        ("exp(E) + A/params**a", {"A"}),
        ("A*A/params", set()),
        ("A**2/params + E", {"E"}),
        ("A/params + A/tokens", {"A"}),
        ("A/B/params", {"A"}),
    ],
)
def test_linear_coefficients_are_those_that_can_be_solved_for_together(text: str, linear: set[str]) -> None:
    law = FormulaLaw(text)
    assert {c.name for c in law.coefs if c.linear} == linear
    rng = np.random.default_rng(0)
    at = [i for i, c in enumerate(law.coefs) if c.linear]
    coef = rng.uniform(0.2, 0.9, len(law.coefs))
    moved = coef.copy()
    moved[at] = rng.uniform(2, 9, len(at))
    before, after = (Law.value_and_jacobian(law, each, X)[1][at] for each in (coef, moved))
    np.testing.assert_allclose(before, after, rtol=1e-10)


def test_exponents_and_inner_scales_start_where_such_things_lie() -> None:
    coefs = {c.name: c for c in FormulaLaw("E + (A/params**a + B/tokens)**c").coefs}
    assert coefs["A"].log and coefs["B"].log and coefs["A"].starts[1] >= 1e9
    assert not coefs["a"].log and not coefs["c"].log and coefs["a"].starts[1] < 5


@pytest.mark.parametrize(
    "text",
    [
        "E + A/params**a + B/tokens**b", "E + (A/params**a + B/tokens**b)**c", "E - A*log(params/k)",
        "exp(e) + exp(k - a*log(tokens))", "sqrt(A/params + B) / (1 + c)", "-A*-B + params**2 * a / tokens",
        "A**a * params**-b + 2**a", "(params*a)**2 + a**3", "E + A/params**(a/b)",
        "A/params**a * (1 + tokens/T)**-g",
    ],
)  # fmt: skip
def test_derivatives_through_the_tree_are_those_of_the_complex_step(text: str) -> None:
    law = FormulaLaw(text)
    coef = np.random.default_rng(1).uniform(0.3, 1.6, (4, len(law.coefs)))
    value, jacobian = law.value_and_jacobian(coef, X)
    by_step = Law.value_and_jacobian(law, coef, X)
    assert value.shape == (4, 3) and jacobian.shape == (4, len(law.coefs), 3)
    np.testing.assert_allclose(value, by_step[0], rtol=1e-12)
    np.testing.assert_allclose(jacobian, by_step[1], rtol=1e-9, atol=1e-12 * np.abs(by_step[1]).max())


def test_a_formula_is_the_built_in_it_spells() -> None:
    law = FormulaLaw("E + A/params**alpha + B/tokens**beta")
    chinchilla = get("chinchilla")
    coef = chinchilla.vector(chinchilla.published["besiroglu2024"].coef)
    by_name = dict(zip((c.name for c in chinchilla.coefs), coef, strict=True))
    mine = law.vector(by_name)
    np.testing.assert_allclose(law.predict(mine, X), chinchilla.predict(coef, X), rtol=1e-13)
    order = [[c.name for c in law.coefs].index(c.name) for c in chinchilla.coefs]
    ours, theirs = law.value_and_jacobian(mine, X)[1][order], chinchilla.value_and_jacobian(coef, X)[1]
    np.testing.assert_allclose(ours, theirs, rtol=1e-12)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("E + A", "has no input"),
        ("params/tokens + 2", "has no coefficient"),
        ("E + A/params**", "is not a formula"),
        ("E + __import__('os')/params", "is not allowed"),
        ("E + sin(params)", "is not allowed"),
        ("E if params else A", "is not allowed"),
        ("params[0] + a", "is not allowed"),
        ("+".join(f"c{i}*params" for i in range(21)), "has 21 coefficients; at most 20"),
    ],
)
def test_what_is_not_a_law_is_refused(text: str, message: str) -> None:
    with pytest.raises(BadFormula, match=message):
        parse(text)


def test_a_single_word_is_a_name_and_not_a_formula() -> None:
    with pytest.raises(UnknownName, match="Did you mean 'chinchilla'"):
        parse("chinchila")
