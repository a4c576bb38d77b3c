"""Importers: what trackers and trainers write becomes rows, one file a format."""

from scalelaw.runs.importers._base import Importer as Importer
from scalelaw.runs.importers._registry import find as find
from scalelaw.runs.importers._registry import get as get
from scalelaw.runs.importers._registry import names as names
from scalelaw.runs.importers._registry import register as register
