"""``sl.record``: three lines that make anyone's training loop write a run that scalelaw reads."""

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
    """A run that is being recorded; made by ``record``.

    As a context manager it ends the run: finished at the end of the block, crashed on an exception.
    """

    def __init__(self, writer: RunWriter, settings: frozenset[str]) -> None:
        self._writer = writer
        self._settings = settings

    @property
    def run(self) -> str:
        """The name of the run in its store."""
        return self._writer.run

    def log(self, **values: Any) -> None:
        """Keep one evaluation; when this returns it is on the disk.

        Args:
            **values: ``step``, ``tokens``, and what was measured: ``loss``, ``bpb``, ``score``, or with the name of the
                eval set, ``**{"loss@c4": 3.1}``. Numbers, or what holds one number.

        Raises:
            BadInput: a value that is not one number, a name that is a setting, or the run has ended.
            RunLocked: another process has taken the run over.

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
                raise BadInput(f"log({name}=...): the store gives {name} itself; choose another name")
            if name in self._settings:
                raise BadInput(
                    f"log({name}=...): {name} is a setting of this run; log what changes under another name, "
                    f"e.g. {_other_name(name)}"
                )
        self._writer.append({name: plain(value, name) for name, value in values.items()})

    def finish(self) -> None:
        """Say that the run came to its planned end; a second time is fine."""
        self._writer.close("finished")

    def crash(self, error: str = "") -> None:
        """Say that the run broke off; it may be opened again with the same settings, and go on."""
        self._writer.close("crashed", error)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self.finish()
            return
        with contextlib.suppress(RunLocked, OSError):  # what went wrong first is what counts
            self.crash(kind.__name__)


def record(store: str | PathLike[str] | Store, /, **settings: Any) -> Recording:
    """Open a run for writing; its evaluations can be read at once, by ``load_runs`` and by people.

    The same settings are the same run: one that crashed goes on where it is opened again, one that is finished is
    refused, and so is a second writer. In a distributed job let one process record.

    Args:
        store: a folder, made if need be, or any ``Store``.
        **settings: what was chosen: ``params`` or its kinds, ``seed``, ``lr``, ``planned_tokens``, whatever tells this
            run from others. Numbers, text, flags, lists or dicts.

    Raises:
        RunLocked: another process is writing this run; the message names it.
        BadInput: the run is finished, or a setting is not plain.

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
    """Return a name for the changing value of a setting, or for the setting."""
    if recognise(name) == "tokens":
        return "planned_tokens for the setting"
    return f"{name}_now" if name in QUANTITIES else f"current_{name}"
