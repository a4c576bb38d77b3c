"""Values of the laws of mixtures, experts, precision, transfer and fine-tuning, by their section of laws/."""

import warnings

import numpy as np
import pytest

from scalelaw.core.errors import ScalelawWarning
from scalelaw.core.types import Array
from scalelaw.fitting.published import published
from scalelaw.laws import get, parse

CLARK = "routed@clark2022-sbase"
JOINT = "joint_experts@ludziejewski2025"
KUMAR = "low_precision@kumar2024"


def value(spelling: str, **x: float) -> float:
    law, source = parse(spelling)
    assert source is not None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ScalelawWarning)
        forecaster = published(law, source)
    return float(forecaster.predict({name: np.array([number]) for name, number in x.items()}).mean[0])


@pytest.mark.parametrize(
    ("params", "experts", "loss"),
    [(1e9, 1, 2.28457), (1e9, 64, 2.08581), (1e9, 512, 2.01452), (5e6, 128, 2.8915), (5.5e7, 1, 2.8779)],
)
def test_section_13a_routed(params: float, experts: float, loss: float) -> None:
    assert value(CLARK, params_active=params, experts=experts) == pytest.approx(loss, rel=2e-5)


def test_section_13a_one_expert_is_its_saturated_count_and_routing_stops_to_pay() -> None:
    """E' is E_s of one expert and E_m of very many; past N = 10^(-b/c) more experts raise the loss."""
    law, _ = parse("routed")
    coef = law.published["clark2022-sbase"].coef
    cutoff = 10 ** (-coef["b"] / coef["c"])
    assert cutoff == pytest.approx(1e12, rel=1e-6)
    assert value(CLARK, params_active=cutoff, experts=1) == pytest.approx(
        value(CLARK, params_active=cutoff, experts=1e4), rel=1e-12
    )
    below, above = (
        value(CLARK, params_active=n, experts=64) - value(CLARK, params_active=n, experts=1)
        for n in (0.5 * cutoff, 2 * cutoff)
    )
    assert below < 0 < above


@pytest.mark.parametrize(("granularity", "loss"), [(1, 2.7891), (16, 2.6558)])
def test_section_13b_fine_grained(granularity: float, loss: float) -> None:
    x = {"params": 3.7e9, "tokens": 1.3e11}
    assert value("fine_grained@krajewski2024", **x, granularity=granularity) == pytest.approx(loss, abs=6e-5)
    assert value("fine_grained[dense=yes]@krajewski2024", **x) == pytest.approx(2.5205, abs=6e-5)


@pytest.mark.parametrize(
    ("params", "active_share", "loss"), [(1e9, 1.0, 2.56568), (1e9, 0.5, 2.58995), (8e9, 0.125, 2.38127)]
)
def test_section_13c_sparse(params: float, active_share: float, loss: float) -> None:
    assert value("sparse@abnar2025", params=params, tokens=2e10, active_share=active_share) == pytest.approx(
        loss, abs=6e-6
    )


@pytest.mark.parametrize(
    ("tokens", "experts", "loss"),
    [(2e10, 1, 2.57760), (2e10, 8, 2.50878), (2e10, 32, 2.45456), (1e11, 1, 2.43920), (1e11, 8, 2.36221),
     (1e11, 32, 2.30383)],
)  # fmt: skip
def test_section_13d_joint_experts(tokens: float, experts: float, loss: float) -> None:
    assert value(JOINT, params_active=1e9, tokens=tokens, experts=experts) == pytest.approx(loss, abs=6e-6)


REDUCED = {
    1: (30.3640, -0.1817, 53.9838, -0.1965),
    2: (27.7982, -0.1780, 66.8401, -0.2065),
    4: (24.8462, -0.1731, 87.7022, -0.2192),
    8: (21.8330, -0.1676, 119.9126, -0.2338),
    16: (19.0159, -0.1617, 167.5073, -0.2494),
    32: (16.5424, -0.1557, 234.6726, -0.2652),
}


@pytest.mark.parametrize("experts", REDUCED)
def test_section_13d_at_fixed_experts_it_is_chinchilla(experts: int) -> None:
    """m N^mu + n D^nu + c with the reduced coefficients of the paper's table 4, reproduced to .3 % of each term."""
    m, mu, n, nu = REDUCED[experts]
    for params, tokens in ((1e8, 2e10), (3e9, 5e10)):
        ours = value(JOINT, params_active=params, tokens=tokens, experts=experts)
        assert ours == pytest.approx(m * params**mu + n * tokens**nu + 1.3637, rel=3e-3)


@pytest.mark.parametrize(
    ("experts", "ratios"), [(1, (5.6, 5.1, 4.7)), (8, (17, 11.6, 7.9)), (32, (37, 20, 11))], ids=["1", "8", "32"]
)
def test_section_13d_optimal_tokens_per_active_parameter(experts: int, ratios: tuple[float, ...]) -> None:
    grid = np.exp(np.linspace(np.log(1e7), np.log(1e12), 20001))
    law, coef = _published(JOINT)
    for flops, ratio in zip((1e20, 1e21, 1e22), ratios, strict=True):
        tokens = flops / 6 / grid
        loss = law.predict(coef, {"params_active": grid, "tokens": tokens, "experts": np.full(len(grid), experts)})
        best = int(np.argmin(loss))
        assert tokens[best] / grid[best] == pytest.approx(ratio, rel=0.03)


def _published(spelling: str):  # type: ignore[no-untyped-def]
    law, source = parse(spelling)
    return law, law.vector(law.published[str(source)].coef)


def _count(**bits: float) -> float:
    """Return N_eff / N, read off the loss without its data term and floor."""
    law, coef = _published(KUMAR)
    c = dict(zip((each.name for each in law.coefs), coef, strict=True))
    term = value(KUMAR, params=1.0, tokens=1e300, **bits) - c["E"]
    return float((term / c["A"]) ** (-1 / c["alpha"]))


def test_section_13f_what_bits_leave_of_the_parameters() -> None:
    every = {"bits": 8, "bits_activations": 8, "bits_kv": 8}
    assert _count(**every) == pytest.approx(0.8278, abs=6e-5)
    assert _count(**dict.fromkeys(every, 4)) == pytest.approx(0.1910, abs=6e-5)
    assert _count(bits=4, bits_activations=1e3, bits_kv=1e3) == pytest.approx(0.6964, abs=6e-5)


def _best_bits(coef: Array) -> float:
    """Return P at which sum of d ln f_x / d ln P is one: the optimum under C ~ N D P."""
    gammas, offsets = coef[5::2], coef[6::2]
    bits = np.linspace(max(gammas * offsets) + 0.01, 16, 200001)
    share = sum(np.log1p(-np.exp(n - bits / gamma)) for gamma, n in zip(gammas, offsets, strict=True))
    slope = np.gradient(share, np.log(bits))
    return float(bits[np.flatnonzero(slope > 1)[-1]])


def test_section_13f_trap_the_offsets_decide_the_best_precision() -> None:
    _, coef = _published(KUMAR)
    assert _best_bits(coef) == pytest.approx(7.00, abs=6e-3)
    without = np.where(np.isin(np.arange(len(coef)), [6, 8, 10]), 0.0, coef)
    assert _best_bits(without) == pytest.approx(3.47, abs=6e-3)


@pytest.mark.parametrize(("source", "cost"), [("kumar2024", 0.0207), ("kumar2024-offset", 0.0639)])
def test_section_13f_rounding_after_training(source: str, cost: float) -> None:
    x = {"params": 1e9, "tokens": 1e11, "bits": 16, "bits_activations": 16, "bits_kv": 16}
    trained = value(KUMAR, **x)
    rounded = value(f"low_precision[after=yes]@{source}", **x, bits_after=4)
    assert rounded - trained == pytest.approx(cost, abs=6e-5)


def test_an_unverified_reading_warns() -> None:
    with pytest.warns(ScalelawWarning, match="unverified"):
        published(get("low_precision", after=True), "kumar2024-offset")


@pytest.mark.parametrize(
    ("params", "tokens", "bits", "cost", "digit"),
    [(1e9, 1e11, 4, 0.04595, 1e-5), (1e9, 1e11, 3, 0.2234, 1e-4), (1e9, 1e11, 2, 2.075, 1e-3),
     (6.9e9, 3e11, 4, 0.0529, 1e-4)],
)  # fmt: skip
def test_section_13g_quantized(params: float, tokens: float, bits: float, cost: float, digit: float) -> None:
    ours = value("quantized@ouyang2024", params=params, tokens=tokens, bits_after=bits)
    assert ours == pytest.approx(cost, abs=0.6 * digit)


def test_section_13m_exponential_mixing() -> None:
    law = get("mixing", domains=3, pinned=False)
    coef = law.vector({"c": 2, "k": 0.5, "t_1": -1.5, "t_2": 0.2, "t_3": 0.4})
    assert float(law.predict(coef, {"mixture": np.array([[0.5, 0.3, 0.2]])})[0]) == pytest.approx(2.271675, abs=6e-7)


def test_section_13m_one_effect_of_each_output_is_free() -> None:
    """The published form and the pinned one are one law: k' = k exp(t_3), t'_j = t_j - t_3."""
    free, pinned = get("mixing", domains=3, pinned=False), get("mixing", domains=3)
    x = {"mixture": np.random.default_rng(0).dirichlet(np.ones(3), 20)}
    there = pinned.vector({"c": 2, "k": 0.5 * np.exp(0.4), "t_1": -1.9, "t_2": -0.2})
    here = free.vector({"c": 2, "k": 0.5, "t_1": -1.5, "t_2": 0.2, "t_3": 0.4})
    np.testing.assert_allclose(pinned.predict(there, x), free.predict(here, x), rtol=1e-14)


def test_section_13m_seven_domains_on_seven_outputs_have_63_coefficients() -> None:
    law = get("mixing", domains=7, outputs=7, pinned=False)
    assert len(law.coefs) == 63 and law.coefs[9].name == "c_2" and law.coefs[-1].name == "t_7_7"


def test_section_13m_bimix() -> None:
    law = get("bimix")
    coef = law.vector({"A": 1.2, "alpha": 0.1, "B": 50, "beta": 0.2, "C": 0.8})
    loss = law.predict(coef, {"share": np.array([0.25]), "steps": np.array([1e4])})
    assert float(loss[0]) == pytest.approx(12.026136, abs=6e-7)


@pytest.mark.parametrize(
    ("characters", "params", "transferred", "multiplier"),
    [(3e5, 4e7, 1.4237e8, 475.6), (1e8, 1e9, 1.3764e9, 14.764), (3e8, 1e9, 1.6774e9, 6.591)],
)
def test_section_13n_and_8c_transfer(characters: float, params: float, transferred: float, multiplier: float) -> None:
    ours = value("transfer@hernandez2021-text", characters=characters, params_non_embedding=params)
    assert ours == pytest.approx(transferred, rel=5e-5)
    assert 1 + ours / characters == pytest.approx(multiplier, rel=1e-4)


def test_section_8c_transfer_to_a_large_model() -> None:
    ours = value("transfer@hernandez2021-text", characters=1.0, params_non_embedding=175e9)
    assert ours == pytest.approx(3.557e8, rel=2e-4)


@pytest.mark.parametrize(("examples", "loss"), [(1e-10, 4.2), (1e3, 3.678685), (1e5, 1.892308), (1e6, 1.410228)])
def test_section_8d_rectified(examples: float, loss: float) -> None:
    law = get("rectified")
    coef = law.vector({"E": 1.2, "B": 900, "D_l": 300, "beta": 0.6})
    assert float(law.predict(coef, {"examples": np.array([examples])})[0]) == pytest.approx(loss, abs=6e-7)
