"""The public names of scalelaw, each imported on first use."""

from . import allocation as allocation
from . import curves as curves
from . import datasets as datasets
from . import designing as designing
from . import diagnosing as diagnosing
from . import errors as errors
from . import ladder as ladder
from . import laws as laws
from . import registry as registry
from . import runs as runs
from . import viz as viz
from .allocation.isoflop_analysis import isoflop as isoflop
from .allocation.lower_envelope import envelope as envelope
from .backtesting.backtest import backtest as backtest
from .curves.extrapolation import extrapolate as extrapolate
from .curves.watching import watch as watch
from .diagnosing.evaluation_noise import eval_noise as eval_noise
from .diagnosing.onsets.detect import emergence as emergence
from .fitting.files import load_fit as load_fit
from .fitting.fit import fit as fit
from .fitting.published import published as published
from .fitting.solver.noise import Noise as Noise
from .forecasting.forecast import forecast as forecast
from .ladder.grid import Grid as Grid
from .ladder.ladder import Ladder as Ladder
from .planning.calc import calculate as calculate
from .planning.efficient_line import frontier as frontier
from .planning.larger_runs import predict_larger as predict_larger
from .planning.penalty import compute_penalty as compute_penalty
from .planning.robust import robustness as robustness
from .planning.solve import plan as plan
from .registry.freezing import freeze as freeze
from .runs.reading.load import load_runs as load_runs
from .runs.storing.record import record as record
from .runs.table import RunTable as RunTable
from .training.train_ladder import train_ladder as train_ladder
from .training.tuning.tune import tune as tune
from .workflows.demo.demo import demo as demo
from .workflows.project.init import init as init
from .workflows.project.project import load_project as load_project
from .workflows.reproduce import reproduce as reproduce
from .workflows.study.decide import decide as decide
from .workflows.study.report import report as report
from .workflows.study.study import study as study

__version__: str
