"""What keeps runs while they are written: the contract, and what a run looks like when read back."""

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
"""A run is *running* while its writer lives, *crashed* when that died or said so, *finished* when it said so."""


@dataclass(frozen=True, eq=False)
class RunRecord(Brief):
    """One run as a store has it now.

    Attributes:
        run: its name in the store.
        settings: what it was told to be.
        state: one of ``STATES``.
        evals: what was measured, in order; what a resumed run did again is here once, as done last.
        started: when it was first written, ISO 8601 in UTC.
        torn: lines that a crash left half written; they are ignored.
        superseded: evaluations that a resumed run did again, or that a writer added after it was replaced.
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
    """The one writer of one run."""

    @property
    def run(self) -> str:
        """The name of the run."""

    def append(self, values: Values) -> None:
        """Keep one evaluation; when this returns, it survives the death of the process and of the machine.

        Raises:
            RunLocked: another process has taken the run over.
            BadInput: the writer is closed.
        """

    def close(self, state: str, error: str = "") -> None:
        """End the writing in one of ``STATES``, and let others write; closing twice is fine.

        Args:
            state: ``finished`` or ``crashed``.
            error: what went wrong, in a word.
        """


@runtime_checkable
class Store(Protocol):
    """A place for runs: many readers, and one writer a run."""

    def runs(self) -> tuple[str, ...]:
        """Return the names of all runs, sorted."""

    def read(self, run: str) -> RunRecord:
        """Return a run as it is now, whether or not it is being written.

        Raises:
            UnknownName: there is none of this name.
        """

    def write(self, spec: RunSpec) -> RunWriter:
        """Open the run of these settings for writing: a new one, or one that crashed.

        Raises:
            RunLocked: another process is writing it; the message names the process.
            BadInput: the run is finished.
        """


def surviving(sessions: Sequence[Sequence[Values]]) -> tuple[tuple[Values, ...], int]:
    """Return the evaluations that count, and how many were done again.

    Each session starts where a writer opened the run. One that resumes at step s does again whatever an earlier
    session did at s or later.
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
    """Return the step of an evaluation, its tokens where it has none, or None."""
    by_quantity = {recognise(name): value for name, value in values.items()}
    value = by_quantity.get("steps", by_quantity.get("tokens"))
    return float(value) if isinstance(value, int | float) else None


def count_states(records: Iterable[RunRecord]) -> str:
    """Return how many runs are in which state, in words."""
    counts = Counter(record.state for record in records)
    return ", ".join(f"{counts[state]} {state}" for state in STATES if counts[state])
