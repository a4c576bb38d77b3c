"""One trunk with branches: what it costs, where branches leave it, and the rate of every step."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scalelaw.core.errors import BadInput
from scalelaw.ladder import trunk

horizons = st.lists(st.integers(40, 4000), min_size=1, max_size=6, unique=True).map(lambda s: [100 * x for x in s])


def test_the_published_example_costs_three_fifths() -> None:
    grown = trunk([10e6, 20e6, 30e6], 1000)
    assert grown.tokens / grown.separate_tokens == pytest.approx(0.6)


@given(horizons, st.floats(0.05, 0.9))
def test_a_trunk_costs_less_than_separate_runs_and_more_than_the_longest(tokens: list[int], cooldown: float) -> None:
    grown = trunk(tokens, 100, cooldown=cooldown)
    longest = max(tokens)
    assert longest <= grown.tokens <= grown.separate_tokens == sum(tokens)
    if len(tokens) > 1:
        assert grown.tokens < grown.separate_tokens
    formula = (1 - cooldown) * longest + cooldown * sum(tokens)
    assert grown.tokens == pytest.approx(formula, abs=100 * (len(tokens) + 1))
    assert grown.unique_tokens == longest


@given(horizons, st.integers(0, 8))
def test_branches_share_the_rates_of_the_trunk_and_then_fall_to_the_end(tokens: list[int], warmup: int) -> None:
    grown = trunk(tokens, 100, warmup=warmup)
    for branch in grown.branches:
        shared = [grown.factor(step, branch) for step in range(branch.start)]
        assert shared == [grown.factor(step) for step in range(branch.start)]
        falling = [grown.factor(step, branch) for step in range(branch.start, branch.steps)]
        assert falling == sorted(falling, reverse=True)
        assert falling[0] <= 1 and falling[-1] == pytest.approx(1 / branch.cooldown)
        assert grown.factor(0) == (1.0 if warmup == 0 else 1 / warmup)
    assert max(branch.start for branch in grown.branches) == grown.length


def test_horizons_of_the_measured_ladder_are_whole_steps() -> None:
    assert [branch.tokens for branch in trunk([0.5e6, 1e6, 2e6, 4e6], 1024).branches] == [
        499_712, 1_000_448, 1_999_872, 3_999_744,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("tokens", "warmup", "said"),
    [
        ([], 0, "needs a horizon"),
        ([100], 0, "1 steps of 100; give at least 2"),
        ([10_000, 10_010], 0, "two horizons have the same length, 100 steps"),
        ([10_000], 90, "warmup of 90 steps overlaps the cooldown"),
    ],
)
def test_horizons_that_cannot_be_trained_are_refused(tokens: list[float], warmup: int, said: str) -> None:
    with pytest.raises(BadInput, match=said):
        trunk(tokens, 100, warmup=warmup)
