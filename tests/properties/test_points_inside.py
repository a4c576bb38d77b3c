"""An interval that is printed holds the point it is printed beside, whatever the law, the runs and the level."""

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import scalelaw as sl
from scalelaw.core.errors import ScalelawWarning
from scalelaw.core.estimate import estimated
from scalelaw.core.forecaster import holding

pytestmark = pytest.mark.filterwarnings("ignore::scalelaw.core.errors.ScalelawWarning")
_LEVELS = (0.05, 0.5, 0.9, 0.99)
_ROW = re.compile(r"^  \w+\s+([-.e+\d]+)\s+[-.e+\d]+\s+([-.e+\d]+)\s+([-.e+\d]+)  [a-z]", re.MULTILINE)


@settings(max_examples=60, deadline=None)
@given(st.floats(-1e3, 1e3), st.lists(st.floats(-1e3, 1e3), min_size=2, max_size=30), st.sampled_from(_LEVELS))
def test_an_interval_of_draws_holds_its_point(value: float, draws: list[float], level: float) -> None:
    lo, hi = holding(value, np.array(draws), level)
    assert lo <= value <= hi
    assert estimated(value, np.array(draws), level, "1").holds(value)


def _several_sets(rng: np.random.Generator) -> dict[str, list[float | str]]:
    """Return losses of a few sizes on data sets of far different loss, which one curve of N fits badly."""
    sizes = np.sort(10 ** rng.uniform(7.5, 9.7, int(rng.integers(3, 6))))
    columns: dict[str, list[float | str]] = {"params": [], "loss": [], "corpus": []}
    for kind, level in enumerate(rng.uniform(0.8, 3, int(rng.integers(1, 4)))):
        for n in np.repeat(sizes, int(rng.integers(1, 5))):
            columns["params"].append(float(n))
            columns["loss"].append(float(level * (1 + 20 / n**0.25) * np.exp(0.02 * rng.standard_normal())))
            columns["corpus"].append(f"k{kind}")
    return columns


@pytest.mark.parametrize("intervals", ["laplace", "pairs"])
@pytest.mark.parametrize("seed", range(8))
def test_a_fit_prints_no_point_outside_its_interval(seed: int, intervals: str) -> None:
    rng = np.random.default_rng(seed)
    columns = _several_sets(rng)
    if len(columns["loss"]) < 4:
        columns = {name: values * 2 for name, values in columns.items()}
    fit = sl.fit("power[input=params]", columns, draws=150, intervals=intervals)
    for level in _LEVELS:
        for each in fit.coefficients(level).values():
            assert each["lo"] is None or each["lo"] <= each["value"] <= each["hi"], (level, each)
        for kind in ("mean", "new_run"):
            told = fit.predict({"params": np.array([1e7, 1e9, 1e11])}, level, kind)
            assert told.lo is None or np.all((told.lo <= told.mean) & (told.mean <= told.hi))
    shown = [tuple(map(float, row)) for row in _ROW.findall(str(fit))]
    assert all(lo <= value <= hi for value, lo, hi in shown), str(fit)
    left = 0 if fit.draws is None else len(fit.draws)
    if left < 75 and len(columns["loss"]) > 3:
        assert not shown and "so there are no intervals" in str(fit)
        assert fit.predict({"params": np.array([1e9])}).lo is None


def test_a_fit_that_lost_most_of_its_draws_gives_no_interval_and_says_so() -> None:
    rng = np.random.default_rng(3)
    sizes = np.repeat([5e8, 8e8, 1.2e9, 1.7e9, 3e9, 4.4e9], 8)
    loss = np.where(np.arange(48) % 2, 1.15, 2.1) * (1 - 0.03 * np.log(sizes / 5e8)) * np.exp(
        0.01 * rng.standard_normal(48)
    )  # fmt: skip
    with pytest.warns(ScalelawWarning):
        fit = sl.fit("power[input=params]", {"params": sizes, "loss": loss}, intervals="laplace")
    assert fit.draws is None or len(fit.draws) < 500
    assert set(fit.undetermined) == {"E", "A", "alpha"}
    said = str(fit)
    assert "so there are no intervals" in said and "unknown" in said
    assert "intervals   none: " in said and "compute" not in said
    assert "No intervals were computed." in fit.methods()
