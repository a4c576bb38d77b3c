"""Without the optional packages everything imports, and what needs one says what to install."""

import subprocess
import sys

TRAINS = {
    f"scalelaw.training.{name}" for name in ("checkpoint", "climb", "evaluate", "fused", "model", "optim", "plain")
}
"""Modules that are nothing without torch; whoever needs them asks for it first."""

WITHOUT_EXTRAS = f"""
import sys
for absent in ("matplotlib", "torch", "safetensors", "optuna", "datasets"):
    sys.modules[absent] = None  # makes every import of it fail
import importlib, pkgutil
import scalelaw
for module in pkgutil.walk_packages(scalelaw.__path__, "scalelaw."):
    try:
        importlib.import_module(module.name)
        assert module.name not in {TRAINS}, module.name
    except ImportError:
        assert module.name in {TRAINS}, module.name
from scalelaw.core.errors import MissingExtra
from scalelaw.viz import style
try:
    style.canvas()
except MissingExtra as error:
    print(error)
"""


def test_what_needs_an_extra_asks_for_it_and_nothing_else_needs_it() -> None:
    result = subprocess.run([sys.executable, "-c", WITHOUT_EXTRAS], capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    assert "pip install 'scalelaw[plot]'" in result.stdout
