"""The tables shipped with scalelaw; name and notes give the origin of each."""

import json
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from scalelaw.core.errors import BadInput, UnknownName
from scalelaw.core.types import Array
from scalelaw.datasets.simulate import RunGrid, simulate
from scalelaw.laws import get
from scalelaw.runs.reading.load import load_runs
from scalelaw.runs.table import RunTable

SYNTHETIC_NOISE = 0.004
"""Standard deviation of log loss in the synthetic ladder."""


@dataclass(frozen=True)
class _Table:
    """A shipped table: its file, and one sentence on its origin."""

    file: str
    made: str


_TABLES = MappingProxyType(
    {
        "cpu-ladder": _Table(
            "cpu-ladder.parquet",
            "trained by us on two cores: one block, widths 16 to 256, 0.5M to 16M tokens of documentation; "
            'datasets.card("cpu-ladder") has the details',
        ),
        "synthetic-ladder": _Table(
            "synthetic-ladder.csv",
            "SYNTHETIC: 42 runs drawn from chinchilla@besiroglu2024 "
            f"with {SYNTHETIC_NOISE:.1%} lognormal noise; nothing was trained",
        ),
    }
)


def names() -> tuple[str, ...]:
    """Return the names of the shipped tables."""
    return tuple(_TABLES)


def path(name: str) -> Path:
    """Return the path of a shipped table.

    Raises:
        UnknownName: no shipped table has this name.
    """
    if name not in _TABLES:
        raise UnknownName.among("dataset", name, _TABLES)
    return Path(__file__).parent / _TABLES[name].file


def load(name: str) -> RunTable:
    """Load a shipped table, with its origin in the notes.

    Raises:
        UnknownName: no shipped table has this name.
    """
    table = load_runs(path(name))
    return replace(table, source=name, notes=(_TABLES[name].made, *table.notes))


def card(name: str) -> dict[str, Any]:
    """Return the card of a trained table: ladder, recipe, corpus, hardware, fits and frozen forecasts.

    Raises:
        UnknownName: no shipped table has this name.
        BadInput: the table was not trained, so it has no card.
    """
    file = path(name).with_suffix(".json")
    if not file.exists():
        raise BadInput(f"{name} has no card: {_TABLES[name].made}")
    found: dict[str, Any] = json.loads(file.read_text("utf-8"))
    return found


def synthetic_ladder() -> dict[str, Array]:
    """Return the columns of ``synthetic-ladder``, simulated again; equal to the shipped file."""
    law = get("chinchilla")
    grid = RunGrid(params=np.geomspace(4e7, 2.56e9, 7).round(-5).tolist(), tokens_per_param=(5, 10, 20, 40, 80, 160))
    coef = law.vector(law.published["besiroglu2024"].coef)
    return simulate(law, coef, grid, noise=SYNTHETIC_NOISE, seed=20240415)
