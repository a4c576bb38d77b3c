"""How well a law forecast the dearer runs it had not seen."""

from scalelaw.backtesting.backtest import DRAWS as DRAWS
from scalelaw.backtesting.backtest import Backtest as Backtest
from scalelaw.backtesting.backtest import Cut as Cut
from scalelaw.backtesting.backtest import Progress as Progress
from scalelaw.backtesting.backtest import backtest as backtest
from scalelaw.backtesting.backtest import backtest_observations as backtest_observations
from scalelaw.backtesting.frozen_score import ForecastScore as ForecastScore
from scalelaw.backtesting.frozen_score import score_forecast as score_forecast
from scalelaw.backtesting.registry import Registry as Registry
from scalelaw.backtesting.registry import Verification as Verification
from scalelaw.backtesting.registry import read_forecasts as read_forecasts
from scalelaw.backtesting.registry import register_forecast as register_forecast
from scalelaw.backtesting.registry import verify_forecasts as verify_forecasts
from scalelaw.backtesting.score import Score as Score
from scalelaw.backtesting.score import score as score
from scalelaw.backtesting.score import winkler as winkler
from scalelaw.backtesting.watch import Watch as Watch
from scalelaw.backtesting.watch import watch as watch
from scalelaw.backtesting.windows import AXES as AXES
from scalelaw.backtesting.windows import Window as Window
from scalelaw.backtesting.windows import WindowRules as WindowRules
from scalelaw.backtesting.windows import windows as windows
