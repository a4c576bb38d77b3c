"""One promise and what was measured; how commands of this environment are run and timed."""

import os
import resource
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
CHINCHILLA = "chinchilla_epoch/svg_extracted_data.csv"


@dataclass(frozen=True)
class Row:
    """One promise and what was measured."""

    promise: str
    measured: str
    holds: bool
    command: str
    seconds: float

    def line(self) -> str:
        """Return the row in Markdown."""
        holds = "yes" if self.holds else "**no**"
        return f"| {self.promise} | {self.measured} | {holds} | `{self.command}` | {self.seconds:.1f} |"


def run(*command: str) -> tuple[str, float]:
    """Return the standard output of a command of this environment, and the CPU seconds it took."""
    program = Path(sys.executable).parent / command[0]
    words = [str(program) if program.exists() else command[0], *(os.path.expandvars(word) for word in command[1:])]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return done.stdout, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
