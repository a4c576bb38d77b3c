"""Published laws as forecasters: the printed constants, no interval, and a warning where they are unverified."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pytest

from scalelaw.core.errors import BadInput, ScalelawWarning, UnknownName
from scalelaw.fitting import Published, published
from scalelaw.laws import Constants, get
from scalelaw.laws.language.chinchilla import Chinchilla


@dataclass(frozen=True)
class Rumoured(Chinchilla):
    """Chinchilla's law with constants nobody checked."""

    @property
    def published(self) -> Mapping[str, Constants]:
        return {
            "memory": Constants(dict.fromkeys(("E", "A", "B", "alpha", "beta"), 1.0), "from memory", unverified=True)
        }


def test_coefficients_are_in_the_laws_order_whatever_that_of_the_constants() -> None:
    law = get("chinchilla")
    constants = law.published["besiroglu2024"]
    turned = replace(constants, coef=dict(reversed(constants.coef.items())))
    np.testing.assert_array_equal(Published(law, "x", turned).coef, [1.8172, 482.01, 2085.43, 0.3478, 0.3658])


def test_it_predicts_by_its_formula_and_knows_no_spread() -> None:
    forecaster = published(get("chinchilla"), "hoffmann2022-printed")
    x = {"params": np.array([1e9, 1e12]), "tokens": np.array([2e10, 2e10])}
    prediction = forecaster.predict(x, 0.5)
    np.testing.assert_allclose(prediction.mean, 1.69 + 406.4 / x["params"] ** 0.34 + 410.7 / x["tokens"] ** 0.28)
    assert prediction.lo is None and prediction.hi is None and prediction.level == 0.5
    assert forecaster.sample(x) is None and forecaster.draws is None
    assert prediction.outside_domain.tolist() == [False, True]
    assert forecaster.label == "chinchilla@hoffmann2022-printed" and forecaster.target == "loss"


def test_digests_tell_sources_apart() -> None:
    law = get("chinchilla")
    digests = {published(law, source).digest for source in law.published}
    assert len(digests) == len(law.published) >= 3


def test_bad_arguments_are_refused() -> None:
    with pytest.raises(UnknownName, match="Did you mean 'besiroglu2024'"):
        published(get("chinchilla"), "besiroglu")
    with pytest.raises(UnknownName, match="source of chinchilla"):
        published(get("chinchilla", n="params_non_embedding"), "besiroglu2024")
    x = {"params": np.array([1e9]), "tokens": np.array([2e10])}
    with pytest.raises(BadInput, match="level"):
        published(get("chinchilla"), "besiroglu2024").predict(x, 90)


def test_unverified_constants_warn() -> None:
    with pytest.warns(ScalelawWarning, match="@memory is unverified: from memory"):
        published(Rumoured(), "memory")
