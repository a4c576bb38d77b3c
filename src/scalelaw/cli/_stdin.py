"""``-`` as a file: piped input is kept in a temporary file while the command runs."""

import atexit
import contextlib
import json
import sys

import typer

from scalelaw.core.files import scratch_folder, write_whole

_PARQUET = b"PAR1"


class Stdin:
    """Keeps piped input as a file, and calls that file ``-`` as the user did."""

    def __init__(self) -> None:
        self._path = ""

    def path(self, file: str) -> str:
        """Return a path to read, for the ``parser`` of an argument; ``-`` reads stdin.

        Raises:
            BadParameter: the source is ``-``, but stdin is a terminal.
        """
        if file != "-":
            return file
        content = b"" if sys.stdin.isatty() else sys.stdin.buffer.read()
        if not content.strip():
            raise typer.BadParameter("stdin is empty; pipe a table in, e.g. `cat runs.csv | scalelaw study -`")
        stack = contextlib.ExitStack()
        atexit.register(stack.close)
        place = stack.enter_context(scratch_folder()) / f"stdin{_suffix(content)}"
        write_whole(place, content)
        self._path = str(place)
        return self._path

    def holds(self, path: str) -> bool:
        """Return whether a path is the file with the piped input."""
        return bool(self._path) and path == self._path

    def named(self, text: str) -> str:
        """Return a text in which the file with the piped input is called ``-``, as the user called it."""
        return text.replace(self._path, "-") if self._path else text


STDIN = Stdin()
"""The one of this process."""


def _suffix(content: bytes) -> str:
    """Return how a file of this content is usually named."""
    if content.startswith(_PARQUET):
        return ".parquet"
    text = content.lstrip(b"\xef\xbb\xbf \t\r\n")
    if text[:1] not in (b"{", b"["):
        first = text.partition(b"\n")[0]
        return ".tsv" if first.count(b"\t") > first.count(b",") else ".csv"
    try:
        json.loads(text)
    except ValueError:
        return ".jsonl"
    return ".json"
