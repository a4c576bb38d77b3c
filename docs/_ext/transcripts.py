"""Remakes docs/transcripts: every ``$ scalelaw`` line of a page is run again, and its output written below it.

``make transcripts`` writes the pages; the tests compare them. A page is one session in a folder of its own that holds
the shipped ladder as ``my_runs.csv``; to add a command, write its line and remake.
"""

import os
import re
import shlex
import shutil
import sys
import tempfile
import warnings
from pathlib import Path

from typer.testing import CliRunner

from scalelaw import datasets
from scalelaw.cli.main import app

PAGES = Path(__file__).parents[1] / "transcripts"
_BLOCK = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_COMMAND = re.compile(r"^\$ scalelaw(?P<words>(?: .*)?)$", re.MULTILINE)


def remade(text: str) -> str:
    """Return a page with every command run again."""
    here = Path.cwd()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        try:
            shutil.copy(datasets.path("synthetic-ladder"), "my_runs.csv")
            return _BLOCK.sub(lambda block: f"```console\n{_session(block[1])}```", text)
        finally:
            os.chdir(here)


def _session(block: str) -> str:
    parts = []
    for command in _COMMAND.finditer(block):
        with warnings.catch_warnings():
            warnings.simplefilter("default")
            result = CliRunner().invoke(app, shlex.split(command["words"]))
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        status = f"(exit status {result.exit_code})\n" if result.exit_code else ""
        parts.append(f"{command[0]}\n{result.output}{status}")
    return "\n".join(parts)


def main() -> None:
    """Remake every page."""
    for page in sorted(PAGES.glob("*.md")):
        page.write_text(remade(page.read_text()))
        print(page.name)


if __name__ == "__main__":
    sys.exit(main())
