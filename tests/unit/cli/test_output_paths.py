"""Every option that names a place to write to: a place that cannot be written is refused before anything is read."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from scalelaw.cli.main import app
from scalelaw.ladder import Grid, Ladder

WRITES = {"--to", "--save", "--figure", "--out", "--store"}
REQUIRED = {
    "file": "no-such-runs.csv", "source": "no-such-runs.csv", "runs": "no-such.csv", "folder": "no-such-folder",
    "floor": "1.7", "protocol": "tables", "data": "no-such-data", "name": "chinchilla", "target": "1e14",
    "to": "x.pack",
    "out": "x",
}  # fmt: skip
SUFFIX = {"--figure": ".png", "--save": ".json"}


def options() -> Iterator[tuple[tuple[str, ...], str, bool]]:
    """Yield command, option and whether it names a folder, of every option that names a place to write to."""

    def walk(command: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
        if hasattr(command, "commands"):
            for name, each in command.commands.items():
                yield from walk(each, (*path, name))
        else:
            yield path, command

    for path, command in walk(typer.main.get_command(app), ()):
        for option in command.params:
            for spelling in set(option.opts) & WRITES:
                folder = option.metavar in ("FOLDER", "DIR")
                yield path, spelling, folder


OPTIONS = sorted(options())


def words(path: tuple[str, ...], option: str, place: Path) -> list[str]:
    """Return a command whose input is not there, and whose output goes to a place."""
    command: Any = typer.main.get_command(app)
    for name in path:
        command = command.commands[name]
    found = [*path]
    for each in command.params:
        if each.required and option not in each.opts:
            value = REQUIRED[each.name]
            found += [value] if each.param_type_name == "argument" else [each.opts[0], value]
        elif each.param_type_name == "argument" and option == "--to" and not each.required and each.name == "file":
            found += ["no-such-runs.csv"]
    return [*found, option, str(place)]


@pytest.mark.parametrize(("path", "option", "folder"), OPTIONS, ids=lambda each: str(each))
def test_a_place_that_cannot_be_written_is_refused_before_anything_is_read(
    path: tuple[str, ...],
    option: str,
    folder: bool,
    tmp_path: Path,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The inputs do not exist either, a ladder apart: who reads them first reports that, and not the place."""
    (tmp_path / "file").write_text("what stood there")
    (tmp_path / "shut").mkdir()
    monkeypatch.setattr(os, "access", lambda place, mode: Path(place).name != "shut")
    suffix = SUFFIX.get(option, "")
    bad = [tmp_path / "file" / f"in{suffix}", tmp_path / "shut" / f"a{suffix}"]
    if not folder:
        (tmp_path / f"folder{suffix}").mkdir()
        bad += [tmp_path / "none" / f"a{suffix}", tmp_path / f"folder{suffix}"]
    there = tmp_path_factory.mktemp("there")
    Ladder("small", (Grid((16, 24), ("0.5M", "1M")),)).save(there / "ladder.toml")
    monkeypatch.chdir(there)
    before = sorted(each.relative_to(tmp_path) for each in tmp_path.rglob("*"))
    for place in bad:
        result = CliRunner().invoke(app, words(path, option, place))
        assert result.exit_code == 2, result.output
        assert option in result.stderr and "no-such" not in result.stderr.replace(str(tmp_path), ""), result.stderr
        assert len(result.stderr.strip().splitlines()) == 1 and "Traceback" not in result.stderr
    assert before == sorted(each.relative_to(tmp_path) for each in tmp_path.rglob("*"))
    assert (tmp_path / "file").read_text() == "what stood there"


def test_there_are_options_that_write() -> None:
    assert len(OPTIONS) > 15 and len({option for _, option, _ in OPTIONS}) > 3
