"""The tables shipped with scalelaw; each says in its name or notes how it was made."""

from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import numpy as np

from scalelaw.core.errors import UnknownName
from scalelaw.core.types import Array
from scalelaw.datasets.simulate import Grid, simulate
from scalelaw.laws import get
from scalelaw.runs import RunTable, load_runs

SYNTHETIC_NOISE = 0.004
"""Standard deviation of log loss in the synthetic ladder."""

_TABLES = MappingProxyType(
    {
        "synthetic-ladder": "SYNTHETIC: 42 runs drawn from chinchilla@besiroglu2024 "
        f"with {SYNTHETIC_NOISE:.1%} lognormal noise; nothing was trained",
    }
)


def names() -> tuple[str, ...]:
    """Return the names of the shipped tables."""
    return tuple(_TABLES)


def path(name: str) -> Path:
    """Return where a shipped table lies.

    Raises:
        UnknownName: no such table.
    """
    if name not in _TABLES:
        raise UnknownName.among("dataset", name, _TABLES)
    return Path(__file__).parent / f"{name}.csv"


def load(name: str) -> RunTable:
    """Load a shipped table, labelled with how it was made.

    Raises:
        UnknownName: no such table.
    """
    table = load_runs(path(name))
    return replace(table, source=name, notes=(_TABLES[name], *table.notes))


def synthetic_ladder() -> dict[str, Array]:
    """Return the columns of ``synthetic-ladder`` as they were drawn; the shipped file holds them."""
    law = get("chinchilla")
    grid = Grid(params=np.geomspace(4e7, 2.56e9, 7).round(-5).tolist(), tokens_per_param=(5, 10, 20, 40, 80, 160))
    coef = law.vector(law.published["besiroglu2024"].coef)
    return simulate(law, coef, grid, noise=SYNTHETIC_NOISE, seed=20240415)
