"""Every code block of the README, quickstart, how-tos and concepts runs as it stands, one file one session."""

import re
import shlex
import shutil
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from scalelaw import datasets
from scalelaw.cli.main import app

pytestmark = pytest.mark.usefixtures("few_windows")
ROOT = Path(__file__).parents[2]
PAGES = [
    ROOT / "README.md", ROOT / "docs" / "quickstart.md",
    *sorted((ROOT / "docs" / "how-to").glob("*.md")), *sorted((ROOT / "docs" / "concepts").glob("*.md")),
]  # fmt: skip
DEAR = (
    "decide-robustly", "keep-a-project", "freeze-a-forecast", "write-it-up", "read-a-backtest", "choose-intervals",
    "find-influential-runs", "design-a-ladder",
)  # fmt: skip
"""Pages of many fits; the commands they show have quicker tests of their own."""
TABLE = re.compile(r"`([\w-]+\.csv)`[^`]*^```csv\n(.*?)^```", re.MULTILINE | re.DOTALL)
"""A table to be saved, after the name of its file."""
BLOCK = re.compile(r"^```(python|console)\n(.*?)^```", re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize(
    "page", [pytest.param(page, id=page.stem, marks=[pytest.mark.slow] * (page.stem in DEAR)) for page in PAGES]
)
def test_every_block_runs(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copy(datasets.path("synthetic-ladder"), tmp_path / "my_runs.csv")
    monkeypatch.chdir(tmp_path)
    for name, table in TABLE.findall(page.read_text()):
        Path(name).write_text(table)
    session: dict[str, Any] = {"__name__": "__main__"}
    for language, block, line in blocks(page.read_text()):
        if language == "python":
            exec(compile("\n" * line + block, str(page), "exec"), session)
        else:
            for command in commands(block):
                check(command)


def blocks(text: str) -> Iterator[tuple[str, str, int]]:
    """Yield language, content and first line of each block that runs."""
    for match in BLOCK.finditer(text):
        yield match[1], match[2], text[: match.start()].count("\n") + 1


def commands(block: str) -> list[str]:
    """Return what follows ``$ scalelaw`` on each line of a console block; other programs are not run."""
    lines = block.replace("\\\n", " ").splitlines()
    return [line.removeprefix("$ scalelaw") for line in lines if re.match(r"\$ scalelaw\b", line)]


def check(command: str) -> None:
    """Run one command in this process; it must end with status 0, or with the one its comment states."""
    stated = re.search(r"# exit (\d)\s*$", command)
    with warnings.catch_warnings():
        warnings.simplefilter("default")  # as outside the tests: the program prints them and goes on
        result = CliRunner().invoke(app, shlex.split(command, comments=True))
    expected = int(stated[1]) if stated else 0
    told = f"$ scalelaw{command}\nstatus {result.exit_code}, not {expected}\n{result.output}"
    assert result.exit_code == expected, told
    assert result.exception is None or isinstance(result.exception, SystemExit), told
