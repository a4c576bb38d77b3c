"""Importers: read the logs of trackers and trainers into rows, one file per format."""

from scalelaw.runs.importers._base import Importer as Importer
from scalelaw.runs.importers._registry import find as find
from scalelaw.runs.importers._registry import get as get
from scalelaw.runs.importers._registry import names as names
from scalelaw.runs.importers._registry import register as register
