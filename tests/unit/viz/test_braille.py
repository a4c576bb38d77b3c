"""The scatter of the terminal: every point is one dot, where it belongs."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from scalelaw.core.errors import BadInput
from scalelaw.viz.braille import scatter

positive = hnp.arrays(float, st.integers(1, 30), elements=st.floats(1e-3, 1e12))


def dots(drawn: str) -> int:
    return sum(bin(ord(sign) - 0x2800).count("1") for sign in drawn if 0x2800 <= ord(sign) < 0x2900)


@given(positive)
def test_there_are_as_many_dots_as_distinct_places(x: np.ndarray) -> None:
    drawn = scatter(x, x)
    assert 1 <= dots(drawn) <= len(x)
    assert len({len(line) for line in drawn.splitlines()[-2:]}) <= 2 and len(drawn.splitlines()) == 16


def test_corners_are_in_the_corners() -> None:
    top, bottom = scatter(np.array([1.0, 100.0]), np.array([10.0, 1.0]), columns=10, lines=3).splitlines()[:3:2]
    assert top.endswith("┤⠁") and bottom[-1] == "⢀" and len(bottom) == len("10 ┤") + 10


@pytest.mark.parametrize("values", [[], [0.0], [-1.0], [float("nan")]])
def test_what_has_no_logarithm_is_refused(values: list[float]) -> None:
    with pytest.raises(BadInput, match="positive x"):
        scatter(np.array(values), np.array(values))
