"""Remakes transcripts: every ``$ scalelaw`` line of a page is run again, and its output written below it.

``make transcripts`` writes the pages; the tests compare them. A page is one session in a folder of its own that holds
the shipped ladder as ``my_runs.csv`` and the tables beside the page; to add a command, write its line and remake.
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

DOCS = Path(__file__).parents[1]
FOLDERS = ("transcripts", "tutorial")
_BLOCK = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_COMMAND = re.compile(r"^\$ scalelaw(?P<words>(?: .*)?)$", re.MULTILINE)


def pages() -> list[Path]:
    """Return every page that is a transcript."""
    return sorted(page for folder in FOLDERS for page in (DOCS / folder).glob("*.md"))


def remade(text: str, tables: Path | None = None) -> str:
    """Return a page with every command run again, in a folder that has the tables of another one."""
    here = Path.cwd()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        try:
            shutil.copy(datasets.path("synthetic-ladder"), "my_runs.csv")
            for table in tables.glob("*.csv") if tables else ():
                shutil.copy(table, folder)
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
    for page in pages():
        page.write_text(remade(page.read_text(), page.parent))
        print(page.name)


if __name__ == "__main__":
    sys.exit(main())
