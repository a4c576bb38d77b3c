"""Noise of readings, as a forecast of a curve estimates it."""

import numpy as np
import pytest

from scalelaw.curves.curve_forecast import LEAST_NOISE, _noise


@pytest.mark.parametrize("noise", [0.004, 0.02, 0.1])
def test_the_noise_of_readings_is_found(noise: float) -> None:
    time = np.arange(1.0, 4001.0)
    loss = (2 + 20 * time**-0.5) * np.exp(np.random.default_rng(1).normal(0, noise, len(time)))
    assert _noise(time, loss) == pytest.approx(max(noise, LEAST_NOISE), rel=0.06)
    loss[:1000] *= np.exp(np.random.default_rng(2).normal(0, 1, 1000))
    assert _noise(time, loss) == pytest.approx(max(noise, LEAST_NOISE), rel=0.06), "the first third does not count"


def test_a_few_readings_and_smooth_ones_have_the_least_noise() -> None:
    few = np.arange(1.0, 5.0)
    assert _noise(few, np.array([4.0, 3.0, 5.0, 2.0])) == LEAST_NOISE
    time = np.arange(1.0, 401.0)
    assert _noise(time, 2 + 20 * time**-0.5) == pytest.approx(LEAST_NOISE, rel=0.5)
