"""The forecaster conformance suite on everything that forecasts, and proof that it catches what does not."""

import ast
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import scalelaw as sl
from scalelaw.core.forecaster import Forecaster, Kind, Prediction
from scalelaw.core.nouns.points import Points
from scalelaw.core.types import Array, Inputs
from scalelaw.datasets.simulate import RunGrid, SimulatedTask, simulate, simulate_scores
from scalelaw.fitting.files import load_fit
from scalelaw.fitting.fit import fit_observations
from scalelaw.fitting.held import HeldAt
from scalelaw.fitting.published import published
from scalelaw.fitting.result import FitResult
from scalelaw.fitting.spec import FitSpec
from scalelaw.forecasting.calibration import shipped
from scalelaw.forecasting.chain import Chain
from scalelaw.forecasting.ensemble import Ensemble
from scalelaw.forecasting.forecast import forecast_observations
from scalelaw.forecasting.score_ensemble import ScoreEnsemble
from scalelaw.forecasting.score_forecast import forecast_score
from scalelaw.laws import get
from scalelaw.testing.forecaster_checks import FORECASTER_CHECKS

SOURCE = Path(sl.__file__).parent
X = {"params": np.array([1e8, 1e9, 7e10]), "tokens": np.array([1e10, 2e10, 1.4e12])}


@cache
def _fit(draws: int) -> FitResult:
    observed = sl.datasets.load("synthetic-ladder").endpoints()
    return fit_observations(get("chinchilla"), observed, FitSpec(draws=draws, starts=8))


def _loaded(folder: Path) -> FitResult:
    _fit(200).save(str(folder / "fit.json"))
    return load_fit(folder / "fit.json")


@cache
def _ensemble() -> Ensemble:
    observed = sl.datasets.load("synthetic-ladder").endpoints()
    return forecast_observations(observed, calibration=shipped(), draws=40, seed=5)


def _held() -> HeldAt:
    """Return a formula fitted to runs with one more input, held at a value of it."""
    table = sl.datasets.load("synthetic-ladder")
    params, tokens = (np.asarray(table.runs[name], float) for name in ("params", "tokens"))
    rng = np.random.default_rng(0)
    dropout = rng.uniform(0.05, 0.4, len(table))
    loss = (1.7 + 400 * params**-0.34 + 420 * tokens**-0.28 + 0.3 * dropout) * rng.normal(1, 0.002, len(table))
    runs = sl.load_runs({"params": params, "tokens": tokens, "dropout": dropout, "loss": loss})
    return sl.fit("E + A/params**a + B/tokens**b + k*dropout", runs, draws=100).at(dropout=0.1)


@cache
def _scores() -> ScoreEnsemble:
    law = get("chinchilla")
    coef = law.vector(law.published["besiroglu2024"].coef)
    runs = simulate(law, coef, RunGrid([3e7, 6e7, 1.2e8, 2.5e8, 5e8], [20.0, 60.0]), noise=0.003, seed=0)
    scores = simulate_scores(runs["loss"], {"mmlu": SimulatedTask(2.9, 2.5, 14042)}, seed=0)
    return forecast_score({**runs, **scores}, target="score@mmlu", draws=40, seed=5)


def _chain() -> Chain:
    return next(each.forecaster for each in _scores().members if isinstance(each.forecaster, Chain))


MAKERS: dict[str, Callable[[Path], Forecaster]] = {
    "fit with draws": lambda folder: _fit(200),
    "fit without draws": lambda folder: _fit(0),
    "published": lambda folder: published(get("chinchilla"), "besiroglu2024"),
    "loaded fit": _loaded,
    "held fit": lambda folder: _fit(200).at(tokens=2e10),
    "ensemble": lambda folder: _ensemble(),
    "chain": lambda folder: _chain(),
    "score ensemble": lambda folder: _scores(),
    "fit at fixed dropout": lambda folder: _held(),
}


@pytest.fixture(scope="module", params=MAKERS)
def forecaster(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Forecaster:
    return MAKERS[request.param](tmp_path_factory.mktemp("fits"))


def test_every_forecaster_is_tried(tmp_path: Path) -> None:
    """A class that has ``sample`` and ``predict`` or ``predict_at`` is one, whatever its room."""
    found = set()
    for path in SOURCE.rglob("*.py"):
        if "def sample(self, x" in (text := path.read_text(encoding="utf-8")):
            for node in ast.parse(text).body:
                own = {each.name for each in getattr(node, "body", ()) if isinstance(each, ast.FunctionDef)}
                if isinstance(node, ast.ClassDef) and "sample" in own and own & {"predict", "predict_at"}:
                    found.add(node.name)
    assert found - {"Forecaster"} == {type(make(tmp_path)).__name__ for make in MAKERS.values()}


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

    def _points(self, x: Points | None, point: dict[str, Any]) -> tuple[Points | None, dict[str, Any]]:
        if self.fault == "no keywords" and point:
            raise TypeError("unexpected keyword")
        if self.fault == "keywords are ignored" and x is not None:
            point = {}
        if self.fault == "frames by position" and not isinstance(x, dict | None):
            x = {"params": np.asarray(x)[:, 1], "tokens": np.asarray(x)[:, 0]}
        return x, point

    def predict(self, x: Points | None = None, level: float = 0.9, kind: Kind = "new_run", **point: Any) -> Prediction:
        x, point = self._points(x, point)
        if self.fault == "any level":
            level = min(max(level, 0.1), 0.9)
        if self.fault == "level ignored":
            lower = self.fit.predict(x, 1 - level if 0 < level < 1 else level, kind, **point)
            return lower
        right = self.fit.predict(x, level, kind, **point)
        match self.fault:
            case "always 90 %":
                return replace(self.fit.predict(x, 0.9, kind, **point) if 0 < level < 1 else right, level=level)
            case "lower end too low":
                return replace(right, lo=None if right.lo is None else right.lo - 0.1)
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
        "one value short", "new run is the mean", "seed ignored", "always 90 %", "lower end too low", "no keywords",
        "keywords are ignored", "frames by position",
    ],
)  # fmt: skip
def test_the_suite_catches(fault: str) -> None:
    spoilt = _Spoilt(_fit(200), fault)
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
