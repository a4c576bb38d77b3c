"""Files that earlier versions wrote load unchanged: one of every kind that is ever read back, as of 2026-11-29."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

import scalelaw as sl
from scalelaw.runs.storing.dirstore import DirStore

OLD = Path(__file__).parent / "files" / "before_rooms"
KNOWN = json.loads((OLD / "digests.json").read_text())


def test_a_fit() -> None:
    fit = sl.load_fit(OLD / "fit.json")
    assert fit.digest == KNOWN["fit"] and fit.coef.tolist() == KNOWN["coef"] and len(fit.draws) == 20


def test_the_same_fit_today_has_the_same_bits() -> None:
    old = sl.load_fit(OLD / "fit.json")
    new = sl.fit("chinchilla", sl.datasets.load("synthetic-ladder"), draws=20, starts=8)
    assert new.digest == old.digest
    assert new.coef == pytest.approx(old.coef, rel=1e-9) and np.allclose(new.draws, old.draws, rtol=1e-6, atol=0)


def test_a_frozen_forecast_and_the_registry_of_two() -> None:
    frozen = sl.registry.load_forecast(OLD / "forecast.json")
    assert frozen.digest == KNOWN["forecast"]
    registry = sl.registry.read_forecasts(OLD / "forecasts.jsonl")
    assert registry.find("big-1").digest == frozen.digest and registry.find("big-2").digest != frozen.digest
    assert sl.registry.verify_forecasts(OLD / "forecasts.jsonl").faults == ()


def test_a_pack_and_the_store_in_it(tmp_path: Path) -> None:
    sl.runs.unpack_runs(OLD / "runs.pack", tmp_path / "store")
    assert len(list(DirStore(tmp_path / "store").runs())) == 3
    table = sl.load_runs(tmp_path / "store")
    assert sorted(table.values("params")) == [1e6, 2e6, 3e6] and len(table.evals["value"]) == 6


def test_a_ladder() -> None:
    assert sl.Ladder.load(OLD / "ladder.toml").digest == KNOWN["ladder"]


def test_a_project(tmp_path: Path) -> None:
    shutil.copy(OLD / "scalelaw.toml", tmp_path)
    shutil.copy(sl.datasets.path("synthetic-ladder"), tmp_path / "runs.csv")
    assert len(sl.load_project(tmp_path).table.endpoints()) == 42
