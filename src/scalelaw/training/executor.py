"""The local executor: one single-thread process a core, which takes job after job; one that dies is replaced.

Two processes of one thread beat one of two on tiny models (1.97 against 1.47 times the speed of one), and OpenMP
threads that share a core spin for each other.
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
"""Times that a job is begun before its process dying counts as a failure."""

_GIB = str(1 << 30)
ENVIRONMENT = dict(
    OMP_NUM_THREADS="1",
    MKL_NUM_THREADS="1",
    # glibc gives large blocks back to the system and gets them again zeroed, page by page; a step frees and takes
    # the same ones. Kept, a step of width 96 took 15 to 25 % less time.
    MALLOC_MMAP_THRESHOLD_=_GIB,
    MALLOC_TRIM_THRESHOLD_=_GIB,
    MALLOC_TOP_PAD_=str(1 << 26),
)
"""What a worker runs under; it counts only before a process starts."""


@dataclass(frozen=True)
class Event:
    """Something a worker said, or its death.

    Attributes:
        job: number of the job it is at.
        said: ``steps`` and ``loss``; ``done``; or ``failed`` with the reason.
    """

    job: int
    said: Mapping[str, Any]


class _Worker:
    """One process and the job it is at."""

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

    def start(self, job: int, said: Mapping[str, Any]) -> None:
        """Give it a job; where it is dead already, its listener says so."""
        self.job = job
        with contextlib.suppress(OSError):
            self._stdin.write(json.dumps(said) + "\n")
            self._stdin.flush()

    def stop(self) -> None:
        """End the process; what it wrote stays."""
        self._process.terminate()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._answers.join()
        for pipe in (self._stdin, self._stdout, self._stderr):
            with contextlib.suppress(OSError):  # what it was sent and did not read
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
    """Do all jobs in this order, on so many processes, and yield what happens; ends when none is left.

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
            worker, said = events.get()
            job = worker.job
            if "died" in said:
                crew.discard(worker)
                worker.stop()
                if job is not None and begun[job] < _ATTEMPTS:
                    waiting.appendleft(job)
                    continue
                said = {"failed": f"its process died {_ATTEMPTS} times ({said['died']}); is memory short?"}
            if job is None:
                continue
            if "done" in said or "failed" in said:
                worker.job = None
                _next(crew, waiting, begun, jobs)
            yield Event(job, said)
    finally:
        for worker in crew:
            worker.stop()


def _next(crew: set[_Worker], waiting: deque[int], begun: list[int], jobs: Sequence[Mapping[str, Any]]) -> None:
    """Give the first waiting job to a worker that has none."""
    for worker in crew:
        if worker.job is None and waiting:
            job = waiting.popleft()
            begun[job] += 1
            worker.start(job, jobs[job])
