"""How Sphinx builds the documentation: `make docs`."""

import sys
from pathlib import Path
from typing import Any

from pygments.lexers.special import TextLexer

import scalelaw

sys.path.insert(0, str(Path(__file__).parent / "_ext"))

project = "scalelaw"
author = "The scalelaw authors"
version = release = scalelaw.__version__
extensions = [
    "myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "gallery", "reference_pages", "api_pages",
]  # fmt: skip
myst_heading_anchors = 3
myst_enable_extensions = ["deflist"]
exclude_patterns = ["_build", "_ext", "_static", "gallery"]
html_theme = "furo"
html_title = "scalelaw"
html_show_copyright = False
html_static_path = ["_static"]
html_css_files = ["wide.css"]
autodoc_member_order = "bysource"
autodoc_preserve_defaults = True
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
maximum_signature_line_length = 80
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_use_ivar = True
napoleon_use_rtype = False
python_use_unqualified_type_names = True


def setup(sphinx: Any) -> None:
    """Show tables in pages, ``csv`` blocks, as plain text."""
    sphinx.add_lexer("csv", TextLexer)
