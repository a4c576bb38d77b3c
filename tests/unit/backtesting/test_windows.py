"""Windows: nothing of a tested run is ever fitted, cuts are spread and worth scoring, reach is what it says."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from scalelaw.backtesting.windows import WindowRules, windows
from scalelaw.core.types import AnyArray
from scalelaw.runs.observations import Observations

EASY = WindowRules(min_train=3, min_test=1, min_sizes=2, min_decades=0.1, most_cuts=10)


def _observed(flops: AnyArray, cluster: AnyArray | None = None, **columns: AnyArray) -> Observations:
    flops = np.asarray(flops, float)
    n = len(flops)
    run = np.arange(n) if cluster is None else np.asarray(cluster)
    return Observations("loss", {"flops": flops, **columns}, np.arange(n) + 1.0, run, np.ones(n), n)


def test_rows_below_the_cut_train_and_the_others_test() -> None:
    found = windows(_observed([1e18, 2e18, 4e18, 8e18, 1.6e19, 3.2e19]), ["flops"], EASY)
    assert [window.below for window in found] == [8e18, 1.6e19, 3.2e19]
    assert [window.train.y.tolist() for window in found] == [[1, 2, 3], [1, 2, 3, 4], [1, 2, 3, 4, 5]]
    assert [window.test.y.tolist() for window in found] == [[4, 5, 6], [5, 6], [6]]
    assert [window.reach for window in found] == pytest.approx([8.0, 4.0, 2.0])


def test_reach_is_the_largest_tested_over_the_largest_fitted_whatever_the_order() -> None:
    found = windows(_observed([4e18, 1e20, 1e18, 9e18, 3e18, 2e18]), ["flops"], replace(EASY, min_train=5))
    assert [(window.below, window.reach) for window in found] == [(1e20, pytest.approx(100 / 9))]


def test_a_run_with_rows_on_both_sides_only_tests() -> None:
    flops = [1e18, 2e18, 4e18, 5e18, 6e18, 2e19, 4e19]
    run = [0, 1, 2, 3, 9, 9, 9]
    found = windows(_observed(flops, run), ["flops"], replace(EASY, min_train=4, min_test=2))
    assert [window.below for window in found] == [6e18, 2e19]
    window = found[1]
    assert window.train.cluster.tolist() == [0, 1, 2, 3] and window.test.cluster.tolist() == [9, 9]
    assert window.reach == pytest.approx(4e19 / 5e18)


@pytest.mark.parametrize("seed", range(5))
def test_no_window_leaks(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n = 120
    run = rng.integers(0, 40, n)
    params = np.exp(rng.uniform(17, 24, 40))[run]
    tokens = np.exp(rng.uniform(21, 27, n))
    observed = _observed(6 * params * tokens, run, params=params, tokens=tokens)
    found = windows(observed)
    assert found
    for window in found:
        train, test = window.train.columns[window.axis], window.test.columns[window.axis]
        assert train.max() < window.below <= test.min()
        assert not set(window.train.cluster) & set(window.test.cluster)
        assert window.reach == pytest.approx(test.max() / train.max()) and window.reach > 1
        assert len(window.train) >= 8 and len(window.test) >= 4
        assert np.log10(train.max() / train.min()) >= 0.7 and len(np.unique(train)) >= 3


def test_cuts_expand_are_spread_and_at_most_four_an_axis() -> None:
    found = windows(_observed(np.geomspace(1e18, 1e21, 40)), ["flops"])
    assert len(found) == 4
    sizes = [len(window.train) for window in found]
    assert sizes == sorted(set(sizes)) and sizes[-1] == 36
    assert np.ptp(np.diff(sizes)) <= 1, "spread evenly in rank"
    assert sizes[0] == 11, "eight rows, and 0.7 decades"


def test_axes_come_in_order_and_absent_ones_are_left_out() -> None:
    n = 40
    params = np.tile(np.geomspace(1e7, 1e9, 10), 4)
    observed = _observed(6 * params * np.geomspace(1e9, 1e11, n), params=params)
    assert list(dict.fromkeys(window.axis for window in windows(observed))) == ["flops", "params"]


@pytest.mark.parametrize(
    "rules",
    [{"min_train": 6}, {"min_test": 4}, {"min_sizes": 6}, {"min_decades": 2.0}],
    ids=str,
)
def test_windows_not_worth_scoring_are_not_made(rules: dict[str, Any]) -> None:
    observed = _observed([1e18, 2e18, 4e18, 8e18, 1.6e19, 3.2e19])
    assert not windows(observed, ["flops"], replace(EASY, **rules))


def test_rows_without_the_axis_neither_train_nor_test() -> None:
    observed = _observed([1e18, 2e18, 4e18, np.nan, 1.6e19, 3.2e19])
    for window in windows(observed, ["flops"], EASY):
        assert 4.0 not in window.train.y and 4.0 not in window.test.y


@pytest.mark.parametrize(("rule", "exact"), [("min_train", 5), ("min_test", 1), ("min_sizes", 5), ("min_decades", 1.0)])
def test_a_window_that_just_meets_a_rule_is_scored(rule: str, exact: float) -> None:
    """Five fitted rows over one decade and one beyond: each rule holds at its number, and not above it."""
    observed = _observed([1e18, 2e18, 4e18, 8e18, 1e19, 1e20])
    assert [each.below for each in windows(observed, ["flops"], replace(EASY, **{"min_train": 5, rule: exact}))] == [
        1e20
    ]
    above = exact + 0.001 if rule == "min_decades" else exact + 1
    assert not windows(observed, ["flops"], replace(EASY, **{"min_train": 5, rule: above}))


def test_runs_and_every_kind_of_params_must_vary_as_asked() -> None:
    flops = np.geomspace(1e18, 1e20, 9)
    params = np.array([1, 1, 1, 2, 2, 2, 3, 3, 3]) * 1e8
    rules = replace(EASY, min_params=3, min_train=2)
    found = windows(_observed(flops, params=params), ["flops"], rules)
    assert [each.below for each in found] == pytest.approx(flops[7:].tolist())
    few_runs = windows(_observed(flops, np.array([0, 0, 0, 0, 1, 1, 1, 2, 3]), params=flops), ["flops"], rules)
    assert [each.below for each in few_runs] == pytest.approx([flops[8]])


def test_rows_beyond_the_longest_reach_are_not_scored() -> None:
    flops = [1e18, 2e18, 4e18, 1.2e19, 1.3e19, 9e19]
    found = windows(_observed(flops), ["flops"], replace(EASY, most_reach=3.0))
    by_cut = {each.below: (len(each.test), each.reach) for each in found}
    assert by_cut[1.2e19] == (1, pytest.approx(3.0)) and 9e19 not in by_cut


def test_values_that_are_not_positive_are_no_place_on_an_axis() -> None:
    found = windows(_observed([1e18, 2e18, 4e18, 0.0, -1.0, 3e19]), ["flops"], EASY)
    assert [(len(each.train), len(each.test)) for each in found] == [(3, 1)]


def test_fewer_cuts_are_asked_for_by_number() -> None:
    observed = _observed(np.geomspace(1e18, 1e21, 40))
    assert len(windows(observed, ["flops"], WindowRules().with_most(2))) == 2
    assert WindowRules().with_most(2) == replace(WindowRules(), most_cuts=2)
