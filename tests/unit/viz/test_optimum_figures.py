"""Figures of the optimum without a law: what is drawn is what the analysis found, band, stars and set-aside budgets."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from scalelaw.allocation.explanation import explain
from scalelaw.allocation.isoflop_analysis import isoflop_observations
from scalelaw.allocation.isoflop_result import IsoFlop
from scalelaw.allocation.isoflop_spec import IsoFlopSpec
from scalelaw.allocation.three_approaches import approaches
from scalelaw.runs.observations import Observations
from scalelaw.runs.reading.load import load_runs
from scalelaw.runs.table import RunTable
from scalelaw.viz import approaches as three
from scalelaw.viz import isoflop, save, waterfall

matplotlib_figure = pytest.importorskip("matplotlib.figure")
FLOPS = np.array([1e18, 3e18, 1e19, 3e19])


def columns(noise: float = 0.002) -> dict[str, np.ndarray]:
    flops = np.repeat(FLOPS, 7)
    params = 0.12 * flops**0.51 * np.tile(np.geomspace(0.2, 5, 7), 4)
    tokens = flops / 6 / params
    error = np.exp(np.random.default_rng(0).normal(0, noise, 28))
    return {"params": params, "tokens": tokens, "flops": flops,
            "loss": (1.8 + 480 / params**0.35 + 2100 / tokens**0.37) * error}  # fmt: skip


@pytest.fixture(scope="module")
def runs() -> RunTable:
    return load_runs(columns())


@pytest.fixture(scope="module")
def found(runs: RunTable) -> IsoFlop:
    rows: Observations = runs.endpoints()
    first = np.isclose(rows.columns["flops"], FLOPS[0])
    t = np.log(rows.columns["params"])
    bent = np.where(first, 4 - 0.02 * (t - t[first].mean()) ** 2, rows.y)
    return isoflop_observations(replace(rows, y=bent), IsoFlopSpec(draws=40, window=1e6))


def test_profiles_hold_every_run_and_the_optima_found(found: IsoFlop) -> None:
    info = isoflop.isoflop_info(found)
    assert [profile.flops for profile in info.profiles] == FLOPS.tolist()
    assert [profile.best is None for profile in info.profiles] == [True, False, False, False]
    assert [profile.curve is None for profile in info.profiles] == [True, False, False, False]
    assert sum(len(profile.params) for profile in info.profiles) == 28
    for profile, budget in zip(info.profiles[1:], found.used, strict=True):
        assert profile.best == (budget.params, budget.loss) and profile.curve is not None
        lowest = profile.curve[1].argmin()
        assert profile.curve[0, lowest] == pytest.approx(budget.params, rel=0.05)
        assert profile.curve[1, lowest] == pytest.approx(budget.loss, rel=1e-3)
        assert np.all(np.diff(profile.params) >= 0)
    np.testing.assert_allclose(info.line[1], found.params.at(info.line[0]))
    assert info.band is not None and np.all((info.band[0] <= info.line[1]) & (info.line[1] <= info.band[1]))
    words = [text.get_text() for text in isoflop.draw(info).axes[0].get_legend().get_texts()]
    assert "1e+18 FLOP, excluded" in words and "3e+19 FLOP" in words


def test_approaches_are_drawn_with_their_own_lines(runs: RunTable, tmp_path: Path) -> None:
    found = approaches(runs, flops=1e21, draws=40)
    info = three.approaches_info(found)
    assert [line.name for line in info.lines] == ["isoflop", "law"] and info.params_name == "params"
    for line, each in zip(info.lines, found.used, strict=True):
        assert each.params is not None and line.band is not None
        at = np.exp(np.interp(np.log(1e21), *np.log(line.line)))
        assert at == pytest.approx(each.params.value, rel=1e-6)
    assert info.lines[0].optima.shape == (2, 4) and info.lines[1].optima.size == 0
    assert save(three.draw(info), tmp_path / "a.svg").stat().st_size > 5000


def test_a_waterfall_shows_each_exponent_with_its_interval(runs: RunTable) -> None:
    twice = {name: np.tile(values, 2) for name, values in columns().items()}
    kinds = load_runs({**twice, "kind": ["a"] * 28 + ["b"] * 28})
    found = explain(kinds, base={"kind": "a"}, steps={"other": {"kind": "b"}}, draws=40)
    info = waterfall.waterfall_info(found)
    assert info.names == ("base", "other")
    for at, reading in enumerate(found.made):
        assert reading.exponent is not None
        assert info.exponent[at] == reading.exponent.value
        assert info.ends[:, at].tolist() == [reading.exponent.lo, reading.exponent.hi]
    assert isinstance(waterfall.draw(info), matplotlib_figure.Figure)
    bare = waterfall.waterfall_info(explain(kinds, base={"kind": "a"}, steps={"other": {"kind": "b"}}, draws=0))
    assert np.isnan(bare.ends).all() and isinstance(waterfall.draw(bare), matplotlib_figure.Figure)
