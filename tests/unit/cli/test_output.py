"""How results are printed: folded for a narrow terminal, whole elsewhere; help, version, progress."""

import doctest
import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from typer.testing import CliRunner

import scalelaw
from scalelaw.cli import _output as output
from scalelaw.cli import study as study_module
from scalelaw.cli._stderr import coloured
from scalelaw.cli.main import app


def test_examples() -> None:
    assert doctest.testmod(output).failed == 0


@pytest.mark.parametrize(
    ("line", "folded"),
    [
        ("  note: " + "word " * 6, "  note: word word word\n        word word word"),
        ("  rows     10 read, 9 fitted, 1 left", "  rows     10 read, 9\n           fitted, 1 left"),
        ("one two three four five six seven eight", "one two three four five\n    six seven eight"),
    ],
)
def test_a_long_line_hangs_behind_its_label(line: str, folded: str) -> None:
    assert output.folded(line, 25) == folded


def test_a_row_of_a_table_is_left_alone() -> None:
    row = "  flops < 1e18   9   33   2.43%   +2.38%"
    assert output.folded(row, 20) == row


def test_numbers_json_cannot_hold_are_null() -> None:
    found = output.finite({"a": [1.0, float("nan")], "b": (float("inf"), "text", None, True)})
    assert found == {"a": [1.0, None], "b": [None, "text", None, True]}


def test_without_a_command_the_help_is_shown() -> None:
    result = CliRunner().invoke(app, [])
    assert result.exit_code == 0
    assert result.stdout == CliRunner().invoke(app, ["--help"]).stdout
    assert "study" in result.stdout


def test_version() -> None:
    result = CliRunner().invoke(app, ["--version"])
    assert (result.exit_code, result.stdout) == (0, f"{scalelaw.__version__}\n")


def test_nobody_watching_gets_no_progress() -> None:
    with output.progress("backtest") as moved:
        assert moved is None


def test_progress_moves_with_the_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[tuple[int, int]] = []

    @contextmanager
    def watched(doing: str) -> Iterator[Any]:
        assert doing == "backtest"
        yield lambda done, of: told.append((done, of))

    monkeypatch.setattr(study_module, "progress", watched)
    assert CliRunner().invoke(app, ["study", "--demo", "--draws", "0"]).exit_code == 0
    of = told[0][1]
    assert told == [(done, of) for done in range(of + 1)]


def test_on_a_terminal_progress_is_a_bar_on_stderr(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    with output.progress("backtest") as moved:
        assert moved is not None
        moved(3, 7)
    shown = capsys.readouterr()
    assert shown.out == ""
    assert re.search(r"backtest .*3/7", shown.err)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("variables", "expected"),
    [({}, True), ({"NO_COLOR": ""}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)],
)
def test_colour_is_for_terminals_without_no_color(
    variables: dict[str, str], expected: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert coloured(Terminal()) is expected
    assert not coloured(io.StringIO())


def test_colour_marks_titles_and_doubts_and_changes_no_character() -> None:
    text = "A title\n  loss      2.1\n  doubt     few runs\n  doubt     none found\n    warn      bends [FIT_MISFIT]\n"
    shown = output.in_colour(text)
    assert re.sub(r"\x1b\[\d+m", "", shown) == text
    marked = [line for line in shown.splitlines() if "\x1b" in line]
    assert [re.sub(r"\x1b\[\d+m", "", line).split()[0] for line in marked] == ["A", "doubt", "warn"]
    assert "none found" not in "".join(marked)


def test_a_pipe_gets_no_colour() -> None:
    for words in (["--help"], ["laws", "show", "power"], ["fit", "no.csv"]):
        assert "\x1b" not in CliRunner().invoke(app, words).output
