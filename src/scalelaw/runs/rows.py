"""Rows of a file read to the end, before it is known which of them share a run."""

from dataclasses import dataclass, field

import numpy as np

from scalelaw.core.findings import Finding
from scalelaw.core.types import AnyArray, Array
from scalelaw.runs.cells import Numbers


@dataclass
class Rows:
    """A file read to the end: one entry a row, still in the order of the file.

    Attributes:
        source: where the rows come from.
        read: how many there are.
        run: the run of each row, numbered by first appearance, (n,).
        order: the rows in the order of time inside runs, (n,).
        columns: canonical and other columns, numbers or objects, each (n,).
        numbers: the numeric quantities among them, with what was missing and unreadable.
        targets: target -> its values.
        errors: target -> standard errors, (n,).
        items: target -> number of items behind each value, (n,).
        origins: column -> what it was read or computed from.
        notes: what was assumed.
        findings: what was noticed.
    """

    source: str
    read: int
    run: AnyArray
    order: AnyArray = field(default_factory=lambda: np.arange(0))
    columns: dict[str, AnyArray] = field(default_factory=dict)
    numbers: dict[str, Numbers] = field(default_factory=dict)
    targets: dict[str, Numbers] = field(default_factory=dict)
    errors: dict[str, Array] = field(default_factory=dict)
    items: dict[str, Array] = field(default_factory=dict)
    origins: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
