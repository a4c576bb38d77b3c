"""Influence and robustness on Chinchilla's 245 digitised points, against figures measured independently (PEERS)."""

from pathlib import Path

import numpy as np
import pytest

import scalelaw as sl
from scalelaw.fitting.checks.influence import Influence
from scalelaw.fitting.fit import fit_observations
from scalelaw.fitting.solver.noise import Noise
from scalelaw.fitting.spec import FitSpec
from scalelaw.laws import get
from scalelaw.runs.observations import Observations

pytestmark = pytest.mark.data
BUDGET = 5.76e23


@pytest.fixture(scope="module")
def points(data_dir: Path) -> Observations:
    return sl.load_runs(data_dir / "chinchilla_epoch" / "svg_extracted_data.csv").endpoints()


@pytest.fixture(scope="module")
def five(points: Observations) -> list[int]:
    return sorted(np.argsort(-points.y)[:5].tolist())


@pytest.fixture(scope="module")
def found(points: Observations) -> Influence:
    return fit_observations(get("chinchilla"), points, FitSpec(draws=0)).influence(flops=BUDGET)


def _row(name: float | str) -> int:
    """Return the place of a run that the file does not name, from ``row 7``."""
    return int(str(name).removeprefix("row ")) - 1


def test_one_at_a_time_the_five_hide_each_other(found: Influence, five: list[int]) -> None:
    by_run = {_row(run["run"]): i for i, run in enumerate(found.runs)}
    assert sorted(found.rank[by_run[run]] for run in five) == [1, 3, 11, 19, 24]
    assert found.value == pytest.approx(6.8, abs=0.05)
    assert found.without[np.argmin(found.rank)] == pytest.approx(10.1, abs=0.05)


def test_the_group_is_exactly_the_five(found: Influence, five: list[int]) -> None:
    assert found.group is not None
    assert sorted(_row(found.runs[i]["run"]) for i in found.group.members) == five
    assert found.group.value == pytest.approx(17.9, abs=0.05)


@pytest.mark.parametrize("noise", [Noise("squared"), Noise("absolute")], ids=str)
def test_the_group_is_the_same_by_other_loss_functions(points: Observations, five: list[int], noise: Noise) -> None:
    group = fit_observations(get("chinchilla"), points, FitSpec(noise=noise, draws=0)).influence(flops=BUDGET).group
    assert group is not None
    assert sorted(group.members) == five


@pytest.mark.slow
def test_defensible_choices_span_what_was_measured(points: Observations) -> None:
    found = sl.robustness(points, flops=BUDGET, draws=0, starts=16)
    low, high = found.range()
    assert low < 5.7
    assert high > 18
    assert found.disagree
    ratios = {each.label: each.ratio for each in found.outcomes}
    assert found.base.ratio == pytest.approx(6.8, abs=0.05)
    assert ratios["5 outlying rows left out"] == pytest.approx(17.9, abs=0.1)
    assert ratios["least squares, on log loss, 5 outlying rows left out"] == pytest.approx(14.3, abs=0.1)
    assert ratios["least squares, on the loss itself, 5 outlying rows left out"] == pytest.approx(10.4, abs=0.1)
    assert ratios["least absolute, on log loss, 5 outlying rows left out"] == pytest.approx(18.3, abs=0.1)
