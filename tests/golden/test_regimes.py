"""What limits a run, critical batches and intrinsic dimensions: the check values of laws/pretraining.md."""

import numpy as np
import pytest

import scalelaw as sl
from scalelaw.core.errors import BadInput, FitFailed
from scalelaw.diagnosing.dimension import nearest

EPOCH = sl.published(sl.laws.get("chinchilla"), "besiroglu2024")


@pytest.mark.parametrize(
    ("params", "tokens", "by_params", "by_tokens", "share", "label"),
    [("8B", "15T", 0.1733, 0.0316, 0.839, "parameter-limited"),
     ("175B", "300B", 0.0593, 0.1321, 0.299, "compute-limited"),
     ("70B", "1.4T", 0.0815, 0.0752, 0.508, "compute-limited")],
    ids=["llama-3", "gpt-3", "chinchilla"],
)  # fmt: skip
def test_section_8a(params: str, tokens: str, by_params: float, by_tokens: float, share: float, label: str) -> None:
    found = sl.diagnosing.regime(EPOCH, params=params, tokens=tokens)
    assert (found.by_params, found.by_tokens) == (
        pytest.approx(by_params, abs=6e-5),
        pytest.approx(by_tokens, abs=6e-5),
    )
    assert found.share == pytest.approx(share, abs=6e-4) and found.label == label


@pytest.mark.parametrize(
    ("ratio", "stepped", "limited"), [(0.25, 0.0064, False), (1, 0.0217, False), (4, 0.0603, True)]
)
def test_section_8a_steps(ratio: float, stepped: float, limited: bool) -> None:
    found = sl.diagnosing.regime(EPOCH, params="70B", tokens="1.4T", batch_ratio=ratio)
    assert found.stepped == pytest.approx(stepped, abs=6e-5)
    assert (found.label == "step-limited") is limited


def test_section_8a_repetition() -> None:
    four = sl.diagnosing.regime(EPOCH, params="70B", tokens="1.4T", unique_tokens="350B")
    assert four.repeated == pytest.approx(0.0020, abs=6e-5) and four.epochs == 4
    assert four.label == "compute-limited"
    assert sl.diagnosing.regime(EPOCH, params="70B", tokens="1.4T", unique_tokens="200B").label == "data-limited"


def test_a_regime_counts_the_draws_that_agree() -> None:
    fit = sl.fit("chinchilla", sl.datasets.load("synthetic-ladder"), draws=50, starts=8)
    sure = sl.diagnosing.regime(fit, params="10M", tokens="1T")
    assert sure.label == "parameter-limited" and sure.agreement == 1.0
    assert EPOCH.draws is None and sl.diagnosing.regime(EPOCH, params="8B", tokens="15T").agreement is None
    with pytest.raises(BadInput, match="fit chinchilla"):
        sl.diagnosing.regime(sl.published(sl.laws.get("kaplan_joint"), "kaplan2020"), params="1B", tokens="1T")
    with pytest.raises(BadInput, match="at most tokens"):
        sl.diagnosing.regime(EPOCH, params="1B", tokens="1T", unique_tokens="2T")


@pytest.mark.parametrize(
    ("exponent", "label"), [(1.0, "variance-limited"), (0.3, "resolution-limited"), (1.6, "steeper than either")]
)
def test_section_8b_local_slopes(rng: np.random.Generator, exponent: float, label: str) -> None:
    x = np.geomspace(1e8, 1e11, 12)
    loss = 2 + 1e8**exponent * x**-exponent * np.exp(0.01 * rng.standard_normal(12))
    found = sl.diagnosing.local_slope("tokens", x, loss, floor=2.0)
    assert found.label == label and found.slope == pytest.approx(exponent, abs=5 * found.se)


def test_section_9a_hyperbola() -> None:
    """S_min = 1e4, E_min = 1e8: B = 5e3 takes 3e4 steps and 1.5e8 tokens."""
    batch = np.array([1e3, 4e3, 2e4, 1e5])
    found = sl.diagnosing.trade_off(batch, 1e4 * (1 + 1e4 / batch))
    assert found.min_steps == pytest.approx(1e4, rel=1e-6) and found.min_tokens == pytest.approx(1e8, rel=1e-6)
    assert found.steps(5e3) == pytest.approx(3e4, rel=1e-6) and found.tokens(5e3) == pytest.approx(1.5e8, rel=1e-6)
    assert (found.steps(7e3) / 1e4 - 1) * (found.tokens(7e3) / 1e8 - 1) == pytest.approx(1, rel=1e-6)


def test_a_trade_off_without_a_bend_is_refused() -> None:
    with pytest.raises(FitFailed, match="steps must fall and then level off"):
        sl.diagnosing.trade_off([1e3, 1e4, 1e5], [1e6, 1e5, 1e4])
    with pytest.raises(BadInput, match="3 batches"):
        sl.diagnosing.trade_off([1e3, 1e3, 1e4], [3e4, 3e4, 2e4])


def test_section_9a_gradient_noise_scale(rng: np.random.Generator) -> None:
    """Simulated truth 104.56 in 1000 dimensions, batches of 32 and 1024, 400 steps."""
    gradient = rng.standard_normal(1000)
    sd = np.sqrt(104.56 * gradient @ gradient / 1000)
    small = [np.sum((gradient + sd / np.sqrt(32) * rng.standard_normal(1000)) ** 2) for _ in range(400)]
    big = [np.sum((gradient + sd / np.sqrt(1024) * rng.standard_normal(1000)) ** 2) for _ in range(400)]
    assert sl.diagnosing.noise_scale(small, big, 32, 1024, decay=1)[-1] == pytest.approx(104.56, rel=0.02)
    with pytest.raises(BadInput, match="batch_small < batch_big"):
        sl.diagnosing.noise_scale(small, big, 1024, 32)


@pytest.mark.parametrize(
    ("dimension", "two_nn", "slope", "levina"), [(2, 2.04, 2.04, 1.98), (5, 4.69, 4.68, 4.55), (10, 8.53, 8.45, 8.23)]
)
def test_section_16_dimension_of_a_cube(dimension: int, two_nn: float, slope: float, levina: float) -> None:
    found = sl.diagnosing.intrinsic_dimension(np.random.default_rng(1).uniform(size=(4000, dimension)))
    assert found.two_nn == pytest.approx(two_nn, rel=0.04) and found.two_nn_slope == pytest.approx(slope, rel=0.05)
    assert found.levina_bickel == pytest.approx(levina, rel=0.02)
    low, high = found.exponent_prior
    assert low <= 4 / found.two_nn <= high and "a prior from theory, not a prediction" in str(found)


def test_duplicates_and_scales_do_not_change_a_dimension(rng: np.random.Generator) -> None:
    points = rng.uniform(size=(500, 3))
    once = sl.diagnosing.intrinsic_dimension(points)
    again = sl.diagnosing.intrinsic_dimension(np.vstack([points, points]) * np.array([1.0, 1e3, 1e-3]))
    assert again.points == 500 and again.two_nn == pytest.approx(once.two_nn, rel=1e-6)


def test_neighbours_are_the_nearest(rng: np.random.Generator) -> None:
    points = rng.standard_normal((700, 4))
    brute = np.sort(np.linalg.norm(points[:, None] - points, axis=-1), axis=1)[:, 1:4]
    np.testing.assert_allclose(nearest(points, 3), brute, rtol=1e-6, atol=1e-9)
