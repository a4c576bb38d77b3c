"""Runs the scripts of docs/gallery, and the quickstart, when the documentation is built; each saves its figure.

A script is a docstring (title, then caption) and the lines that make one figure, which are printed below it.
"""

import ast
import os
import re
import sys
import warnings
from pathlib import Path
from typing import Any

SCRIPTS = Path(__file__).parents[1] / "gallery"
QUICKSTART = Path(__file__).parents[1] / "quickstart.md"
SHARED = "sweep.py"
"""Tables that several scripts use; it makes no figure."""
ORDER = ("loss_vs_compute", "iso_loss", "residuals", "robustness", "influence", "isoflop", "approaches", "waterfall")
"""The figures shown first."""


def scripts() -> list[Path]:
    """Return the scripts, each of which makes the figure of the same name."""
    found = sorted(path for path in SCRIPTS.glob("*.py") if path.name != SHARED)
    return sorted(found, key=lambda path: ORDER.index(path.stem) if path.stem in ORDER else len(ORDER))


def page() -> str:
    """Return the gallery: each figure, what it shows, and the lines that made it."""
    parts = [
        "# Gallery",
        "Every figure of `scalelaw.viz`, with the lines that made it. The figures were drawn when these pages were "
        "built. Install the extra `plot` to run the lines. `save` writes SVG, PNG or PDF.",
    ]
    for path in scripts():
        text = path.read_text(encoding="utf-8")
        title, _, caption = (ast.get_docstring(ast.parse(text)) or "").partition("\n\n")
        code = text.split('"""', 2)[2].strip()
        parts += [f"## {title.rstrip('.')}", caption.replace("\n", " "), f"![{title}]({path.stem}.svg)"]
        parts += [f"```python\n{code}\n```"]
    shared = (SCRIPTS / SHARED).read_text(encoding="utf-8").split('"""', 2)[2].strip()
    parts += ["## The simulated tables", "`sweep.py`, which some figures import:", f"```python\n{shared}\n```"]
    return "\n\n".join(parts) + "\n"


def quickstart() -> str:
    """Return the lines of the quickstart."""
    found = re.search(r"^```python\n(.*?)^```", QUICKSTART.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    if found is None:
        raise ValueError(f"{QUICKSTART} has no block of Python")
    return found[1]


def run(code: str, name: str, folder: Path) -> None:
    """Run lines in a folder, where they save their figure."""
    here = Path.cwd()
    os.chdir(folder)
    sys.path.insert(0, str(SCRIPTS))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            exec(compile(code, name, "exec"), {"__name__": "__main__", "print": lambda *_: None})
    finally:
        sys.path.remove(str(SCRIPTS))
        os.chdir(here)


def write(sphinx: Any) -> None:
    """Draw every figure and write the page; called by Sphinx before it looks for files."""
    folder = Path(sphinx.srcdir) / "generated"
    folder.mkdir(exist_ok=True)
    run(quickstart(), str(QUICKSTART), folder)
    for path in scripts():
        run(path.read_text(encoding="utf-8"), str(path), folder)
    (folder / "gallery.md").write_text(page(), encoding="utf-8")


def setup(sphinx: Any) -> dict[str, bool]:
    """Have Sphinx draw the figures first."""
    sphinx.connect("builder-inited", write)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
