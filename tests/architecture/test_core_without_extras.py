"""Without the optional packages everything imports, and what needs one says what to install."""

import subprocess
import sys

WITHOUT_MATPLOTLIB = """
import sys
sys.modules["matplotlib"] = None  # makes every import of it fail
import importlib, pkgutil
import scalelaw
for module in pkgutil.walk_packages(scalelaw.__path__, "scalelaw."):
    importlib.import_module(module.name)
from scalelaw.core.errors import MissingExtra
from scalelaw.viz import style
try:
    style.canvas()
except MissingExtra as error:
    print(error)
"""


def test_figures_ask_for_the_plot_extra_and_nothing_else_needs_it() -> None:
    result = subprocess.run([sys.executable, "-c", WITHOUT_MATPLOTLIB], capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    assert "pip install 'scalelaw[plot]'" in result.stdout
