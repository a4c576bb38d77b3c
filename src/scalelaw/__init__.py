"""scalelaw: small training runs become trusted decisions about large ones.

Everything public is reachable from here and imported on first use, so that ``import scalelaw`` and
``scalelaw --help`` cost next to nothing.
"""

import importlib
from typing import TYPE_CHECKING, Any

from scalelaw.core.version import __version__ as __version__

if TYPE_CHECKING:
    from scalelaw import datasets as datasets
    from scalelaw import ladder as ladder
    from scalelaw import laws as laws
    from scalelaw.backtesting import Backtest as Backtest
    from scalelaw.backtesting import Calibration as Calibration
    from scalelaw.backtesting import ForecastScore as ForecastScore
    from scalelaw.backtesting import Mixture as Mixture
    from scalelaw.backtesting import Registry as Registry
    from scalelaw.backtesting import Verification as Verification
    from scalelaw.backtesting import Watch as Watch
    from scalelaw.backtesting import backtest as backtest
    from scalelaw.backtesting import forecast as forecast
    from scalelaw.backtesting import load_calibration as load_calibration
    from scalelaw.backtesting import read_forecasts as read_forecasts
    from scalelaw.backtesting import register_forecast as register_forecast
    from scalelaw.backtesting import score_forecast as score_forecast
    from scalelaw.backtesting import verify_forecasts as verify_forecasts
    from scalelaw.backtesting import watch as watch
    from scalelaw.core.forecaster import Forecaster as Forecaster
    from scalelaw.core.forecaster import Prediction as Prediction
    from scalelaw.fitting import Course as Course
    from scalelaw.fitting import Envelope as Envelope
    from scalelaw.fitting import Extrapolation as Extrapolation
    from scalelaw.fitting import FitResult as FitResult
    from scalelaw.fitting import FrozenForecast as FrozenForecast
    from scalelaw.fitting import Influence as Influence
    from scalelaw.fitting import IntrinsicDimension as IntrinsicDimension
    from scalelaw.fitting import IsoFlop as IsoFlop
    from scalelaw.fitting import LocalSlope as LocalSlope
    from scalelaw.fitting import Noise as Noise
    from scalelaw.fitting import Published as Published
    from scalelaw.fitting import TradeOff as TradeOff
    from scalelaw.fitting import envelope as envelope
    from scalelaw.fitting import extrapolate as extrapolate
    from scalelaw.fitting import extrapolate_curve as extrapolate_curve
    from scalelaw.fitting import fit as fit
    from scalelaw.fitting import freeze as freeze
    from scalelaw.fitting import intrinsic_dimension as intrinsic_dimension
    from scalelaw.fitting import isoflop as isoflop
    from scalelaw.fitting import load_fit as load_fit
    from scalelaw.fitting import load_forecast as load_forecast
    from scalelaw.fitting import local_slope as local_slope
    from scalelaw.fitting import noise_scale as noise_scale
    from scalelaw.fitting import published as published
    from scalelaw.fitting import trade_off as trade_off
    from scalelaw.ladder import Grid as Grid
    from scalelaw.ladder import Ladder as Ladder
    from scalelaw.planning import Agreement as Agreement
    from scalelaw.planning import Ahead as Ahead
    from scalelaw.planning import Design as Design
    from scalelaw.planning import Explanation as Explanation
    from scalelaw.planning import HalfWidth as HalfWidth
    from scalelaw.planning import Plan as Plan
    from scalelaw.planning import Regime as Regime
    from scalelaw.planning import Robustness as Robustness
    from scalelaw.planning import ahead as ahead
    from scalelaw.planning import approaches as approaches
    from scalelaw.planning import calculate as calculate
    from scalelaw.planning import compute_penalty as compute_penalty
    from scalelaw.planning import design as design
    from scalelaw.planning import expected_half_width as expected_half_width
    from scalelaw.planning import explain as explain
    from scalelaw.planning import frontier as frontier
    from scalelaw.planning import plan as plan
    from scalelaw.planning import regime as regime
    from scalelaw.planning import robustness as robustness
    from scalelaw.runs import Observations as Observations
    from scalelaw.runs import RunTable as RunTable
    from scalelaw.runs import Schedule as Schedule
    from scalelaw.runs import export_runs as export_runs
    from scalelaw.runs import load_runs as load_runs
    from scalelaw.runs import lr_features as lr_features
    from scalelaw.runs import pack_runs as pack_runs
    from scalelaw.runs import record as record
    from scalelaw.runs import review_runs as review_runs
    from scalelaw.runs import unpack_runs as unpack_runs
    from scalelaw.training.sweep import Swept as Swept
    from scalelaw.training.sweep import sweep as sweep
    from scalelaw.training.tune import tune as tune
    from scalelaw.training.tuned import Tuned as Tuned
    from scalelaw.workflows.demo import demo as demo
    from scalelaw.workflows.demo_result import Demo as Demo
    from scalelaw.workflows.init import init as init
    from scalelaw.workflows.project import load_project as load_project
    from scalelaw.workflows.report import report as report
    from scalelaw.workflows.reproduce import reproduce as reproduce
    from scalelaw.workflows.study import Study as Study
    from scalelaw.workflows.study import study as study

_HOMES = {
    "scalelaw.backtesting": (
        "Backtest",
        "Calibration",
        "ForecastScore",
        "Mixture",
        "Registry",
        "Verification",
        "Watch",
        "backtest",
        "forecast",
        "load_calibration",
        "read_forecasts",
        "register_forecast",
        "score_forecast",
        "verify_forecasts",
        "watch",
    ),
    "scalelaw.core.forecaster": ("Forecaster", "Prediction"),
    "scalelaw.fitting": (
        "Course",
        "Envelope",
        "Extrapolation",
        "FitResult",
        "FrozenForecast",
        "Influence",
        "IntrinsicDimension",
        "IsoFlop",
        "LocalSlope",
        "Noise",
        "Published",
        "TradeOff",
        "envelope",
        "extrapolate",
        "extrapolate_curve",
        "fit",
        "intrinsic_dimension",
        "isoflop",
        "load_fit",
        "local_slope",
        "noise_scale",
        "freeze",
        "load_forecast",
        "published",
        "trade_off",
    ),
    "scalelaw.ladder": ("Grid", "Ladder"),
    "scalelaw.planning": (
        "Agreement",
        "Ahead",
        "Design",
        "Explanation",
        "HalfWidth",
        "Plan",
        "Regime",
        "Robustness",
        "ahead",
        "approaches",
        "calculate",
        "compute_penalty",
        "design",
        "expected_half_width",
        "explain",
        "frontier",
        "plan",
        "regime",
        "robustness",
    ),
    "scalelaw.runs": (
        "Observations",
        "RunTable",
        "Schedule",
        "export_runs",
        "load_runs",
        "lr_features",
        "pack_runs",
        "record",
        "review_runs",
        "unpack_runs",
    ),
    "scalelaw.training.sweep": ("Swept", "sweep"),
    "scalelaw.training.tune": ("tune",),
    "scalelaw.training.tuned": ("Tuned",),
    "scalelaw.workflows": (
        "Decided",
        "Demo",
        "Study",
        "decide",
        "demo",
        "init",
        "load_project",
        "report",
        "reproduce",
        "study",
    ),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}
_MODULES = ("datasets", "ladder", "laws")

__all__ = ["__version__", *_HOME_OF, *_MODULES]


def __getattr__(name: str) -> Any:
    if name in _HOME_OF:
        value = getattr(importlib.import_module(_HOME_OF[name]), name)
        globals()[name] = value
        return value
    if name in _MODULES:
        return importlib.import_module(f"scalelaw.{name}")
    raise AttributeError(f"module 'scalelaw' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
