"""Findings about a table or a fit, in four grades, each with a code and a remedy."""

import warnings
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from scalelaw.core.errors import BadTable, NeedsAnswer, ScalelawWarning
from scalelaw.core.plain_text import printable_line


class Grade(StrEnum):
    """How much a finding matters."""

    SET_ASIDE = "set aside"
    """Rows are excluded, counted and shown; there is a result. Shown to readers as ``excluded``."""
    WARN = "warn"
    """There is a result, but a reason to doubt it."""
    ASK = "ask"
    """Only the user can answer; the result waits until then."""
    REFUSE = "refuse"
    """Any result would be meaningless."""

    @property
    def shown(self) -> str:
        """The grade as readers see it; files and JSON hold its value."""
        return "excluded" if self is Grade.SET_ASIDE else self.value


@dataclass(frozen=True)
class Answer:
    """One answer to a finding that asks, and the arguments that express it.

    Attributes:
        says: the answer in words.
        settings: arguments of ``load_runs`` and ``study``, as ``scalelaw.toml`` holds them.
    """

    says: str
    settings: Mapping[str, Any] = field(hash=False)


@dataclass(frozen=True)
class Finding:
    """One finding: ``code`` is stable and documented, ``rows`` counts the affected rows.

    ``answers`` are the possible answers of a finding that asks; ``scalelaw init`` offers them. ``parts`` are the
    findings that this one combines.
    """

    code: str
    grade: Grade
    message: str
    rows: int = 0
    fix: str = ""
    answers: tuple[Answer, ...] = ()
    parts: tuple["Finding", ...] = ()

    def __str__(self) -> str:
        return printable_line(f"{self.message}; {self.fix}" if self.fix else self.message)

    def to_dict(self) -> dict[str, Any]:
        """Return the finding as plain values for JSON."""
        return {
            "code": self.code,
            "grade": str(self.grade),
            "message": self.message,
            "rows": self.rows,
            "fix": self.fix,
        }


def enforce(findings: Iterable[Finding], *, strict: bool = False) -> None:
    """Raise on *refuse* and *ask*, warn on *warn*; with ``strict`` excluded rows raise as well.

    Raises:
        BadTable: at least one finding refuses.
        NeedsAnswer: no finding refuses, and at least one asks.
    """
    found = list(findings)
    stop = {Grade.REFUSE, Grade.SET_ASIDE} if strict else {Grade.REFUSE}
    if refused := [finding for finding in found if finding.grade in stop]:
        raise BadTable("; ".join(f"{finding} [{finding.code}]" for finding in refused), found)
    if asked := [finding for finding in found if finding.grade is Grade.ASK]:
        raise NeedsAnswer("; ".join(f"{finding} [{finding.code}]" for finding in asked), found)
    for finding in found:
        if finding.grade is Grade.WARN:
            warnings.warn(f"{finding} [{finding.code}]", ScalelawWarning, stacklevel=3)
