"""Figures, one per file: ``*_info`` computes, ``draw`` renders, ``save`` writes PNG, SVG or PDF, ``svg`` gives text."""

from scalelaw.viz.style import save as save
from scalelaw.viz.style import svg as svg
