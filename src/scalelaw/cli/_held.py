"""Warnings of reading a table, held until the result is printed, so that no finding stands on both streams."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_BEGINNING = 100
"""Characters of a warning that name it; what is printed may cut it short behind them."""
_CODE = re.compile(r" \[[A-Z_]+\]$")


class Held:
    """Holds warnings while a table is read, and lets go those that no result has shown."""

    def __init__(self) -> None:
        self._waiting: list[str] = []
        self._reading = False

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Hold the warnings of what is done within."""
        self._reading = True
        try:
            yield
        finally:
            self._reading = False

    def takes(self, message: str) -> bool:
        """Return whether a warning is held, and not to be printed now."""
        if self._reading:
            self._waiting.append(message)
        return self._reading

    def shown(self, text: str) -> None:
        """Forget the warnings that a printed text states."""
        flat = " ".join(text.split())
        self._waiting = [each for each in self._waiting if _beginning(each) not in flat]

    def let_go(self, say: Callable[[str], None]) -> None:
        """Print the warnings that are still held."""
        waiting, self._waiting = self._waiting, []
        for message in waiting:
            say(message)


HELD = Held()
"""Of this command."""


def _beginning(message: str) -> str:
    """Return how the message of a finding begins, without its way out and its code."""
    return " ".join(_CODE.sub("", message).split())[:_BEGINNING].rstrip()
