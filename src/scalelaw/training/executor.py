"""The local executor: one single-thread process per core that does job after job; dead processes are replaced.

For tiny models, two processes with one thread beat one process with two (1.97 against 1.47 times the speed of one
thread), since OpenMP threads on a shared core wait for each other.
"""

import contextlib
import json
import os
import queue
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_ATTEMPTS = 3
"""A job fails after its process has died this many times."""

_GIB = str(1 << 30)
ENVIRONMENT = dict(
    OMP_NUM_THREADS="1",
    MKL_NUM_THREADS="1",
    # By default glibc returns large blocks to the system and gets them back zeroed, although every step needs the
    # same ones. Keeping them makes a step of width 96 faster by 15 to 25 %.
    MALLOC_MMAP_THRESHOLD_=_GIB,
    MALLOC_TRIM_THRESHOLD_=_GIB,
    MALLOC_TOP_PAD_=str(1 << 26),
)
"""Environment of a worker, which must be set before the process starts."""


@dataclass(frozen=True)
class Event:
    """A message of a worker, or its death.

    Attributes:
        job: index of its job.
        message: ``steps`` and ``loss``; ``done``; or ``failed`` with the reason.
    """

    job: int
    message: Mapping[str, Any]


class _Worker:
    """One process and its job."""

    def __init__(self, events: "queue.Queue[tuple[_Worker, dict[str, Any]]]") -> None:
        self.job: int | None = None
        self._last_words: deque[str] = deque(maxlen=5)
        self._process = subprocess.Popen(
            [sys.executable, "-m", "scalelaw.training.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            errors="replace",
            env={**os.environ, **ENVIRONMENT},
        )
        pipes = self._process.stdin, self._process.stdout, self._process.stderr
        assert pipes[0] and pipes[1] and pipes[2]
        self._stdin, self._stdout, self._stderr = pipes[0], pipes[1], pipes[2]
        self._errors = threading.Thread(target=self._collect, daemon=True)
        self._answers = threading.Thread(target=self._listen, args=(events,), daemon=True)
        self._errors.start()
        self._answers.start()

    def start(self, job: int, message: Mapping[str, Any]) -> None:
        """Give the process a job; its listener reports if it is dead."""
        self.job = job
        with contextlib.suppress(OSError):
            self._stdin.write(json.dumps(message) + "\n")
            self._stdin.flush()

    def stop(self) -> None:
        """End the process; its files stay."""
        self._process.terminate()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._answers.join()
        for pipe in (self._stdin, self._stdout, self._stderr):
            with contextlib.suppress(OSError):  # unread input
                pipe.close()

    def _listen(self, events: "queue.Queue[tuple[_Worker, dict[str, Any]]]") -> None:
        for line in self._stdout:
            events.put((self, json.loads(line)))
        status = self._process.wait()
        self._errors.join()
        why = f"signal {-status}" if status < 0 else f"status {status}"
        events.put((self, {"died": " ".join([why, *self._last_words])}))

    def _collect(self) -> None:
        for line in self._stderr:
            self._last_words.append(line.strip())


def execute(jobs: Sequence[Mapping[str, Any]], workers: int) -> Generator[Event, None, None]:
    """Do all jobs in this order on several processes, and yield events until all are done.

    Closing the iterator ends the processes.
    """
    events: queue.Queue[tuple[_Worker, dict[str, Any]]] = queue.Queue()
    waiting = deque(range(len(jobs)))
    begun = [0] * len(jobs)
    crew: set[_Worker] = set()
    try:
        while waiting or any(worker.job is not None for worker in crew):
            while waiting and len(crew) < workers:
                crew.add(_Worker(events))
                _next(crew, waiting, begun, jobs)
            worker, message = events.get()
            job = worker.job
            if "died" in message:
                crew.discard(worker)
                worker.stop()
                if job is not None and begun[job] < _ATTEMPTS:
                    waiting.appendleft(job)
                    continue
                message = {"failed": f"its process died {_ATTEMPTS} times ({message['died']}); check free memory"}
            if job is None:
                continue
            if "done" in message or "failed" in message:
                worker.job = None
                _next(crew, waiting, begun, jobs)
            yield Event(job, message)
    finally:
        for worker in crew:
            worker.stop()


def _next(crew: set[_Worker], waiting: deque[int], begun: list[int], jobs: Sequence[Mapping[str, Any]]) -> None:
    """Give the first waiting job to an idle worker."""
    for worker in crew:
        if worker.job is None and waiting:
            job = waiting.popleft()
            begun[job] += 1
            worker.start(job, jobs[job])
