"""Figures, one a file: ``*_info`` computes, ``draw`` renders, ``save`` writes PNG, SVG or PDF."""

from scalelaw.viz.style import save as save
