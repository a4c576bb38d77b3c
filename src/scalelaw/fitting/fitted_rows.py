"""The rows a law was fitted to."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from scalelaw.core.components import check_mixtures, codes, kind_of
from scalelaw.core.nouns.brief import Brief
from scalelaw.core.types import AnyArray, Array, Inputs
from scalelaw.runs.observations import SetAside


@dataclass(frozen=True, eq=False)
class FittedRows(Brief):
    """The rows a law was fitted to, and the excluded rows.

    Attributes:
        x: inputs, each (n,).
        y: measured values (n,).
        weight: weights (n,).
        cluster: the run of each row (n,).
        read: number of rows in the source.
        set_aside: excluded rows with reasons.
        digest: digest of the rows, independent of their order.
        levels: names of the components of a vector, or of the codes of a category.
        names: name of the run of each row, (n,); None without names.
        setting: number of the setting of each row's run, ignoring its seed, (n,); None if unknown.
    """

    x: Mapping[str, Array]
    y: Array
    weight: Array
    cluster: AnyArray
    read: int
    set_aside: tuple[SetAside, ...]
    digest: str
    levels: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    names: AnyArray | None = None
    setting: AnyArray | None = None

    def run_names(self) -> AnyArray:
        """Return the name of the run of each row, (n,), or its number without names."""
        return np.asarray(self.cluster).astype(str).astype(object) if self.names is None else self.names

    def arrays(self, x: Inputs) -> Inputs:
        """Return inputs as the law takes them, with categories as codes.

        Raises:
            BadInput: a level that was not fitted, or shares that do not sum to one.
        """
        check_mixtures(x)
        return {
            name: codes(name, values, self.levels.get(name, ())) if kind_of(name) == "text" else values
            for name, values in x.items()
        }
