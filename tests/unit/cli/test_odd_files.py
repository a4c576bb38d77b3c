"""No command waits for a pipe, reads a device to its end or unpacks a bomb: status 2, and one line that names it."""

import hashlib
import json
import os
import zipfile
from pathlib import Path

import pytest
from typer.testing import CliRunner

from scalelaw.cli.main import app
from scalelaw.core.digest import digest
from scalelaw.core.plain_text import LONGEST_LINE

COMMANDS = (
    ["runs", "check"], ["fit"], ["plan", "--flops", "1e21"], ["study"], ["forecast"],
    ["registry", "verify"], ["registry", "list"], ["ladder", "show"], ["runs", "unpack", "--out", "new"],
    ["benchmark", "--data", "."], ["influence"], ["envelope"],
)  # fmt: skip
FOLDERS = (
    "hf/trainer_state.json", "hf/checkpoint-9/trainer_state.json", "tb/a/b/events.out.tfevents.17.host",
    "wb/run-a.wandb", "wb/offline-run-1/run-b.wandb", "mlruns/0/meta.yaml", "lm/results_2024.json", "store/r/run.json",
    "logs/train.log", "logs/out.txt", "a.csv", "a.db", "a.parquet", "a.json",
)  # fmt: skip


def _refused(arguments: list[str], name: str) -> None:
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 2, (arguments, done.output, done.exception)
    lines = [line for line in done.stderr.splitlines() if "warning:" not in line]
    assert len(lines) == 1 and name in lines[0], lines


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
@pytest.mark.parametrize("kind", ["pipe", "device"])
def test_a_pipe_and_a_device_are_refused(
    command: list[str], kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "given.json"
    if kind == "pipe":
        os.mkfifo(path)
    else:
        path.symlink_to("/dev/zero")
    split = 2 if command[0] in ("runs", "registry", "ladder") else 1
    _refused([*command[:split], str(path), *command[split:]], "given.json")
    assert [each.name for each in tmp_path.iterdir()] == ["given.json"]


@pytest.mark.parametrize("name", FOLDERS)
def test_a_pipe_inside_a_folder_is_not_waited_for(name: str, tmp_path: Path) -> None:
    place = tmp_path / name
    place.parent.mkdir(parents=True, exist_ok=True)
    os.mkfifo(place)
    _refused(["runs", "check", str(tmp_path)], tmp_path.name)
    if place.parent != tmp_path:
        _refused(["runs", "check", str(place.parent)], place.parent.name)


def _pack(path: Path, contents: dict[str, bytes], how: int, **listed: object) -> None:
    manifest = {
        name: {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
        for name, content in contents.items()
    }
    said = {"schema": "scalelaw.pack/1", "digest": digest(manifest), "files": manifest, **listed}
    with zipfile.ZipFile(path, "w", how) as packed:
        packed.writestr("pack.json", json.dumps(said))
        for name, content in contents.items():
            packed.writestr(name, content)


@pytest.mark.parametrize(
    ("how", "files", "listed", "said"),
    [
        (zipfile.ZIP_DEFLATED, {"r/run.json": b"\0" * (70 * 2**20)}, {}, "unpack to more than"),
        (zipfile.ZIP_DEFLATED, {f"r/{i}": b"\0" * (12 * 2**20) for i in range(6)}, {}, "unpack to more than"),
        (zipfile.ZIP_BZIP2, {"r/run.json": b"{}"}, {}, "never uses"),
        (zipfile.ZIP_LZMA, {"r/run.json": b"{}"}, {}, "never uses"),
        (zipfile.ZIP_DEFLATED, {"r/run.json": b"{}"}, {"more": " " * 2**24}, "exceeds 16777216 bytes"),
        (zipfile.ZIP_DEFLATED, {"r/lock": b"{}"}, {}, "a temporary file of a writer"),
        (zipfile.ZIP_DEFLATED, {"r/run.json": b"[" * 100_000}, {}, "too deeply"),
        (zipfile.ZIP_DEFLATED, {"r/run.json": b"{}"}, {"files": []}, "cannot be read"),
    ],
)
def test_a_bomb_and_a_list_without_end_are_not_unpacked(
    how: int, files: dict[str, bytes], listed: dict[str, object], said: str, tmp_path: Path
) -> None:
    _pack(tmp_path / "runs.pack", files, how, **listed)
    _refused(["runs", "unpack", str(tmp_path / "runs.pack"), "--out", str(tmp_path / "new")], said)
    assert [each.name for each in tmp_path.iterdir()] == ["runs.pack"], "nothing stays of it"


def test_a_pack_is_not_unpacked_onto_the_folder_one_is_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _pack(tmp_path / "runs.pack", {"a": b"1"}, zipfile.ZIP_STORED)
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    _refused(["runs", "unpack", "../runs.pack", "--out", "."], "the current folder")


@pytest.mark.parametrize(
    "command", [*COMMANDS, ["runs", "pack", "--to", "a.pack"], ["ladder", "dry-run"]], ids=" ".join
)
@pytest.mark.parametrize("name", ["a" * 5000, "b/" * 3000])
def test_a_path_longer_than_any_is_refused_in_a_short_line(command: list[str], name: str) -> None:
    split = 2 if command[0] in ("runs", "registry", "ladder") else 1
    done = CliRunner().invoke(app, [*command[:split], name, *command[split:]])
    assert done.exit_code == 2, (done.output, done.exception)
    assert done.stderr.count("\n") == 1 and len(done.stderr.encode()) <= LONGEST_LINE, done.stderr
