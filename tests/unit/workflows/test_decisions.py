"""Decisions: what a plan names is scored by the profile of the budget itself, and factors are no larger than needed."""

import numpy as np
import pytest

from scalelaw.planning.ratio import literature
from scalelaw.workflows.decisions import Decision, learned

SIZES = np.linspace(np.log(1e8), np.log(1e10), 201)
PRODUCT = float(np.log(1e20 / 6))


def decision(rng: np.random.Generator, off: float, table: str = "t", spread: float = 0.2) -> Decision:
    """A budget whose own ratio lies ``off`` standard deviations of the draws from their middle."""
    middle = literature().mean
    best = (PRODUCT - middle - off * spread) / 2
    losses = 3 * (1 + 0.01 * (SIZES - best) ** 2)
    return Decision(
        table, "g", 1e20, best, PRODUCT, middle + spread * rng.standard_normal(400), np.stack([SIZES, losses])
    )


def test_the_size_named_has_the_ratio_of_both(rng: np.random.Generator) -> None:
    made = decision(rng, 0.0)
    assert made.named(1.0) == pytest.approx(made.best, abs=0.03)
    assert made.rule == pytest.approx((PRODUCT - np.log(20)) / 2)


def test_regret_is_the_loss_lost_by_the_profile(rng: np.random.Generator) -> None:
    made = decision(rng, 0.0)
    assert made.regret(made.best) == pytest.approx(0.0, abs=1e-5)
    assert made.regret(made.best + 1.0) == pytest.approx(0.01, rel=0.02)
    assert made.regret(0.0) == pytest.approx(0.01 * (SIZES[0] - made.best) ** 2, rel=0.02), (
        "the end of what was trained"
    )


def test_the_factor_is_the_least_that_holds_enough(rng: np.random.Generator) -> None:
    near = [decision(rng, off, f"t{i}") for i, off in enumerate(np.linspace(-1.4, 1.4, 20))]
    assert learned(near) == 1.0
    far = [decision(rng, off, f"t{i}") for i, off in enumerate(np.linspace(-3, 3, 40))]
    factor = learned(far)
    assert 1.5 < factor < 2.6
    assert np.mean([each.holds(factor) for each in far]) >= 0.88
    assert np.mean([each.holds(factor - 0.2) for each in far]) < 0.9


def test_tables_count_alike(rng: np.random.Generator) -> None:
    """Forty decisions of one table that need no widening do not hide five tables of one decision that do."""
    calm = [decision(rng, 0.1, "calm") for _ in range(40)]
    wild = [decision(rng, 2.5, f"wild {i}") for i in range(5)]
    assert learned([*calm, *wild]) > 1.3
