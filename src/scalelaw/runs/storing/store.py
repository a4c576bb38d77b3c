"""The contract of stores of runs, and the record of a run read back."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from scalelaw.core.nouns.brief import Brief
from scalelaw.core.quantities import recognise
from scalelaw.runs.storing.run_spec import RunSpec

Values = Mapping[str, bool | int | float | str | None]
"""One evaluation: name -> value; ``step``, ``tokens`` and metrics such as ``loss`` or ``loss@c4``."""

STATES = ("running", "finished", "crashed")
"""States of a run: *running* while its writer lives, then *crashed* or *finished*."""


@dataclass(frozen=True, eq=False)
class RunRecord(Brief):
    """The current state of one run in a store.

    Attributes:
        run: its name in the store.
        settings: its settings.
        state: one of ``STATES``.
        evals: the evaluations in order; those repeated by a resumed run appear once, the last.
        started: time of the first write, ISO 8601 in UTC.
        torn: number of half-written lines, which are ignored.
        superseded: number of evaluations that a resumed run repeated, or that a writer added after it lost the run.
    """

    run: str
    settings: Mapping[str, Any]
    state: str
    evals: tuple[Values, ...]
    started: str = ""
    torn: int = 0
    superseded: int = 0


@runtime_checkable
class RunWriter(Protocol):
    """The only writer of a run."""

    @property
    def run(self) -> str:
        """The name of the run."""

    def append(self, values: Values) -> None:
        """Record one evaluation, on disk before this returns.

        Raises:
            RunLocked: another process has taken over the run.
            BadInput: the writer is closed.
        """

    def close(self, state: str, error: str = "") -> None:
        """Close the run in one of ``STATES`` and release it for other writers; closing twice is fine.

        Args:
            state: ``finished`` or ``crashed``.
            error: short description of the failure.
        """


@runtime_checkable
class Store(Protocol):
    """A store of runs with many readers, and one writer per run."""

    def runs(self) -> tuple[str, ...]:
        """Return the names of all runs, sorted."""

    def read(self, run: str) -> RunRecord:
        """Return the current state of a run, also while it is being written.

        Raises:
            UnknownName: unknown run.
        """

    def write(self, spec: RunSpec) -> RunWriter:
        """Open the run with these settings for writing, new or crashed.

        Raises:
            RunLocked: another process is writing it; the message names the process.
            BadInput: the run has finished.
        """


def surviving(sessions: Sequence[Sequence[Values]]) -> tuple[tuple[Values, ...], int]:
    """Return the valid evaluations and the number of repeated ones.

    A session starts when a writer opens the run. One that resumes at step s replaces earlier evaluations at s or later.
    """
    kept: list[Values] = []
    dropped = 0
    for session in sessions:
        clocks = [clock for values in session if (clock := _clock(values)) is not None] if kept else []
        if clocks:
            start, before = min(clocks), len(kept)
            kept = [values for values in kept if (clock := _clock(values)) is None or clock < start]
            dropped += before - len(kept)
        kept += session
    return tuple(kept), dropped


def _clock(values: Values) -> float | None:
    """Return the step of an evaluation, else its tokens, else None."""
    by_quantity = {recognise(name): value for name, value in values.items()}
    value = by_quantity.get("steps", by_quantity.get("tokens"))
    return float(value) if isinstance(value, int | float) else None


def count_states(records: Iterable[RunRecord]) -> str:
    """Return the number of runs per state, in words."""
    counts = Counter(record.state for record in records)
    return ", ".join(f"{counts[state]} {state}" for state in STATES if counts[state])
