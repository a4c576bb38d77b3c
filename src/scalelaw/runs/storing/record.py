"""Record runs from any training loop with three lines (``sl.record``)."""

import contextlib
from os import PathLike
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from scalelaw.core.errors import BadInput, RunLocked
from scalelaw.core.quantities import QUANTITIES, recognise
from scalelaw.runs.storing.dirstore import DirStore
from scalelaw.runs.storing.run_spec import RESERVED, RunSpec, plain
from scalelaw.runs.storing.store import RunWriter, Store


class Recording:
    """A run being recorded; returned by ``record``.

    As a context manager it closes the run: finished at the end of the block, crashed on an exception.
    """

    def __init__(self, writer: RunWriter, settings: frozenset[str]) -> None:
        self._writer = writer
        self._settings = settings

    @property
    def run(self) -> str:
        """The name of the run in its store."""
        return self._writer.run

    def log(self, **values: Any) -> None:
        """Record one evaluation; it is on disk when this returns.

        Args:
            **values: ``step``, ``tokens`` and metrics: ``loss``, ``bpb``, ``score``, or with an evaluation set,
                ``**{"loss@c4": 3.1}``. Numbers, or arrays and tensors of one number.

        Raises:
            BadInput: a value that is not one number, the name of a setting, or a closed run.
            RunLocked: another process has taken over the run.

        Example:
            >>> import tempfile
            >>> run = record(tempfile.mkdtemp(), params=124e6, seed=0)
            >>> run.log(step=10, tokens=5e6, loss=9.8)
            >>> run.finish()
        """
        if not values:
            raise BadInput("log() needs values, e.g. log(step=100, tokens=5e7, loss=3.2)")
        for name in values:
            if name in RESERVED:
                raise BadInput(f"log({name}=...): the store sets {name} itself; choose another name")
            if name in self._settings:
                raise BadInput(
                    f"log({name}=...): {name} is a setting of this run; log changing values under another name, "
                    f"e.g. {_other_name(name)}"
                )
        self._writer.append({name: plain(value, name) for name, value in values.items()})

    def finish(self) -> None:
        """Mark the run as finished; calling it twice is fine."""
        self._writer.close("finished")

    def crash(self, error: str = "") -> None:
        """Mark the run as crashed; opening it again with the same settings resumes it."""
        self._writer.close("crashed", error)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self.finish()
            return
        with contextlib.suppress(RunLocked, OSError):  # keep the first exception
            self.crash(kind.__name__)


def record(store: str | PathLike[str] | Store, /, **settings: Any) -> Recording:
    """Open a run for writing; ``load_runs`` can read its evaluations at once.

    Equal settings mean the same run: opening a crashed run resumes it; a finished run or a second writer is refused.
    In a distributed job, record from one process.

    Args:
        store: a folder, created if absent, or any ``Store``.
        **settings: settings that identify the run: ``params`` or its kinds, ``seed``, ``lr``, ``planned_tokens`` and
            others. Numbers, text, flags, lists or dicts.

    Raises:
        RunLocked: another process is writing this run; the message names it.
        BadInput: the run has finished, or a setting is not plain.

    Example:
        >>> import tempfile
        >>> folder = tempfile.mkdtemp()
        >>> with record(folder, params=124e6, seed=0, lr=6e-4) as run:
        ...     for step in (100, 200):
        ...         run.log(step=step, tokens=step * 524288, loss=11 - step / 100)
        >>> from scalelaw.runs.reading.load import load_runs
        >>> load_runs(folder).endpoints().y.tolist()
        [9.0]
    """
    place = store if isinstance(store, Store) else DirStore(Path(store).expanduser())
    return Recording(place.write(RunSpec.of(settings)), frozenset(settings))


def _other_name(name: str) -> str:
    """Suggest a name for the changing value, or for the setting."""
    if recognise(name) == "tokens":
        return "planned_tokens for the setting"
    return f"{name}_now" if name in QUANTITIES else f"current_{name}"
