"""Every command has a panel, a line of help that is a verb phrase, ``-h`` and ``-q``; old spellings still work."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner, Result

from scalelaw import datasets
from scalelaw.cli._help import PANELS, summary
from scalelaw.cli._renamed import _GROUPS, _OPTIONS
from scalelaw.cli.main import app

LADDER = str(datasets.path("synthetic-ladder"))
PROGRAM: Any = typer.main.get_command(app)
VERBS = """
Calibrate Check Compare Compute Decide Design Estimate Explain Find Fit Forecast Freeze List Pack Recompute Score Search
Show Split Start Train Unpack Verify Watch Write
""".split()
LINES, COLUMNS, NAMES = 45, 80, 18


def commands(group: Any = PROGRAM, above: tuple[str, ...] = ()) -> dict[tuple[str, ...], Any]:
    """Return every command and group by its words."""
    found = {}
    for name, command in group.commands.items():
        found[*above, name] = command
        if hasattr(command, "commands"):
            found |= commands(command, (*above, name))
    return found


COMMANDS = commands()


def scalelaw(*words: str) -> Result:
    return CliRunner().invoke(app, list(words), prog_name="scalelaw")


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_a_command_is_one_verb_phrase(words: tuple[str, ...]) -> None:
    line = summary(COMMANDS[words])
    assert line.split()[0].rstrip(",") in VERBS and len(line) <= COLUMNS - NAMES
    if len(words) == 1:
        assert COMMANDS[words].rich_help_panel in PANELS
    shown = scalelaw(*words, "-h")
    assert shown.exit_code == 0 and shown.stdout == scalelaw(*words, "--help").stdout
    assert shown.stdout.startswith(f"Usage: scalelaw {' '.join(words)} ")
    assert "-h, --help" in shown.stdout and max(map(len, shown.stdout.splitlines())) <= COLUMNS


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_help_names_every_option(words: tuple[str, ...]) -> None:
    page = scalelaw(*words, "-h").stdout
    options = [spelling for each in COMMANDS[words].params for spelling in each.opts if spelling.startswith("-")]
    assert all(re.search(rf"(^|\s){option}\b", page, re.M) for option in options)
    if not hasattr(COMMANDS[words], "commands"):
        assert "-q, --quiet" in page


def test_the_front_page_fits_a_screen() -> None:
    page = scalelaw("-h").stdout
    lines = page.splitlines()
    assert page == scalelaw("--help").stdout and len(lines) <= LINES and max(map(len, lines)) <= COLUMNS
    assert [line for line in lines if line in PANELS] == list(PANELS)
    listed = [line.split()[0] for line in lines if re.match(r"  [a-z]", line)]
    assert sorted(listed) == sorted(PROGRAM.commands)
    assert not set(listed) & set(_GROUPS)


@pytest.mark.parametrize("columns", [40, 80, 120, 300])
def test_help_keeps_to_the_width_of_the_terminal(columns: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    lines = scalelaw("study", "-h").stdout.splitlines()
    assert max(map(len, lines)) <= max(min(columns, 100), 60)


def test_python_runs_the_package() -> None:
    done = subprocess.run([sys.executable, "-m", "scalelaw", "--version"], capture_output=True, text=True, check=True)
    assert done.stdout == scalelaw("--version").stdout


@pytest.mark.parametrize("old", _GROUPS)
def test_an_old_group_says_its_new_name(old: str) -> None:
    shown = scalelaw(old, "list", "no-such-file.jsonl")
    first, second = shown.stderr.splitlines()
    assert (
        first == f"scalelaw: `scalelaw {old}` is now `scalelaw {_GROUPS[old]}`; the next release drops the old spelling"
    )
    assert shown.exit_code == 2 and "no-such-file.jsonl" in second


@pytest.mark.parametrize(
    ("command", "old", "new"), [(command, old, new) for command, each in _OPTIONS.items() for old, new in each.items()]
)
def test_an_old_option_says_its_new_name(command: str, old: str, new: str) -> None:
    known = COMMANDS[tuple(command.split())]
    spellings = {spelling for each in known.params for spelling in each.opts}
    assert new in spellings and old not in spellings and f"  {old} " not in scalelaw(*command.split(), "-h").stdout
    needed = ["x" for each in known.params if each.param_type_name == "argument" and each.required]
    for words in ([old, "value"], [f"{old}=value"]):
        shown = scalelaw(*command.split(), *needed, *words, "--no-such-option")
        renamed, refused = shown.stderr.splitlines()
        assert renamed == f"scalelaw: `{old}` is now `{new}`; the next release drops the old spelling"
        assert "No such option: --no-such-option" in refused


def test_an_old_option_does_what_the_new_one_does(tmp_path: Path) -> None:
    for option, folder in (("--to", "new"), ("--out", "old")):
        (tmp_path / folder).mkdir()
        path = tmp_path / folder / "forecast.json"
        freeze = "registry" if folder == "new" else "forecasts"
        words = ("freeze", "chinchilla@besiroglu2024", "--params", "7B", "--tokens", "1T", option, str(path), "-q")
        shown = scalelaw(freeze, *words)
        assert shown.exit_code == 0 and path.is_file() and shown.stderr == ""


def test_quiet_prints_no_warnings() -> None:
    few = ("fit", LADDER, "--draws", "0", "--where", "params=1e6..3e8", "--starts", "4")
    loud = scalelaw(*few)
    for words in ((*few, "-q"), ("-q", *few), (*few, "--quiet")):
        quiet = scalelaw(*words)
        assert quiet.stdout == loud.stdout and quiet.stderr == "" and quiet.exit_code == loud.exit_code
    assert scalelaw(*few).stderr == loud.stderr, "one quiet command makes the next one quiet"
    refused = scalelaw("fit", "no.csv", "-q")
    assert refused.exit_code == 2 and len(refused.stderr.splitlines()) == 1


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_completes_commands_and_options(shell: str) -> None:
    words = {"bash": "COMP_WORDS", "zsh": "_TYPER_COMPLETE_ARGS", "fish": "_TYPER_COMPLETE_ARGS"}[shell]
    for line, expected in (
        ("scalelaw rob", "robustness"),
        ("scalelaw fit --exclude-t", "--exclude-top"),
        ("scalelaw plan r.csv --law chin", "chinchilla"),
    ):
        asked = {"_SCALELAW_COMPLETE": f"complete_{shell}", words: line, "COMP_CWORD": str(len(line.split()) - 1)}
        environ = {**asked, "_TYPER_COMPLETE_FISH_ACTION": "get-args"}
        assert expected in CliRunner().invoke(app, [], prog_name="scalelaw", env=environ).stdout
