"""Critical batches and dimensions: fits with noise, their intervals, moving averages, and what is refused."""

import numpy as np
import pytest

import scalelaw as sl
from scalelaw.core.errors import BadInput
from scalelaw.diagnosing.critical_batch import NoiseScales, noise_scale, trade_off
from scalelaw.diagnosing.dimension import intrinsic_dimension

BATCH = np.geomspace(500, 3e5, 14)


def noisy(noise: float, seed: int = 0) -> np.ndarray:
    return 1e4 * (1 + 1e4 / BATCH) * np.exp(np.random.default_rng(seed).normal(0, noise, len(BATCH)))


def test_a_trade_off_is_least_squares_in_the_logarithm_of_steps():
    from scipy.optimize import curve_fit

    steps = noisy(0.1)
    found = trade_off(BATCH, steps)
    (log_steps, log_critical), _ = curve_fit(
        lambda batch, low, critical: low + np.log1p(np.exp(critical) / batch), BATCH, np.log(steps), [9.0, 9.0]
    )
    assert found.critical_batch == pytest.approx(np.exp(log_critical), rel=1e-4)
    assert found.min_steps == pytest.approx(np.exp(log_steps), rel=1e-4)
    assert found.min_tokens == pytest.approx(found.min_steps * found.critical_batch)
    residual = np.log(steps) - np.log([found.steps(each) for each in BATCH])
    assert found.rmse == pytest.approx(np.sqrt(np.mean(residual**2)))
    assert found.tokens(1e4) == pytest.approx(found.steps(1e4) * 1e4)


def test_more_noise_gives_a_wider_interval_that_holds_the_estimate():
    narrow, wide = (trade_off(BATCH, noisy(noise)) for noise in (0.02, 0.2))
    for each in (narrow, wide):
        assert each.interval is not None and each.interval[0] <= each.critical_batch <= each.interval[1]
        assert f"90 % interval {each.interval[0]:.4g} to {each.interval[1]:.4g}" in str(each)
    assert np.ptp(np.log(wide.interval)) > 3 * np.ptp(np.log(narrow.interval))
    inside = [trade_off(BATCH, noisy(0.1, seed), draws=60).interval for seed in range(12)]
    assert sum(lo <= 1e4 <= hi for lo, hi in inside) >= 8
    assert trade_off(BATCH[::5], noisy(0.0)[::5]).interval is None, "three pairs are too few to resample"
    assert trade_off(BATCH, noisy(0.1), draws=0).interval is None


def test_moving_averages_weigh_late_steps_by_their_decay():
    rng = np.random.default_rng(3)
    small, big = rng.uniform(5, 7, 30), rng.uniform(1, 2, 30)
    signal, noise = (100 * big - 10 * small) / 90, (small - big) / (1 / 10 - 1 / 100)
    smooth, by_hand = np.zeros(2), []
    for each in zip(signal, noise, strict=True):
        smooth = 0.8 * smooth + np.array(each)
        by_hand.append(smooth[1] / smooth[0] if smooth[0] > 0 else np.nan)
    np.testing.assert_allclose(noise_scale(small, big, 10, 100, decay=0.8), by_hand)
    np.testing.assert_allclose(noise_scale(small, big, 10, 100), noise_scale(small, big, 10, 100, decay=0.95))
    assert np.isnan(noise_scale([10.0], [0.5], 10, 100)[0]), "no gradient is left"
    for wrong in ({"decay": 0.0}, {"decay": 1.01}, {"batch_small": 0}, {"batch_small": 100}):
        with pytest.raises(BadInput, match=r"decay in \(0, 1\]"):
            noise_scale(small, big, **{"batch_small": 10, "batch_big": 100, **wrong})


def test_a_table_of_noise_scales_shows_the_tokens_that_a_batch_costs():
    run = {"run": "w64", "loss": 3.21, "batch_tokens": 4096, "noise_scale": 8192.0, "noise_scale_se": 512.0}
    text = str(NoiseScales((run,)))
    for each in ("w64", "3.2100", "4,096", "8,192", "512", "+50%"):
        assert each in text
    lines = [line for line in text.splitlines() if "w64" in line or "noise scale  " in line]
    assert len({len(line.rstrip()) for line in lines}) == 1, "numbers end where their titles do"


def test_a_dimension_needs_a_table_of_finite_numbers_and_enough_points(rng):
    for wrong in (np.ones(100), np.full((100, 2), np.nan), np.ones((2, 60, 2))):
        with pytest.raises(BadInput, match="points must be a table of finite numbers"):
            intrinsic_dimension(wrong)
    points = rng.uniform(size=(60, 3))
    for few, neighbours in ((points[:49], 20), (points, 59), (points, 1)):
        with pytest.raises(BadInput, match="too few for"):
            intrinsic_dimension(few, neighbours=neighbours)
    assert intrinsic_dimension(points, neighbours=58).neighbours == 58 and intrinsic_dimension(points[:50]).points == 50


def test_estimates_of_a_dimension_are_as_defined(rng):
    points = rng.standard_normal((600, 4))
    found = intrinsic_dimension(points, neighbours=10)
    scaled = (points - points.mean(axis=0)) / points.std(axis=0)
    near = np.sort(np.linalg.norm(scaled[:, None] - scaled, axis=-1), axis=1)[:, 1:11]
    log_ratio = np.sort(np.log(near[:, 1] / near[:, 0]))
    assert found.two_nn == pytest.approx(599 / log_ratio.sum(), rel=1e-6)
    kept = log_ratio[:540]
    survival = -np.log(1 - np.arange(1, 541) / 600)
    assert found.two_nn_slope == pytest.approx(kept @ survival / (kept @ kept), rel=1e-6)
    of_each = np.log(near[:, -1:] / near[:, :-1]).sum(axis=1) / 9
    assert found.levina_bickel == pytest.approx(1 / of_each.mean(), rel=1e-6)
    assert found.halved == pytest.approx(found.two_nn, rel=0.25) and found.halved != found.two_nn
    three = (found.two_nn, found.two_nn_slope, found.levina_bickel)
    assert found.exponent_prior == (4 / max(three), 4 / min(three))
    assert ("estimates above five are too low" in str(found)) is (found.two_nn > 5)
    wide = sl.diagnosing.intrinsic_dimension(rng.uniform(size=(500, 12)))
    assert wide.two_nn > 5 and "estimates above five are too low" in str(wide)
