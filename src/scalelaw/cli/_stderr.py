"""Lines on stderr: one line a message, with a coloured beginning on a terminal, and no warnings under ``--quiet``."""

import os
import sys
from typing import Any

import typer

from scalelaw.cli._stdin import STDIN


class Stderr:
    """Writes lines to stderr, warnings only while the user wants them."""

    def __init__(self) -> None:
        self.quiet = False

    def error(self, message: str) -> None:
        """Print an error."""
        self._line(message, typer.colors.RED)

    def warn(self, message: str) -> None:
        """Print a warning, unless the user wants none."""
        if not self.quiet:
            self._line(f"warning: {message}", typer.colors.YELLOW)

    def note(self, message: str) -> None:
        """Print a note, unless the user wants none."""
        if not self.quiet:
            self._line(message, None)

    def watched(self) -> bool:
        """Return whether somebody watches progress: a terminal, and no ``--quiet``."""
        return sys.stderr.isatty() and not self.quiet

    def _line(self, message: str, colour: str | None) -> None:
        begin = "scalelaw:"
        if colour and coloured(sys.stderr):
            begin = typer.style(begin, fg=colour, bold=True)
        typer.echo(f"{begin} {' '.join(STDIN.named(message).split())}", err=True)


STDERR = Stderr()
"""The one of this process."""


def coloured(stream: Any) -> bool:
    """Return whether a stream shows colour: a terminal, unless NO_COLOR is set or the terminal is dumb."""
    return bool(stream.isatty()) and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
