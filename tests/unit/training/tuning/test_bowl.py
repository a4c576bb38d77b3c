"""The bowl over rates and batches: exact where losses are one, honest where they are skewed, silent where too few."""

import math

import numpy as np
import pytest

from scalelaw.training.tuning.bowl import bowl

OCTAVE = math.log(2)


def skewed(octaves: np.ndarray, best: float) -> np.ndarray:
    """Return ln losses that rise more steeply above the best rate than below it, as measured ones do."""
    off = octaves - best
    return 1 + 0.02 * off**2 * (1 + 0.25 * np.tanh(off))


def test_an_exact_bowl_is_found_exactly_with_its_trade_between_rate_and_batch() -> None:
    """The best rate moves with the batch; at the batch that is best, not at the mean one."""
    x, b = (each.ravel() * OCTAVE for each in np.meshgrid(np.linspace(-1, 1, 9), [-1.0, 0.0, 1.0, 2.0]))
    y = 0.5 + 0.06 * (x - 0.4 * b - 0.1) ** 2 + 0.02 * (b - 0.9 * OCTAVE) ** 2
    found = bowl(x, y, b)
    assert found is not None and found.curvature == pytest.approx(0.12)
    assert found.log_batch == pytest.approx(OCTAVE) and not found.edge
    assert found.log_lr == pytest.approx(0.1 + 0.4 * OCTAVE, abs=0.01)
    assert found.cost(2) == pytest.approx(math.expm1(0.06 * OCTAVE**2)) and found.cost(0.5) == found.cost(2)
    assert found.by_batch[min(found.by_batch)] > found.value == min(found.by_batch.values())
    assert found.interval[1] - found.interval[0] < 0.02


def test_the_interval_holds_the_best_rate_of_skewed_and_noisy_losses(rng: np.random.Generator) -> None:
    """Nominal 90 %; a bowl without the cubic term has it in half of the cases."""
    inside, wide = 0, 0
    for _ in range(200):
        best, octaves = rng.uniform(-1, 1), np.arange(-2, 2.1, 1 / 3)
        found = bowl(octaves * OCTAVE, skewed(octaves, best) + 0.0015 * rng.standard_normal(len(octaves)), draws=200)
        assert found is not None
        inside += found.interval[0] <= best * OCTAVE <= found.interval[1]
        wide += found.interval[1] - found.interval[0] > OCTAVE
    assert 0.8 < inside / 200 <= 0.97 and wide < 20


def test_what_diverged_is_left_out_and_an_optimum_at_the_end_is_told() -> None:
    octaves = np.arange(-2, 2.1, 0.5)
    y = skewed(octaves, -3.0)
    found = bowl(octaves * OCTAVE, np.where(octaves > 1, np.inf, y))
    assert found is not None and found.edge and found.log_lr == pytest.approx(-2 * OCTAVE)


@pytest.mark.parametrize("octaves", [[-1.0, 0.0, 0.5, 1.0], [0.0, 0.0, 1.0, 1.0, 0.0, 1.0]])
def test_too_few_or_too_alike_rates_give_no_bowl(octaves: list[float]) -> None:
    assert bowl(np.array(octaves), skewed(np.array(octaves), 0.0)) is None


def test_without_a_bottom_a_factor_costs_nothing_that_could_be_told() -> None:
    octaves = np.arange(-2, 2.1, 0.5)
    found = bowl(octaves, 1 - 0.01 * octaves**2)
    assert found is not None and found.curvature is None and found.cost(2) is None
