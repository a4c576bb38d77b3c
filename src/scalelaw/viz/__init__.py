"""Figures, one a file: ``*_info`` computes, ``draw`` renders, ``save`` writes PNG, SVG or PDF."""

from scalelaw.viz.style import check_format as check_format
from scalelaw.viz.style import save as save
