"""What a plan says of itself: caveats first, and how far it goes beyond what was fitted on either side."""

import numpy as np

from scalelaw import datasets
from scalelaw.fitting.fit import fit_observations, make_spec
from scalelaw.fitting.published import published
from scalelaw.laws import get
from scalelaw.planning.solve import plan


def test_a_plan_from_a_doubtful_fit_says_so_first() -> None:
    observed = datasets.load("synthetic-ladder").endpoints()
    doubtful = fit_observations(get("chinchilla"), observed, make_spec(draws=0, bounds={"alpha": (0.5, None)}))
    assert "alpha" in doubtful.status.at_bounds
    first = plan(doubtful, flops=1e22).assumptions[0]
    assert first.startswith("CAUTION: the optimum is in doubt") and "alpha" in first


def test_the_note_of_published_constants_is_repeated() -> None:
    answer = plan(published(get("chinchilla"), "hoffmann2022"), flops=1e22)
    assert answer.assumptions[0].startswith("CAUTION: chinchilla@hoffmann2022: fits its own points badly")


def test_a_plan_below_the_smallest_run_says_how_far() -> None:
    fitted = fit_observations(get("chinchilla"), datasets.load("synthetic-ladder").endpoints(), make_spec(draws=0))
    answer = plan(fitted, flops=1e15)
    line = next(line for line in answer.assumptions if line.startswith("extrapolated below"))
    factor = fitted.domain["flops"][0] / 1e15
    assert f"flops 1/{factor:.3g}" in line and np.isfinite(answer.loss.value)
