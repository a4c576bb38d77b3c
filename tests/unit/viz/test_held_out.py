"""The figure of a held-out run: every number shown is one that was given, each run stands with its size."""

import numpy as np
import pytest

from scalelaw.runs.reading.load import load_runs
from scalelaw.viz.held_out import draw, held_out_info

matplotlib = pytest.importorskip("matplotlib")

ROWS = load_runs(
    {"params": [2e4, 1e4, 1e4], "tokens": [1e6, 2e6, 1e6], "flops": [1.2e11, 1.3e11, 6e10], "loss": [3.2, 3.3, 3.5]}
).endpoints()


def test_runs_stand_with_their_size_cheapest_first() -> None:
    info = held_out_info(ROWS, "w64", 5e11, (2.8, 2.9, 3.0), level=0.8, measured=2.95)
    assert list(info.sizes) == [1e4, 2e4]
    np.testing.assert_array_equal(info.sizes[1e4], [[6e10, 1.3e11], [3.5, 3.3]])
    assert (info.forecast, info.band, info.flops) == (2.9, (2.8, 3.0), 5e11)


@pytest.mark.parametrize(("measured", "said"), [(2.95, "inside"), (3.01, "outside"), (None, None)])
def test_what_lies_outside_the_band_is_said_to(measured: float | None, said: str | None) -> None:
    axes = draw(held_out_info(ROWS, "w64", 5e11, (2.8, 2.9, 3.0), level=0.8, measured=measured)).axes[0]
    labels = axes.get_legend_handles_labels()[1]
    told = [label for label in labels if "measured" in label]
    assert told == ([] if said is None else [f"w64: measured {measured:.3f}, {said}"])
    assert "best fitted run, 3.200" in labels and "w64: 80% band, frozen" in labels
