"""The forecaster conformance suite on everything that forecasts, and proof that it catches what does not."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import scalelaw as sl
from scalelaw.core.forecaster import Forecaster, Kind, Prediction
from scalelaw.core.types import Array, Inputs
from scalelaw.fitting.files import load_fit
from scalelaw.fitting.fit import fit_observations
from scalelaw.fitting.published import published
from scalelaw.fitting.result import FitResult
from scalelaw.fitting.spec import FitSpec
from scalelaw.laws import get
from scalelaw.testing.forecaster_checks import FORECASTER_CHECKS

X = {"params": np.array([1e8, 1e9, 7e10]), "tokens": np.array([1e10, 2e10, 1.4e12])}


def _fit(draws: int) -> FitResult:
    observed = sl.datasets.load("synthetic-ladder").endpoints()
    return fit_observations(get("chinchilla"), observed, FitSpec(draws=draws, starts=8))


def _loaded(folder: Path) -> FitResult:
    _fit(200).save(str(folder / "fit.json"))
    return load_fit(folder / "fit.json")


MAKERS: dict[str, Callable[[Path], Forecaster]] = {
    "fit with draws": lambda folder: _fit(200),
    "fit without draws": lambda folder: _fit(0),
    "published": lambda folder: published(get("chinchilla"), "besiroglu2024"),
    "loaded fit": _loaded,
}


@pytest.fixture(scope="module", params=MAKERS)
def forecaster(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Forecaster:
    return MAKERS[request.param](tmp_path_factory.mktemp("fits"))


@pytest.mark.parametrize("check", FORECASTER_CHECKS)
def test_forecaster(forecaster: Forecaster, check: str) -> None:
    FORECASTER_CHECKS[check](forecaster, X)


class _Spoilt:
    """A fit with one thing wrong."""

    def __init__(self, fit: FitResult, fault: str) -> None:
        self.fit, self.fault = fit, fault

    def __getattr__(self, name: str) -> Any:
        return getattr(self.fit, name)

    def sample(self, x: Inputs, kind: Kind = "mean", seed: int = 0) -> Array | None:
        kind = "mean" if self.fault == "new run is the mean" else kind
        seed = 0 if self.fault == "seed ignored" else seed
        return self.fit.sample(x, kind, seed)

    def predict(self, x: Inputs, level: float = 0.9, kind: Kind = "new_run") -> Prediction:
        if self.fault == "any level":
            level = min(max(level, 0.1), 0.9)
        if self.fault == "level ignored":
            lower = self.fit.predict(x, 1 - level if 0 < level < 1 else level, kind)
            return lower
        right = self.fit.predict(x, level, kind)
        match self.fault:
            case "zero width":
                return replace(right, lo=right.mean, hi=right.mean)
            case "ends swapped":
                return replace(right, lo=right.hi, hi=right.lo)
            case "no interval":
                return replace(right, lo=None, hi=None)
            case "nothing is outside":
                return replace(right, outside_domain=np.zeros(len(right.mean), bool))
            case "one value short":
                return replace(right, mean=right.mean[1:])
        return right


@pytest.mark.parametrize(
    "fault",
    [
        "zero width", "ends swapped", "no interval", "any level", "level ignored", "nothing is outside",
        "one value short", "new run is the mean", "seed ignored",
    ],
)  # fmt: skip
def test_the_suite_catches(fault: str) -> None:
    spoilt = _Spoilt(_fit(50), fault)
    caught = 0
    for check in FORECASTER_CHECKS.values():
        try:
            check(spoilt, X)  # type: ignore[arg-type]
        except AssertionError:
            caught += 1
    assert caught


def test_the_suite_catches_an_interval_out_of_nothing() -> None:
    spoilt = _Spoilt(_fit(50), "")
    spoilt.sample = lambda x, kind="mean", seed=0: None  # type: ignore[assignment, method-assign]
    with pytest.raises(AssertionError):
        FORECASTER_CHECKS["unknown_spread"](spoilt, X)  # type: ignore[arg-type]
