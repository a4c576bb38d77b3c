"""Every error and warning of scalelaw, drawn as one tree.

    ScalelawError
    ├── BadInput            a bad argument, file or table          (ValueError, CLI exit status 2)
    │   ├── UnknownName     a name that is not registered; the message suggests the nearest registered name
    │   ├── BadNumber       text that is not a number or carries the wrong unit
    │   ├── BadFormula      a formula that cannot be parsed or is not allowed
    │   ├── BadTable        findings of grade *refuse*
    │   ├── NeedsAnswer     findings of grade *ask*: only the user can know
    │   └── RunLocked       another process is writing this run; the message names it
    ├── FitFailed           nothing usable came out                (RuntimeError, CLI exit status 1)
    └── MissingExtra        an optional package is not installed   (ImportError, CLI exit status 2)

    ScalelawWarning         a result exists, but there is a reason to doubt it (UserWarning)

A message gives the problem, the value and a remedy.
"""

import difflib
import re
from collections.abc import Iterable
from typing import Any, Self

from scalelaw.core.plain_text import printable_line

_MOST_LISTED = 20
"""Up to this many known names are listed beside the nearest one."""


class ScalelawError(Exception):
    """Base of every error this package raises on purpose; its text is one line that a terminal shows as it is."""

    def __str__(self) -> str:
        return printable_line(super().__str__())


class BadInput(ScalelawError, ValueError):
    """A bad argument, file or table."""


class UnknownName(BadInput):
    """A name that is not among the known ones."""

    @classmethod
    def among(cls, kind: str, name: object, known: Iterable[str]) -> Self:
        """Build the error with the nearest known names as advice."""
        names = sorted(known)
        holding = [other for other in names if str(name).lower() in re.split(r"[^a-z0-9]+", other.lower())]
        near = holding[:1] if len(holding) == 1 else difflib.get_close_matches(str(name), names, n=1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        every = "" if near and len(names) > _MOST_LISTED else f" Known: {', '.join(names) or 'none'}"
        return cls(f"unknown {kind} {name!r}.{hint}{every}")


class BadNumber(BadInput):
    """Text that is not a number, or a number with the wrong unit."""


class BadFormula(BadInput):
    """A formula that cannot be parsed or uses what is not allowed."""


class BadTable(BadInput):
    """A table that cannot be fitted, with the findings that explain it."""

    def __init__(self, message: str = "", findings: Iterable[Any] = ()) -> None:
        super().__init__(message)
        self.findings = tuple(findings)


class NeedsAnswer(BadInput):
    """A question that only the user can answer; the message names the option that answers it."""

    def __init__(self, message: str = "", findings: Iterable[Any] = ()) -> None:
        super().__init__(message)
        self.findings = tuple(findings)


class RunLocked(BadInput):
    """Another process is writing this run, or has taken it over."""


class FitFailed(ScalelawError, RuntimeError):
    """No start reached a finite objective."""


class MissingExtra(ScalelawError, ImportError):
    """An optional package is needed and not installed."""


class ScalelawWarning(UserWarning):
    """A result exists, but there is a reason to doubt it."""
