"""Public names of ``scalelaw.runs``, imported on first use."""

from .export import export_runs as export_runs
from .items import ItemScores as ItemScores
from .items import load_items as load_items
from .listing import list_runs as list_runs
from .listing import show_run as show_run
from .observations import Observations as Observations
from .reading.load import load_runs as load_runs
from .review import Review as Review
from .review import review_runs as review_runs
from .schedule import Schedule as Schedule
from .schedule import lr_features as lr_features
from .storing.pack import pack_runs as pack_runs
from .storing.pack import unpack_runs as unpack_runs
from .storing.record import record as record
from .table import RunTable as RunTable
