"""Find importers: by file name in this package, by registration in a session, or by entry point."""

import importlib
import pkgutil
from functools import cache
from importlib.metadata import entry_points
from pathlib import Path

from scalelaw.core.errors import NeedsAnswer, UnknownName
from scalelaw.runs.importers._base import Importer

GROUP = "scalelaw.importers"
"""The entry-point group for importers of other packages."""

_registered: dict[str, Importer] = {}


def register(importer: Importer) -> None:
    """Register an importer by name for this session, e.g. in a notebook."""
    _registered[importer.name] = importer


@cache
def _modules() -> tuple[str, ...]:
    here = Path(__file__).parent
    return tuple(module.name for module in pkgutil.iter_modules([str(here)]) if not module.name.startswith("_"))


def names() -> tuple[str, ...]:
    """Return the names of all built-in and registered importers."""
    return tuple(sorted({*_modules(), *_registered}))


def get(name: str) -> Importer:
    """Return an importer by name; plugins are searched only if no built-in or registered one has the name.

    Raises:
        UnknownName: unknown importer.

    Example:
        >>> get("wandb_csv").reads
        'CSV exports of Weights & Biases: charts, runs tables, histories'
    """
    if name in _registered:
        return _registered[name]
    if name in _modules():
        found: Importer = importlib.import_module(f"{__package__}.{name}").IMPORTER
        return found
    plugins = {point.name: point for point in entry_points(group=GROUP)}
    if name not in plugins:
        raise UnknownName.among("importer", name, {*names(), *plugins})
    loaded: Importer = plugins[name].load()
    return loaded


def find(source: str) -> Importer | None:
    """Return the importer that recognises the path or address, or None.

    Raises:
        NeedsAnswer: several recognise it, as in an output folder with event files.
    """
    found = [name for name in names() if _recognised(get(name), source)]
    if len(found) > 1:
        raise NeedsAnswer(
            f"{Path(source).name!r} can be read by {' and by '.join(found)}; "
            f"choose one with importer={found[0]!r} (CLI: --importer {found[0]}), or name the file inside it"
        )
    return get(found[0]) if found else None


def _recognised(importer: Importer, source: str) -> bool:
    try:
        return importer.recognises(source)
    except (OSError, ValueError):  # an invalid path or an unreadable folder
        return False
