"""Noise of scores: the check values of laws/downstream.md, section 11."""

import math
from collections.abc import Callable

import pytest

from scalelaw.core.benchmarks.item_noise import (
    design_effect,
    items_needed,
    paired_se,
    resampled_se,
    share_se,
    smallest_gain,
    wilson,
)
from scalelaw.core.errors import BadInput


@pytest.mark.parametrize(
    ("items", "share", "se"),
    [(164, 0.7, 0.03578), (1319, 0.5, 0.01377), (30, 0.5, 0.09129), (198, 0.5, 0.03553), (14042, 0.7, 0.00387)],
    ids=["HumanEval", "GSM8K", "AIME", "GPQA-D", "MMLU"],
)
def test_standard_errors_of_benchmarks(items: int, share: float, se: float) -> None:
    assert share_se(share, items) == pytest.approx(se, abs=5e-6)


def test_arc_challenge() -> None:
    """The published 0.01461 is at one half."""
    assert share_se(0.5, 1172) == pytest.approx(0.01461, abs=5e-6)


def test_wilson_of_thirty_items() -> None:
    assert wilson(0, 30) == pytest.approx((0, 0.1135), abs=5e-5)
    assert wilson(0.7, 30) == pytest.approx((0.5212, 0.8334), abs=5e-5)


def test_clusters_pairs_and_samples() -> None:
    assert design_effect(5, 0.3) == pytest.approx(2.2)
    assert paired_se(0.72, 0.70, 1000, 0.6) == pytest.approx(0.01283, abs=5e-6)
    assert paired_se(0.72, 0.70, 1000) == pytest.approx(0.02029, abs=5e-6)
    assert resampled_se(0.15, 0.06, 500, 1) == pytest.approx(0.02049, abs=5e-6)
    assert resampled_se(0.15, 0.06, 500, 8) == pytest.approx(0.01775, abs=5e-6)


def test_items_for_one_point() -> None:
    assert items_needed(0.01, 0.7) == 32966
    assert smallest_gain(share_se(0.7, 32966)) == pytest.approx(0.01, rel=1e-4)


def test_what_is_derived_agrees_with_what_it_is_derived_from() -> None:
    for share in (0.1, 0.37, 0.9):
        assert items_needed(0.02, share, correlation=0.6) == pytest.approx(0.4 * items_needed(0.02, share), rel=1e-3)
        assert items_needed(0.02, share, design_effect=2.2) == pytest.approx(2.2 * items_needed(0.02, share), rel=1e-3)
        low, high = wilson(share, 1e6)
        assert (high - low) / 2 == pytest.approx(1.959964 * share_se(share, 1e6), rel=1e-4)
        assert wilson(1 - share, 50) == pytest.approx([1 - end for end in reversed(wilson(share, 50))])
        assert paired_se(share, share, 100) == pytest.approx(math.sqrt(2) * share_se(share, 100))


@pytest.mark.parametrize(
    ("call", "word"),
    [
        (lambda: share_se(62, 100), "62"),
        (lambda: share_se(0.5, 0), "0 items"),
        (lambda: share_se(math.nan, 10), "nan"),
        (lambda: wilson(0.5, 30, 95), "95"),
        (lambda: design_effect(0.5, 0.1), "0.5"),
        (lambda: design_effect(5, 1.5), "1.5"),
        (lambda: resampled_se(-0.1, 0.1, 10), "-0.1"),
        (lambda: resampled_se(0.1, 0.1, 10, 0), "0 answers"),
        (lambda: paired_se(0.5, 0.5, 10, 2), "2"),
        (lambda: smallest_gain(-1), "-1"),
        (lambda: smallest_gain(0.1, power=0.2), "0.2"),
        (lambda: items_needed(0, 0.5), "0"),
        (lambda: items_needed(1, 0.5), "1"),
    ],
)
def test_numbers_out_of_range_are_refused_by_value(call: Callable[[], object], word: str) -> None:
    with pytest.raises(BadInput, match=word) as error:
        call()
    assert "give" in str(error.value)
