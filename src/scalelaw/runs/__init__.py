"""Measured runs: loading, checking and reducing them to what a fit may see."""

from scalelaw.runs.check import check_design as check_design
from scalelaw.runs.load import load_runs as load_runs
from scalelaw.runs.observations import Observations as Observations
from scalelaw.runs.observations import SetAside as SetAside
from scalelaw.runs.table import RunTable as RunTable
