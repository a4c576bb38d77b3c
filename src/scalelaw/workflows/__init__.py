"""Whole jobs, joined from the layers below."""

from scalelaw.workflows.study import Study as Study
from scalelaw.workflows.study import study as study
