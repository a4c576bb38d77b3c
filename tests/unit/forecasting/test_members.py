"""Laws of an ensemble: which inputs each takes, with which prior, and how runs are weighed."""

import numpy as np
import pytest

from scalelaw.forecasting.members import members
from scalelaw.runs.observations import Observations

N = np.geomspace(1e7, 1e9, 12)


def rows(**columns: np.ndarray) -> Observations:
    return Observations("loss", columns, 2 + 10 * N**-0.2, np.arange(12), np.ones(12), 12)


@pytest.mark.parametrize(
    ("columns", "axis", "middle"),
    [
        ({"flops": 120 * N**2}, "flops", 0.15),
        ({"params": N}, "params", 0.33),
        ({"tokens": N}, "tokens", 0.33),
        ({"params": np.full(12, 1e8), "tokens": N}, "tokens", 0.33),
    ],
)
def test_runs_of_one_input_are_forecast_by_its_power_laws_with_and_without_a_floor(columns, axis, middle):
    found = members(rows(**columns))
    assert [each.law.spelling for each in found] == [
        f"power[input={axis}]" if axis != "flops" else "power",
        f"power[input={axis},floor=no]" if axis != "flops" else "power[floor=no]",
    ]
    assert dict(found[0].prior) == {"alpha": (middle, 1.42)} and dict(found[1].prior) == {"alpha": (0.08, 1.65)}
    spec = found[0].spec(30, 7)
    assert (spec.draws, spec.seed, spec.starts, spec.noise.kind, spec.noise.delta) == (30, 7, 8, "huber", 0.02)
    assert dict(spec.prior) == {"alpha": (middle, 1.42)}
