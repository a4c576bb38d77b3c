"""Killed writers and bad disks."""

import json
import resource
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

from evidence._row import ROOT, Row
from kills.writers import WRITERS

KILLS = 50


def measure() -> Iterator[Row]:
    """Kill every writer at random moments, and run it on full and read-only disks."""
    every: list[dict[str, Any]] = []
    seconds = 0.0
    for name in WRITERS:
        found, took = _tried(name, str(KILLS))
        every.append(found)
        seconds += took
    faults, left, old, new, ended = (_sum(every, part) for part in ("faults", "left", "old", "new", "ended"))
    measured = (
        f"{len(every)} writers, {KILLS * len(every)} kills, {ended} after the end: {old} times the old content, {new} "
        f"times the new, {faults} faults; the next command deleted all {left} parts left"
    )
    yield Row("a writer killed at 50 random moments leaves the old file or the new one, and no litter", measured,
              not faults and old + new == KILLS * len(every), f"python -m kills NAME {KILLS}", seconds)  # fmt: skip
    yield disks()


def disks() -> Row:
    """Run every writer on a full, a nearly full and a read-only file system."""
    promise = "on a full, a nearly full or a read-only disk: one line, the old file, no litter"
    command, every, seconds = "unshare -rm python -m kills NAME disk", [], 0.0
    try:
        for name in WRITERS:
            found, took = _tried(name, "disk", "unshare", "-rm")
            every.append(found)
            seconds += took
    except (OSError, subprocess.CalledProcessError) as error:
        return Row(promise, f"not measured: {error}", False, command, seconds)
    faults, old, new, attempts = (_sum(every, part) for part in ("faults", "old", "new", "attempts"))
    measured = f"{attempts} commands: {old} times the old content, {new} times the new (it fits), {faults} faults"
    return Row(promise, measured, not faults and old + new == attempts, command, seconds)


def _tried(name: str, how: str, *before: str) -> tuple[dict[str, Any], float]:
    """Return what a writer left, and the CPU seconds that took."""
    start = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [*before, sys.executable, "-m", "kills", name, how]
    done = subprocess.run(command, cwd=ROOT / "benchmarks", capture_output=True, text=True, check=True)
    end = resource.getrusage(resource.RUSAGE_CHILDREN)
    took = end.ru_utime + end.ru_stime - start.ru_utime - start.ru_stime
    return json.loads(done.stdout.splitlines()[-1]), took


def _sum(every: list[dict[str, Any]], part: str) -> int:
    return sum(len(each[part]) if part == "faults" else each[part] for each in every)
