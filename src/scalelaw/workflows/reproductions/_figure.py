"""One published number: its value, how we compute it, and why ours may differ."""

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
    """One published number.

    Attributes:
        name: name on the command line, such as ``clip-laion2b``.
        what: description.
        published: published value.
        ours: computes our value from the folder of published tables.
        digits: tolerance that follows from the published digits, in the unit of the number.
        source: publication.
        needs: folder of the published tables behind the number, or empty.
        side: ``near``: ours should be equal; ``below``: not higher, for a minimised objective; ``above``: not lower,
            for explained variance.
        why: reason for a difference.
        unverified: the published value is from memory or a secondary source.
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
    """Return rows of unit weight, each from a separate run."""
    values = np.asarray(y, float)
    return Observations(target, x, values, np.arange(len(values)), np.ones(len(values)), len(values))


def columns(path: Path) -> dict[str, AnyArray]:
    """Return the columns of a table by name."""
    return {name: column.values for name, column in read_source(path).columns.items()}


def rank_correlation(a: Array, b: Array) -> float:
    """Return Spearman's rank correlation."""
    from scipy.stats import spearmanr

    return float(spearmanr(a, b).statistic)
