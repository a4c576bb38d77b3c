"""Import optional packages, with an error that names what to install."""

import importlib
from types import ModuleType

from scalelaw.core.errors import MissingExtra


def require(module: str, *, extra: str, why: str) -> ModuleType:
    """Import an optional module, e.g. ``require("matplotlib", extra="plot", why="draw figures")``.

    Raises:
        MissingExtra: the package is not installed; the message names the extra to install.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        package = module.partition(".")[0]
        raise MissingExtra(
            f"{package} is needed to {why} and is not installed; try: pip install 'scalelaw[{extra}]'"
        ) from error
