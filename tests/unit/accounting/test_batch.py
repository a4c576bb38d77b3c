"""Steps and compute at another batch: limits, and what is refused."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scalelaw.accounting.batch import min_flops, min_steps
from scalelaw.core.errors import BadInput

SIZES = st.floats(1e3, 1e8)


@given(SIZES, SIZES)
def test_steps_and_tokens_trade_on_a_hyperbola(batch: float, critical: float) -> None:
    """(S / S_min - 1) (E / E_min - 1) = 1 (McCandlish et al. 2018), compute standing for tokens."""
    steps, flops = 1 / min_steps(1.0, batch, critical), 1 / min_flops(1.0, batch, critical)
    assert (steps - 1) * (flops - 1) == pytest.approx(1, rel=1e-9)


def test_limits() -> None:
    assert min_steps(1e4, 1e12, 1e6) == pytest.approx(1e4, rel=1e-5)
    assert min_flops(1e21, 1.0, 1e6) == pytest.approx(1e21, rel=1e-5)
    assert min_steps(np.array([1e4, 2e4]), 1e6, 1e6) == pytest.approx([5e3, 1e4])


def test_what_is_not_positive_is_refused() -> None:
    with pytest.raises(BadInput, match="batch_tokens must be positive, got 0"):
        min_steps(1e4, 0.0, 1e6)
    with pytest.raises(BadInput, match="critical_batch must be positive, got -1"):
        min_flops(1e21, 1e6, np.array([1.0, -1.0]))


@pytest.mark.parametrize("call", [min_steps, min_flops])
@pytest.mark.parametrize("at", [0, 1, 2])
def test_each_argument_must_be_positive(call, at: int) -> None:
    given = [1e4, 1e6, 1e6]
    given[at] = 0.0
    with pytest.raises(BadInput, match="must be positive, got 0"):
        call(*given)
