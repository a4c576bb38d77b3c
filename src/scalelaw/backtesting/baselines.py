"""Baselines for a forecast: simple rules, one law with a plain bootstrap, and other installed packages."""

import importlib.util
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from scalelaw.backtesting.windows import Window
from scalelaw.core.direction import best_value
from scalelaw.core.errors import ScalelawError, ScalelawWarning
from scalelaw.core.nouns.brief import Brief
from scalelaw.core.types import Array
from scalelaw.fitting.fit import fit_observations
from scalelaw.fitting.spec import FitSpec
from scalelaw.forecasting.calibration import LEVELS
from scalelaw.laws import as_law

DRAWS = 200


@dataclass(frozen=True, eq=False)
class BaselineBand(Brief):
    """A forecast of n runs, with an interval at each level if the method has one.

    Attributes:
        mean: point forecasts, (n,).
        ends: level -> lower and upper ends, (2, n); empty without an interval.
    """

    mean: Array
    ends: Mapping[float, Array]


def last_value(window: Window) -> BaselineBand:
    """Forecast the best run so far."""
    return BaselineBand(np.full(len(window.test), best_value(window.train.target, window.train.y)), {})


def power_in_flops(window: Window) -> BaselineBand:
    """Forecast with E + A / C^alpha and a bootstrap over runs."""
    return _of_law("power", window)


def chinchilla(window: Window) -> BaselineBand:
    """Forecast with chinchilla (Huber 1e-3, best of all starts) and a bootstrap over runs."""
    return _of_law(f"chinchilla[n={_kind(window.train.columns)}]", window)


def simple_scaling_laws(window: Window) -> BaselineBand:
    """Forecast a new run with the package of that name at its defaults."""
    import polars as pl

    package: Any = importlib.import_module("simple_scaling_laws")
    rows = {"training_run_id": [str(i) for i in range(len(window.train))], **_sizes(window.train.columns)}
    model = package.fit(pl.DataFrame({**rows, "test_loss__ce": window.train.y}), n_draws=DRAWS, seed=0)
    points = pl.DataFrame({"point_id": [str(i) for i in range(len(window.test))], **_sizes(window.test.columns)})
    shares = sorted({end for level in LEVELS for end in _tails(level)})
    predicted = model.predict(points, kind="new-run", quantiles=[0.5, *shares])
    names = [name for name in predicted.columns if name.startswith("test_loss__ce__q")]
    by_share = np.sort(np.array([predicted[name].to_numpy() for name in names if not name.endswith("q500")]), axis=0)
    ends = {level: by_share[[shares.index(end) for end in _tails(level)]] for level in LEVELS}
    return BaselineBand(predicted["test_loss__ce__median"].to_numpy(), ends)


BASELINES: dict[str, Callable[[Window], BaselineBand]] = {
    "last_value": last_value,
    "power_in_flops": power_in_flops,
    "chinchilla": chinchilla,
    "simple_scaling_laws": simple_scaling_laws,
}
"""The baselines, by their names in the protocol."""


def available(name: str) -> bool:
    """Return whether a baseline can run; another package must be installed."""
    return name != "simple_scaling_laws" or importlib.util.find_spec("simple_scaling_laws") is not None


def banded(name: str, window: Window) -> BaselineBand | None:
    """Return the forecast of a baseline, or None if it fails."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            band = BASELINES[name](window)
        except (ScalelawError, ScalelawWarning):
            return None
        except Exception:
            if name == "simple_scaling_laws":  # another package may raise anything
                return None
            raise
    return band if np.isfinite(band.mean).all() else None


def _of_law(law: str, window: Window) -> BaselineBand:
    spec = FitSpec(draws=DRAWS, starts=32, intervals="cluster")
    fit = fit_observations(as_law(law), window.train, spec)
    x = window.test.inputs(fit.inputs)
    draws = fit.sample(x, "new_run", 0)
    ends = {} if draws is None else {level: np.quantile(draws, _tails(level), axis=0) for level in LEVELS}
    return BaselineBand(np.asarray(fit.law.predict(fit.coef, x)), ends)


def _tails(level: float) -> tuple[float, float]:
    return (1 - level) / 2, (1 + level) / 2


def _kind(columns: Mapping[str, Any]) -> str:
    return "params" if "params" in columns else "params_non_embedding"


def _sizes(columns: Mapping[str, Any]) -> dict[str, Array]:
    return {
        "model_size__n": np.asarray(columns[_kind(columns)], float),
        "dataset_size__d": np.asarray(columns["tokens"], float),
    }
