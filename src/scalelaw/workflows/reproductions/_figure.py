"""One published figure: what it is, what was printed, how we compute it, and why ours may differ."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from scalelaw.core.types import AnyArray, Array
from scalelaw.runs.observations import Observations
from scalelaw.runs.reading.io_source import read_source


@dataclass(frozen=True)
class Figure:
    """One published figure.

    Attributes:
        name: as the command line spells it, ``clip-laion2b``.
        what: what it is, in words.
        published: what was printed.
        ours: gives ours, from the folder of published tables.
        digits: how far a figure printed with its digits may be off, in its own unit.
        source: who printed it.
        needs: the folder of tables it is computed from; empty where it needs none.
        side: ``near``: ours should be the same; ``below``: no higher, as an objective that was minimised; ``above``: no
            lower, as a share of variance explained.
        why: why ours differs, where it does.
        unverified: the printed figure was read from memory or a secondary source.
    """

    name: str
    what: str
    published: float
    ours: Callable[[Path], float]
    digits: float
    source: str
    needs: str = ""
    side: Literal["near", "below", "above"] = "near"
    why: str = ""
    unverified: bool = False


def observations(x: Mapping[str, AnyArray], y: AnyArray, target: str = "loss") -> Observations:
    """Return rows of unit weight, each of a run of its own."""
    values = np.asarray(y, float)
    return Observations(target, x, values, np.arange(len(values)), np.ones(len(values)), len(values))


def columns(path: Path) -> dict[str, AnyArray]:
    """Return the columns of a table under their own names."""
    return {name: column.values for name, column in read_source(path).columns.items()}


def rank_correlation(a: Array, b: Array) -> float:
    """Return Spearman's rank correlation."""
    from scipy.stats import spearmanr

    return float(spearmanr(a, b).statistic)
