"""Shapes from one dial: exact counts by group, and widths that do not divide."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scalelaw.accounting import count_params
from scalelaw.core.errors import BadInput
from scalelaw.ladder import Shapes

MEASURED = {16: 6_226, 24: 13_946, 32: 24_738, 64: 98_626, 96: 221_666, 128: 393_858}
"""Width -> parameters without embeddings of the torch prototype (our prototype)."""


@pytest.mark.parametrize("width", MEASURED)
def test_counts_are_those_of_the_model_that_was_trained(width: int) -> None:
    counts = count_params(Shapes().at(width))
    assert counts.non_embedding == MEASURED[width]
    assert counts.input_embedding == counts.head == 512 * width


@given(st.integers(1, 8), st.sampled_from([8, 16, 64]), st.integers(2, 5000), st.integers(1, 6), st.integers(1, 12))
def test_counts_by_group_follow_the_matrices_of_the_block(
    layers: int, head_dim: int, vocab_size: int, ffn_ratio: int, heads: int
) -> None:
    d = heads * head_dim
    counts = count_params(Shapes(layers, head_dim, vocab_size, ffn_ratio).at(d))
    assert counts.attention == layers * 4 * d * d
    assert counts.mlp == layers * 2 * ffn_ratio * d * d
    assert counts.norms == layers * (2 * d + 1) + d
    assert counts.biases == counts.positions == counts.router == 0
    assert counts.total == counts.attention + counts.mlp + counts.norms + 2 * vocab_size * d


def test_a_width_between_multiples_takes_wider_heads() -> None:
    assert (Shapes().at(24).heads, Shapes().at(24).head_width) == (1, 24)
    assert (Shapes().at(72).heads, Shapes().at(72).head_width) == (4, 18)


@pytest.mark.parametrize(("width", "near"), [(50, "48 and 54 do"), (8, "16 does"), (17, "16 and 18 do")])
def test_a_width_that_does_not_divide_names_the_nearest_that_do(width: int, near: str) -> None:
    with pytest.raises(BadInput, match=f"width {width} does not divide .* {near}"):
        Shapes().at(width)


@given(st.integers(16, 2000))
def test_the_widths_it_names_do_divide(width: int) -> None:
    shapes = Shapes()
    if shapes.divides(width):
        shape = shapes.at(width)
        assert shape.attention_width == width
        assert shape.head_width % 2 == 0 and shape.head_width >= 16
    else:
        with pytest.raises(BadInput):
            shapes.at(width)


@pytest.mark.parametrize("wrong", [{"layers": 0}, {"head_dim": 15}, {"vocab_size": 1.5}, {"ffn_ratio": True}])
def test_impossible_shapes_are_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(BadInput, match=next(iter(wrong))):
        Shapes(**wrong)
