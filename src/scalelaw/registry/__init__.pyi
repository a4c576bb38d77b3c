"""Public names of ``scalelaw.registry``, imported on first use."""

from .freezing import freeze as freeze
from .frozen import FrozenForecast as FrozenForecast
from .frozen import load_forecast as load_forecast
from .log import Registry as Registry
from .log import Verification as Verification
from .log import read_forecasts as read_forecasts
from .log import register_forecast as register_forecast
from .log import verify_forecasts as verify_forecasts
from .score import ForecastScore as ForecastScore
from .score import score_forecast as score_forecast
