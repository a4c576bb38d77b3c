"""Whole jobs, joined from the layers below."""

from scalelaw.workflows.decide import Decided as Decided
from scalelaw.workflows.decide import decide as decide
from scalelaw.workflows.demo import demo as demo
from scalelaw.workflows.demo_result import Demo as Demo
from scalelaw.workflows.init import init as init
from scalelaw.workflows.project import Project as Project
from scalelaw.workflows.project import load_project as load_project
from scalelaw.workflows.project import read_project as read_project
from scalelaw.workflows.proposal import Proposal as Proposal
from scalelaw.workflows.report import report as report
from scalelaw.workflows.reproduce import reproduce as reproduce
from scalelaw.workflows.study import Study as Study
from scalelaw.workflows.study import study as study
