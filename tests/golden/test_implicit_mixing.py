"""Mixing law of a blend of hidden domains, section 13m: with one it is ``mixing``, with two a blend of two of them."""

import numpy as np
import pytest

from scalelaw.laws import get


def test_section_13m_one_hidden_domain_is_the_mixing_law() -> None:
    law = get("implicit_mixing", domains=3, hidden=1)
    coef = law.vector({"c": 2.0, "k_1": 0.5 * np.exp(0.4), "t_1_1": -1.9, "t_1_2": -0.2})
    assert law.predict(coef, {"mixture": np.array([[0.5, 0.3, 0.2]])}) == pytest.approx([2.271675], abs=1e-6)


def test_a_softmax_of_two_mixing_laws_is_the_law_of_two_hidden_domains() -> None:
    """Weights of .7 and .3: c is their mean, k of each its own times its weight."""
    mixing, law = get("mixing", domains=3), get("implicit_mixing", domains=3, hidden=2)
    shares = np.random.default_rng(0).dirichlet(np.ones(3), 7)
    web = {"c": 1.5, "k": 0.8, "t_1": -2.0, "t_2": 0.4}
    code = {"c": 0.6, "k": 1.9, "t_1": 0.3, "t_2": -3.0}
    blend = sum(
        weight * mixing.predict(mixing.vector(each), {"mixture": shares}) for weight, each in ((0.7, web), (0.3, code))
    )
    coef = {"c": 0.7 * 1.5 + 0.3 * 0.6, "k_1": 0.7 * 0.8, "k_2": 0.3 * 1.9, "t_1_1": -2.0, "t_1_2": 0.4,
            "t_2_1": 0.3, "t_2_2": -3.0}  # fmt: skip
    np.testing.assert_allclose(law.predict(law.vector(coef), {"mixture": shares}), blend, rtol=1e-13)
