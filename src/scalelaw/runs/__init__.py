"""Measured runs: loading, checking and reducing them to what a fit may see."""

from scalelaw.runs.check import check_design as check_design
from scalelaw.runs.load import load_runs as load_runs
from scalelaw.runs.observations import Observations as Observations
from scalelaw.runs.observations import Reduction as Reduction
from scalelaw.runs.observations import SetAside as SetAside
from scalelaw.runs.pooling import check_pooling as check_pooling
from scalelaw.runs.pooling import check_which_params as check_which_params
from scalelaw.runs.pooling import indicators as indicators
from scalelaw.runs.sweeps import SWEPT as SWEPT
from scalelaw.runs.table import RunTable as RunTable
