"""The cut shown is the nearest in reach that holds out enough runs to say something."""

from itertools import pairwise

import numpy as np
import pytest

from scalelaw.backtesting.backtest import Backtest, Cut
from scalelaw.backtesting.score import Score
from scalelaw.fitting.spec import FitSpec

SCORE = Score(0.01, 0.0, 0.9, None)


def _backtest(cuts: list[tuple[str, float, int]]) -> Backtest:
    made = tuple(Cut(axis, 1.0, reach, 20, held, 0.9, SCORE, {}) for axis, reach, held in cuts)
    return Backtest(None, "loss", made, FitSpec())


def test_many_runs_far_out_come_before_a_handful_near() -> None:
    found = _backtest([("flops", 4.3, 4), ("flops", 54.0, 76), ("flops", 600.0, 120)]).nearest(10.0)
    assert found is not None and (found.reach, found.n_test) == (54.0, 76)


@pytest.mark.parametrize("seed", range(20))
def test_the_nearest_of_those_that_hold_out_enough(seed: int) -> None:
    rng = np.random.default_rng(seed)
    held = np.sort(rng.integers(4, 60, int(rng.integers(1, 7))))
    reach = np.sort(10 ** rng.uniform(0.3, 3, len(held)))
    asked = float(10 ** rng.uniform(0, 2.5))
    cuts = [("flops", float(far), int(count)) for far, count in zip(reach, held, strict=True)]
    found = _backtest([("tokens", asked, 99), *cuts]).nearest(asked)
    assert found is not None and found.axis == "flops"
    enough = [each for each in cuts if each[2] >= min(8, held.max() / 3)]
    near = min(enough, key=lambda each: abs(np.log(each[1] / asked)))
    assert (found.reach, found.n_test) == (near[1], near[2])
    assert all(one[1] <= other[1] for one, other in pairwise(cuts))


def test_cuts_that_all_hold_out_few_are_shown_by_reach() -> None:
    found = _backtest([("flops", 4.0, 5), ("flops", 12.0, 4), ("flops", 90.0, 7)]).nearest(10.0)
    assert found is not None and found.reach == 12.0
