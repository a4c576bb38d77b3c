"""The figure of emergence: its data are the result's, and it draws with and without a continuous metric."""

import numpy as np
import pytest

import scalelaw as sl
from scalelaw.viz.emergence import draw, emergence_info


@pytest.mark.parametrize("axis", ["flops", "loss"])
@pytest.mark.parametrize("beside", [True, False])
def test_the_figure_shows_score_onset_and_chance(axis: str, beside: bool) -> None:
    pyplot = pytest.importorskip("matplotlib.pyplot")
    x = np.linspace(18, 23, 10)
    table = {
        "flops": 10**x, "loss": 4 - 0.1 * (x - 18), "score@made": np.round(1000 / (1 + np.exp(22 - x))) / 1000,
        "n_items": [1000] * 10, "chance": [0.0] * 10, "logprob@made": -100 * 10 ** (-0.1 * (x - 18)),
    }  # fmt: skip
    found = sl.emergence(table, "score@made", axis=axis, continuous="logprob@made" if beside else None, draws=10)
    info = emergence_info(found)
    assert info.score == pytest.approx(table["score@made"]) and (info.continuous is not None) == beside
    assert info.x == pytest.approx(table[axis])
    figure = draw(info)
    assert len(figure.axes) == 1 + beside
    labels = [each.get_text() for each in figure.axes[0].get_legend().get_texts()]
    assert any("chance" in each for each in labels) and any("onset" in each for each in labels)
    pyplot.close("all")
    own, axes = pyplot.subplots()
    assert draw(info, axes) is own
    pyplot.close("all")
