"""Figures of influence and robustness: what stands in them is what was found, and they draw."""

from pathlib import Path

import numpy as np
import pytest

import scalelaw as sl
from scalelaw.fitting.fit import fit_observations
from scalelaw.fitting.spec import FitSpec
from scalelaw.laws import get
from scalelaw.viz import influence, robustness, save

pytest.importorskip("matplotlib.figure")


def test_influence_shows_each_run_where_it_was_found(tmp_path: Path) -> None:
    observed = sl.datasets.load("synthetic-ladder").endpoints()
    found = fit_observations(get("chinchilla"), observed, FitSpec(draws=0, starts=4)).influence(flops=1e22)
    info = influence.influence_info(found)
    assert found.group is not None
    assert np.array_equal(info.without, found.without)
    assert np.allclose(info.distance, np.maximum(np.abs(found.group.distance), 0.1))
    assert info.group_value is None and not info.flagged.any()
    assert save(influence.draw(info), tmp_path / "influence.png").stat().st_size > 10_000
    by_rank = influence.influence_info(
        fit_observations(get("chinchilla"), observed.rows(np.arange(0, 42, 4)), FitSpec(draws=0, starts=4)).influence(
            "E"
        )
    )
    assert by_rank.ranked and not by_rank.relative
    assert sorted(by_rank.distance) == list(range(1, 12))


def test_robustness_shows_every_decision_and_its_interval() -> None:
    found = sl.robustness(sl.datasets.load("synthetic-ladder"), flops=1e22, draws=10, starts=4)
    info = robustness.robustness_info(found)
    assert info.ratio.tolist() == [each.ratio for each in found.outcomes]
    assert info.labels[0].startswith("base: ensemble")
    assert np.all(info.ends[0] <= info.ends[1])
    assert info.comparable.tolist() == [each.comparable for each in found.outcomes]
    drawn = robustness.draw(info)
    assert len(drawn.axes[0].get_yticks()) == len(found.outcomes)
