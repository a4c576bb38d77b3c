"""Published laws as forecasters: the printed constants, no interval, and a warning where they are unverified."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pytest

from scalelaw import laws
from scalelaw.core.errors import BadInput, ScalelawWarning, UnknownName
from scalelaw.core.forecaster import reach
from scalelaw.fitting.published import Published, published
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


KAPLAN = ("kaplan_joint", "kaplan_steps", "optimal_lr", "nested[n=params_non_embedding]", "optimal_vocabulary")


@pytest.mark.filterwarnings("ignore:.*unverified")
@pytest.mark.parametrize("spelling", KAPLAN)
def test_constants_without_embeddings_refuse_total_params(spelling: str) -> None:
    law, _ = laws.parse(spelling)
    constants = published(law, next(iter(law.published)))
    x = {name: np.array([1e9]) for name in law.inputs if name != "params_non_embedding"} | {"params": np.array([1e9])}
    with pytest.raises(BadInput, match=r"missing params_non_embedding: .*params count other parameters"):
        constants.predict(x)


@pytest.mark.parametrize("spelling", ["routed@clark2022-sbase", "joint_experts@ludziejewski2025"])
def test_constants_of_active_params_refuse_the_total_of_a_mixture_of_experts(spelling: str) -> None:
    law, source = laws.parse(spelling)
    x = {"params": np.array([4e10]), "tokens": np.array([1e12]), "experts": np.array([8.0])}
    with pytest.raises(BadInput, match=r"missing params_active: .*params count other parameters"):
        published(law, source or "").predict(x)


@pytest.mark.parametrize(
    ("shares", "why"),
    [([0.5, 0.2], "sums to 0.7, and shares sum to one; is a domain missing"), ([30.0, 70.0], "divide by 100"),
     ([-0.2, 1.2], "shares are not negative")],
)  # fmt: skip
def test_a_mixture_that_does_not_sum_to_one_is_refused(shares: list[float], why: str) -> None:
    law = get("linear_mixture")
    known = Published(law, "ours", Constants({"w_1": 2.0, "w_2": 3.0}, "here"))
    assert known.predict({"mixture": np.array([[0.4, 0.6]])}).mean == pytest.approx([2.6])
    with pytest.raises(BadInput, match=f"mixture of row 2 .*{why}"):
        known.predict({"mixture": np.array([[0.4, 0.6], shares])})


@pytest.mark.parametrize(
    ("spelling", "x", "unit"),
    [
        ("chinchilla@besiroglu2024", {"params": 7e9, "tokens": 1400}, "tokens"),
        ("chinchilla@besiroglu2024", {"params": 7, "tokens": 1.4e12}, "parameters"),
        ("repeated@muennighoff2023", {"params": 7e9, "tokens": 1e11, "unique_tokens": 25}, "tokens"),
        ("optimal_batch@li2025", {"tokens": 100}, "tokens"),
        ("over_training@gadre2024-c4", {"flops": 12.0, "tokens_per_param": 20}, "FLOP"),
    ],
)
def test_counts_in_billions_are_refused(spelling: str, x: dict[str, float], unit: str) -> None:
    law, source = laws.parse(spelling)
    assert source is not None
    with pytest.raises(BadInput, match=f"far too small to be {unit}: .* plain counts"):
        published(law, source).predict({name: np.array([value]) for name, value in x.items()})


@pytest.mark.parametrize(
    ("spelling", "inside", "outside", "far"),
    [
        ("repeated@muennighoff2023", {"params": 1e9, "tokens": 1e11, "unique_tokens": 1e10}, {"tokens": 9e12}, 10),
        ("over_training@gadre2024-c4", {"flops": 1e18, "tokens_per_param": 20}, {"flops": 2.04e22}, 1000),
        ("optimal_lr@li2025", {"params_non_embedding": 1e9, "tokens": 1e10}, {"params_non_embedding": 1.1e10}, 10),
        ("saturating_power@zhai2021-10shot", {"core_days": 100.0}, {"core_days": 1e6}, 100),
        ("kaplan_lr@kaplan2020", {"params_non_embedding": 1e9}, {"params_non_embedding": 1.5e10}, 10),
    ],
)
def test_points_outside_the_published_runs_are_flagged_with_their_reach(
    spelling: str, inside: dict[str, float], outside: dict[str, float], far: float
) -> None:
    law, source = laws.parse(spelling)
    assert source is not None
    constants = published(law, source)
    x = {name: np.array([value, outside.get(name, value)]) for name, value in inside.items()}
    assert constants.predict(x).outside_domain.tolist() == [False, True]
    assert max(reach({**inside, **outside}, constants.domain).values()) == pytest.approx(far, rel=0.01)


def test_a_rate_carries_the_batch_and_schedule_it_belongs_to() -> None:
    caveats = published(get("optimal_lr"), "li2025").caveats
    assert [text.partition(": ")[2].partition(":")[0] for text in caveats] == ["batch", "schedule"]
