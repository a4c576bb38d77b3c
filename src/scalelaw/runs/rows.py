"""Rows of a file with all columns read, before they are grouped into runs."""

from dataclasses import dataclass, field

import numpy as np

from scalelaw.core.findings import Finding
from scalelaw.core.types import AnyArray, Array
from scalelaw.runs.cells import Numbers


@dataclass
class Rows:
    """A file with all columns read: one entry per row, in file order.

    Attributes:
        source: file or object of the rows.
        read: number of rows.
        run: the run of each row, numbered by first appearance, (n,).
        order: the rows in order of time within runs, (n,).
        columns: canonical and other columns, numbers or objects, each (n,).
        numbers: the numeric quantities among them, with masks of missing and unreadable cells.
        targets: target -> its values.
        errors: target -> standard errors, (n,).
        items: target -> number of items behind each value, (n,).
        chances: target -> score of guessing behind each value, (n,).
        origins: column -> its source column or formula.
        notes: assumptions, in words.
        findings: warnings and questions so far.
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
    chances: dict[str, Array] = field(default_factory=dict)
    origins: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
