"""Measured runs: loading, checking and reducing them to what a fit may see."""

from scalelaw.runs.check import check_design as check_design
from scalelaw.runs.dirstore import DirStore as DirStore
from scalelaw.runs.export import export_runs as export_runs
from scalelaw.runs.load import load_runs as load_runs
from scalelaw.runs.observations import Observations as Observations
from scalelaw.runs.observations import Reduction as Reduction
from scalelaw.runs.observations import SetAside as SetAside
from scalelaw.runs.pooling import COMPARED as COMPARED
from scalelaw.runs.pooling import NOTED as NOTED
from scalelaw.runs.pooling import check_pooling as check_pooling
from scalelaw.runs.pooling import check_which_params as check_which_params
from scalelaw.runs.pooling import indicators as indicators
from scalelaw.runs.pooling import shared_conditions as shared_conditions
from scalelaw.runs.record import Recording as Recording
from scalelaw.runs.record import record as record
from scalelaw.runs.review import Review as Review
from scalelaw.runs.review import review_runs as review_runs
from scalelaw.runs.schedule import Schedule as Schedule
from scalelaw.runs.schedule import lr_features as lr_features
from scalelaw.runs.schedule import parse_schedule as parse_schedule
from scalelaw.runs.schedule import parse_share as parse_share
from scalelaw.runs.sweeps import SWEPT as SWEPT
from scalelaw.runs.table import RunTable as RunTable
