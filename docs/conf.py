"""How Sphinx builds the documentation: `make docs`."""

import sys
from pathlib import Path

import scalelaw

sys.path.insert(0, str(Path(__file__).parent / "_ext"))

project = "scalelaw"
author = "The scalelaw authors"
version = release = scalelaw.__version__
extensions = ["myst_parser", "gallery", "reference_pages"]
myst_heading_anchors = 2
exclude_patterns = ["_build", "_ext", "gallery"]
html_theme = "furo"
html_title = "scalelaw"
