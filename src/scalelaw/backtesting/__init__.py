"""How well a law forecast the dearer runs it had not seen."""

from scalelaw.backtesting.backtest import DRAWS as DRAWS
from scalelaw.backtesting.backtest import Backtest as Backtest
from scalelaw.backtesting.backtest import Cut as Cut
from scalelaw.backtesting.backtest import Progress as Progress
from scalelaw.backtesting.backtest import backtest as backtest
from scalelaw.backtesting.backtest import backtest_observations as backtest_observations
from scalelaw.backtesting.calibration import Calibration as Calibration
from scalelaw.backtesting.calibration import Record as Record
from scalelaw.backtesting.calibration import calibrate as calibrate
from scalelaw.backtesting.calibration import load_calibration as load_calibration
from scalelaw.backtesting.calibration import shipped as shipped
from scalelaw.backtesting.forecast import forecast as forecast
from scalelaw.backtesting.forecast import forecast_observations as forecast_observations
from scalelaw.backtesting.mixture import Mixture as Mixture
from scalelaw.backtesting.score import Score as Score
from scalelaw.backtesting.score import score as score
from scalelaw.backtesting.score import winkler as winkler
from scalelaw.backtesting.windows import AXES as AXES
from scalelaw.backtesting.windows import Window as Window
from scalelaw.backtesting.windows import WindowRules as WindowRules
from scalelaw.backtesting.windows import windows as windows
