"""Large tables are thinned evenly and say so; the answer is that of all rows within what more rows could change."""

import sys
from functools import partial

import numpy as np
import pytest

import scalelaw as sl
from scalelaw.backtesting.windows import windows
from scalelaw.fitting.optimum import optimum
from scalelaw.fitting.recalled import fitted
from scalelaw.fitting.uncertainty.intervals import drawn
from scalelaw.runs.observations import Observations
from scalelaw.runs.reducing.thinned import MOST_ROWS, thinned


def many(rows: int, noise: float = 0.005) -> Observations:
    rng = np.random.default_rng(0)
    params = 10 ** rng.uniform(7, 10, rows)
    tokens = params * 10 ** rng.uniform(0.5, 2.5, rows)
    loss = (1.69 + 406 / params**0.34 + 411 / tokens**0.28) * np.exp(noise * rng.standard_normal(rows))
    return sl.load_runs({"params": params, "tokens": tokens, "loss": loss}).endpoints()


def test_few_rows_stay_as_they_are() -> None:
    rows = many(MOST_ROWS)
    assert thinned(rows) is rows


@pytest.mark.parametrize("rows", [MOST_ROWS + 1, 5 * MOST_ROWS])
def test_many_rows_are_thinned_evenly_with_both_ends(rows: int) -> None:
    all_of = many(rows)
    kept = thinned(all_of)
    assert len(kept) == MOST_ROWS and kept.set_aside[-1].n == rows - MOST_ROWS
    assert kept.set_aside[-1].reason.startswith("thinned")
    ends = all_of.columns["flops"].min(), all_of.columns["flops"].max()
    assert (kept.columns["flops"].min(), kept.columns["flops"].max()) == ends
    quartiles = [np.quantile(np.log(each.columns["flops"]), [0.25, 0.5, 0.75]) for each in (all_of, kept)]
    assert quartiles[0] == pytest.approx(quartiles[1], abs=0.05)


def test_a_forecast_says_that_rows_were_thinned(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.modules[sl.forecast.__module__], "thinned", partial(thinned, most=30))
    ensemble = sl.forecast(sl.datasets.load("synthetic-ladder"), draws=10)
    assert "thinned: 30 of 42 rows decide, evenly spaced in flops" in str(ensemble)


def test_cuts_are_few_where_values_are_many(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = many(200)
    every = [each.below for each in windows(rows)]
    module = sys.modules[windows.__module__]
    monkeypatch.setattr(module, "_MANY_CUTS", 100)
    monkeypatch.setattr(module, "_FEW_CUTS", 50)
    some = [each.below for each in windows(rows)]
    assert len(some) == len(every) > 0 and some != every


def test_a_fit_to_many_rows_is_the_optimum_of_all_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """The starts run on a share of the rows; the optimum is refitted to all, and draws need no refits."""
    rows = many(1200)
    whole = sl.fit("chinchilla", rows, starts=8, draws=200)
    assert "bootstrap" in str(whole)
    monkeypatch.setattr(sys.modules[optimum.__module__], "MANY_ROWS", 200)
    monkeypatch.setattr(sys.modules[drawn.__module__], "MANY_ROWS", 200)
    monkeypatch.setattr(sys.modules[fitted.__module__], "_LARGEST", 0)
    fit = sl.fit("chinchilla", rows, starts=8, draws=200)
    assert (fit.status.starts, fit.status.converged) == (8, True) and fit.status.agreeing >= 2
    assert np.asarray(fit.coef) == pytest.approx(np.asarray(whole.coef), rel=1e-5)
    assert fit.objective == pytest.approx(whole.objective, rel=1e-9)
    ratio = np.std(fit.draws, axis=0) / np.std(whole.draws, axis=0)
    assert ((ratio > 0.75) & (ratio < 1.33)).all(), "scores of the rows and refits of resamples are as wide"
    assert "scores of" in str(fit)
