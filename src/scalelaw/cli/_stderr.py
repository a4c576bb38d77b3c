"""Messages on stderr: one line each, coloured on a terminal, fewer under ``--quiet``."""

import os
import sys
from typing import Any

import typer

from scalelaw.cli._stdin import STDIN
from scalelaw.core.plain_text import LONGEST_LINE, printable_line


class Stderr:
    """Writes messages to stderr, each as one line."""

    def __init__(self) -> None:
        self.quiet = False

    def say(self, message: str, colour: str | None = None) -> None:
        """Print a line that ``--quiet`` does not hide."""
        begin = "scalelaw:"
        line = printable_line(STDIN.named(message), LONGEST_LINE - len(begin) - len(" \n"))
        if colour and coloured(sys.stderr):
            begin = typer.style(begin, fg=colour, bold=True)
        typer.echo(f"{begin} {line}", err=True)

    def error(self, message: str) -> None:
        """Print an error."""
        self.say(message, typer.colors.RED)

    def warn(self, message: str) -> None:
        """Print a warning, unless ``--quiet`` is given."""
        if not self.quiet:
            self.say(f"warning: {message}", typer.colors.YELLOW)

    def note(self, message: str) -> None:
        """Print a note, unless ``--quiet`` is given."""
        if not self.quiet:
            self.say(message)

    def watched(self) -> bool:
        """Return whether progress is shown: on a terminal, without ``--quiet``."""
        return sys.stderr.isatty() and not self.quiet


STDERR = Stderr()
"""The one of this process."""


def coloured(stream: Any) -> bool:
    """Return whether a stream shows colour: a terminal, unless NO_COLOR is set or the terminal is dumb."""
    return bool(stream.isatty()) and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
