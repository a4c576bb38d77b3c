"""The cheapest ladder: it is as sure as asked, cheaper ones are not, and what cannot be had is said."""

from functools import cache

import pytest

import scalelaw as sl
from scalelaw.core.errors import BadInput
from scalelaw.designing.assumed import assumed
from scalelaw.designing.candidates import Search
from scalelaw.ladder import Data, Ladder, Shapes, recipe

TARGET = 1e14


@cache
def found(half_width: float) -> sl.designing.Design:
    return sl.designing.design(TARGET, half_width)


def test_it_is_as_sure_as_asked_and_is_what_it_says() -> None:
    chosen = found(0.05)
    assert chosen.half_width.total is not None and chosen.half_width.total <= 0.05
    again = sl.designing.expected_half_width(chosen.ladder)
    assert again.total == chosen.half_width.total
    assert chosen.dry_run.flops() == pytest.approx(chosen.ladder.flops)
    assert chosen.ladder.flops < TARGET


def test_no_cheaper_candidate_is_as_sure() -> None:
    search = Search(assumed("cpu-text"), TARGET, 0.9)
    best, tried = next(search.cheapest(0.05))
    assert search.candidates[tried - 1] is best
    assert [each.flops for each in search.candidates] == sorted(each.flops for each in search.candidates)
    for at in range(0, tried - 1, max(1, tried // 50)):
        assert search.weighed(at) > 0.05


def test_candidates_are_weighed_as_the_ladder_is() -> None:
    search = Search(assumed("cpu-text"), TARGET, 0.9)
    for at in range(0, len(search.candidates), max(1, len(search.candidates) // 12)):
        each = search.candidates[at]
        ladder = search.ladder(each)
        assert search.sure(ladder).total == pytest.approx(search.weighed(at), rel=0.02)
        assert ladder.flops == pytest.approx(each.flops, rel=0.02)


def test_more_certainty_costs_more() -> None:
    costs = [found(width).ladder.flops for width in (0.04, 0.05, 0.06)]
    assert costs == sorted(costs, reverse=True)
    prices = [flops for _, flops in found(0.05).prices if flops is not None]
    assert prices == sorted(prices, reverse=True)


def test_no_run_is_longer_than_the_text() -> None:
    like = Ladder("like", (sl.Grid((32,), ("1M",)),), data=Data(unique_tokens=20e6))
    chosen = sl.designing.design(TARGET, 0.1, like=like).ladder
    assert chosen.tokens <= 20e6
    everything = max(Search(assumed("cpu-text"), TARGET, 0.9).candidates, key=lambda each: each.flops)
    assert max(everything.ratios) * everything.widths[-1] ** 2 * 24 > 20e6


def test_what_cannot_be_had_says_what_can() -> None:
    with pytest.raises(BadInput, match=r"has a half-width of 0.10%: the best of \d+ has"):
        sl.designing.design(TARGET, 0.001)


def test_shapes_recipe_and_data_are_taken_from_a_ladder() -> None:
    like = Ladder(
        "like", (sl.Grid((32, 64), ("1M", "2M")),), Shapes(vocab_size=1024), recipe("adamw-cpu"), Data("my/text")
    )
    chosen = sl.designing.design(TARGET, 0.05, like=like).ladder
    assert (chosen.shapes, chosen.recipe, chosen.data) == (like.shapes, like.recipe, like.data)


@pytest.mark.parametrize(
    ("target", "half_width", "said"), [(-1.0, 0.02, "target=-1"), (1e22, 2.0, "half_width=2"), (1e7, 0.02, "no ladder")]
)
def test_impossible_wishes_are_refused(target: float, half_width: float, said: str) -> None:
    with pytest.raises(BadInput, match=said):
        sl.designing.design(target, half_width)


def test_it_prints_and_exports() -> None:
    chosen = found(0.05)
    assert "Cost of other half-widths" in str(chosen)
    assert chosen.to_dict()["schema"] == "scalelaw.design/1"
    assert chosen.toml().startswith("# A ladder of small runs")
