"""Store runs as folders: ``<store>/<run>/run.json`` holds the settings, ``evals.jsonl`` one evaluation per line.

Both are plain text that grep, git and any JSON reader understand. ``run.json`` is written once and never changed;
``evals.jsonl`` only grows. The end of a run is a line too, ``{"state": "finished"}``; without one, a run is *crashed*
once its lock is stale.
"""

import json
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from scalelaw.core.errors import BadInput, BadTable, RunLocked, UnknownName
from scalelaw.core.files import write_whole
from scalelaw.core.owners.lock import BEAT_S, MISSED, Guarded, Lock, acquire, is_held
from scalelaw.core.reading import LARGEST_SETTINGS, one_line, read_text
from scalelaw.runs.storing.journal import Journal, open_journal, read_journal
from scalelaw.runs.storing.run_spec import RunSpec
from scalelaw.runs.storing.store import RunRecord, RunWriter, Values, surviving

_SCHEMA = "scalelaw.run/1"
_RUN, _EVALS, _LOCK = "run.json", "evals.jsonl", "lock"
_OURS = ("time", "session")
_ONE_WRITER = (
    "a run has one writer: record from one process (rank 0), change a setting for another run, or wait for it to finish"
)


@dataclass(frozen=True)
class DirStore:
    """A folder of runs.

    Attributes:
        root: the folder, created with the first run.
        beat_s: seconds between heartbeats of a writer.
        missed: heartbeats after which a silent writer counts as dead.

    Example:
        >>> import tempfile
        >>> store = DirStore(Path(tempfile.mkdtemp()))
        >>> writer = store.write(RunSpec.of({"params": 1e6}))
        >>> writer.append({"tokens": 2e7, "loss": 4.2})
        >>> writer.close("finished")
        >>> [store.read(run).state for run in store.runs()]
        ['finished']
    """

    root: Path
    beat_s: float = BEAT_S
    missed: int = MISSED

    def runs(self) -> tuple[str, ...]:
        """Return the sorted names of all runs, which are the names of their folders."""
        return tuple(sorted(path.parent.name for path in self.root.glob(f"*/{_RUN}")))

    def read(self, run: str) -> RunRecord:
        """Return the current state of a run; see ``Store.read``.

        Raises:
            UnknownName: unknown run.
            BadTable: its ``run.json`` is damaged.
        """
        folder = self.root / run
        if not (folder / _RUN).exists():
            raise UnknownName.among("run", run, self.runs())
        with one_line(f"{folder / _RUN}"):
            said = _read_run(folder / _RUN)
        # Check the lock first, so that a writer that finishes in between counts as finished, not crashed.
        held = is_held(folder / _LOCK, missed=self.missed)
        with one_line(f"{folder / _EVALS}"):
            lines, torn = read_journal(folder / _EVALS)
            story = _replay(lines)
            evals, superseded = surviving(story.sessions)
        state = story.state if story.state != "running" else "running" if held else "crashed"
        started = str(said.get("started", ""))
        return RunRecord(run, said["settings"], state, evals, started, torn, superseded + story.late)

    def write(self, spec: RunSpec) -> RunWriter:
        """Open the run with these settings for writing; see ``Store.write``.

        Raises:
            RunLocked: another process is writing it; the message names the process.
            BadInput: the run has finished, or the folder cannot be written.
        """
        folder = self.root / spec.digest
        try:
            folder.mkdir(parents=True, exist_ok=True)
            guarded = Guarded(f"run {spec.digest}", _ONE_WRITER, RunLocked)
            lock = acquire(folder / _LOCK, guarded, beat_s=self.beat_s, missed=self.missed)
        except OSError as error:
            raise BadInput(f"{str(folder)!r} cannot be written: {error.strerror}") from error
        try:
            return self._open(folder, spec, lock)
        except BaseException:
            lock.release()
            raise

    def _open(self, folder: Path, spec: RunSpec, lock: Lock) -> RunWriter:
        if not (folder / _RUN).exists():
            _write_run(folder / _RUN, spec)
        elif RunSpec.of(_read_run(folder / _RUN)["settings"]) != spec:
            raise BadInput(f"{folder / _RUN} was edited: its settings do not match the folder's name")
        story = _replay(read_journal(folder / _EVALS)[0])
        if story.state == "finished":
            raise BadInput(
                f"run {spec.digest} with these settings has finished; change a setting (e.g. seed=1) to repeat it, "
                f"or delete {str(folder)!r}"
            )
        writer = _DirRun(spec.digest, open_journal(folder / _EVALS), lock, story.session + 1)
        writer.say(state="running")
        return writer


class _DirRun:
    """The writer of one run in a DirStore."""

    def __init__(self, run: str, journal: Journal, lock: Lock, session: int) -> None:
        self._run = run
        self._journal = journal
        self._lock = lock
        self._session = {"session": session} if session > 1 else {}
        self._closed = False

    @property
    def run(self) -> str:
        return self._run

    def append(self, values: Values) -> None:
        if self._closed:
            raise BadInput(f"run {self._run} is closed; nothing can be added to it")
        self.say(**values)

    def close(self, state: str, error: str = "") -> None:
        if self._closed:
            return
        self.say(state=state, **({"error": error} if error else {}))
        self._closed = True
        self._journal.close()
        self._lock.release()

    def say(self, **values: bool | int | float | str | None) -> None:
        """Append a line of these values."""
        self._lock.check()
        self._journal.append({**values, **self._session, "time": round(time.time(), 3)})


def holds_runs(path: Path) -> bool:
    """Return whether a folder is a DirStore or one run of it."""
    return (path / _RUN).is_file() or next(path.glob(f"*/{_RUN}"), None) is not None


def store_of(path: Path) -> tuple[DirStore, tuple[str, ...]]:
    """Return the store at a path and the runs to read: all, or the one whose folder the path is."""
    if (path / _RUN).is_file():
        folder = path.resolve()
        return DirStore(folder.parent), (folder.name,)
    store = DirStore(path)
    return store, store.runs()


@dataclass
class _Replay:
    """The content of a run's lines.

    Attributes:
        sessions: the evaluations of each session, from opening to closing.
        state: the state written last.
        session: number of the last session, from 1; 0 before the first.
        late: evaluations that a writer added after its takeover.
    """

    sessions: list[list[Values]] = field(default_factory=list)
    state: str = "running"
    session: int = 0
    late: int = 0


def _replay(lines: list[dict[str, Any]]) -> _Replay:
    """Replay the lines of a run; lines of a writer after its takeover do not count."""
    story = _Replay()
    for line in lines:
        session = line.get("session", 1)
        if not isinstance(session, int):
            raise BadTable(f"a line has the session {session!r}, which is not a number")
        opens = line.get("state") == "running"
        if session < story.session or (opens and session == story.session):
            story.late += "state" not in line
        elif "state" in line:
            story.state, story.session = str(line["state"]), session
            story.sessions += [[]] if opens else []
        elif story.sessions:
            story.sessions[-1].append({name: value for name, value in line.items() if name not in _OURS})
    return story


def _read_run(path: Path) -> dict[str, Any]:
    try:
        said = json.loads(read_text(path, LARGEST_SETTINGS))
    except ValueError as error:
        raise BadTable(f"{str(path)!r} is not valid JSON: {error}") from error
    schema = said.get("schema") if isinstance(said, dict) else None
    if schema != _SCHEMA or not isinstance(said.get("settings"), dict):
        raise BadTable(f"{str(path)!r} is {schema or 'not a run'}; this version reads {_SCHEMA}")
    return dict(said)


def _write_run(path: Path, spec: RunSpec) -> None:
    """Write the settings of a run atomically: a reader sees all or nothing."""
    started = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    said = {"schema": _SCHEMA, "run": spec.digest, "started": started, "settings": spec.settings}
    write_whole(path, json.dumps(said, indent=1, ensure_ascii=False) + "\n")
