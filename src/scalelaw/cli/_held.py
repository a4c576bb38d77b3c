"""Holds the warnings of reading a table until the result is printed, so that no finding is printed twice."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_BEGINNING = 100
"""Characters that identify a warning; a printed finding may be cut after them."""
_CODE = re.compile(r" \[[A-Z_]+\]$")


class Held:
    """Holds warnings while a table is read, and prints those that no result has shown."""

    def __init__(self) -> None:
        self._waiting: list[str] = []
        self._reading = False

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Hold the warnings of this block."""
        self._reading = True
        try:
            yield
        finally:
            self._reading = False

    def takes(self, message: str) -> bool:
        """Hold a warning if a table is being read; return whether it is held."""
        if self._reading:
            self._waiting.append(message)
        return self._reading

    def shown(self, text: str) -> None:
        """Drop the warnings that a printed text contains."""
        flat = " ".join(text.split())
        self._waiting = [each for each in self._waiting if _beginning(each) not in flat]

    def let_go(self, say: Callable[[str], None]) -> None:
        """Print the warnings that were held back."""
        waiting, self._waiting = self._waiting, []
        for message in waiting:
            say(message)


HELD = Held()
"""The one of this process."""


def _beginning(message: str) -> str:
    """Return the first characters of a finding's message, without its code."""
    return " ".join(_CODE.sub("", message).split())[:_BEGINNING].rstrip()
