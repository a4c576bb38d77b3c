"""Packs: what goes in comes out, only what is written stays behind, and nothing damaged or hostile is unpacked."""

import json
import os
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

import scalelaw as sl
from scalelaw.cli.main import app
from scalelaw.core.digest import digest
from scalelaw.core.errors import BadInput
from scalelaw.runs.storing.dirstore import DirStore
from scalelaw.runs.storing.record import record


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A store of two runs with what a sweep puts beside them, and what a kill leaves there."""
    made = tmp_path / "runs"
    for seed in (0, 1):
        with record(DirStore(made), params=1e6, seed=seed) as run:
            run.log(tokens=1e6, loss=3.0 + seed)
    for name in ("corpus/0123456789abcdef/train.bin", "checkpoints/aa/step-1.safetensors", "ladder.toml"):
        (made / name).parent.mkdir(parents=True, exist_ok=True)
        (made / name).write_bytes(os.urandom(3000))
    return made


def test_what_goes_in_comes_out_and_packs_of_equal_folders_are_equal(folder: Path, tmp_path: Path) -> None:
    before = contents(folder)
    for name in ("corpus/0123456789abcdef.01234567/train.bin", "checkpoints/aa/.7.part", ".hidden", "a.lock"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"on the way")
    said = CliRunner().invoke(app, ["runs", "pack", str(folder), "--to", str(tmp_path / "runs.pack"), "--json"])
    packed = json.loads(said.stdout)
    assert packed["files"] == len(before) == 7 and packed["states"] == "2 finished"
    sl.runs.pack_runs(folder, tmp_path / "again.pack")
    assert (tmp_path / "again.pack").read_bytes() == (tmp_path / "runs.pack").read_bytes()
    other = tmp_path / "deep" / "elsewhere"
    made = CliRunner().invoke(app, ["runs", "unpack", str(tmp_path / "runs.pack"), "--out", str(other), "--json"])
    assert json.loads(made.stdout)["digest"] == packed["digest"]
    assert contents(other) == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["again.pack", "deep", "runs", "runs.pack"]


def test_a_pack_written_into_its_own_folder_does_not_hold_itself(folder: Path, tmp_path: Path) -> None:
    first = sl.runs.pack_runs(folder, folder / "runs.pack")
    assert sl.runs.pack_runs(folder, folder / "runs.pack").digest == first.digest


def test_a_folder_that_is_written_or_holds_links_or_no_runs_is_not_packed(folder: Path, tmp_path: Path) -> None:
    to = tmp_path / "runs.pack"
    with record(DirStore(folder), params=2e6) as run:
        run.log(tokens=1e6, loss=3.0)
        with pytest.raises(BadInput, match="is being written; stop the sweep"):
            sl.runs.pack_runs(folder, to)
    (folder / "link").symlink_to("/etc/passwd")
    with pytest.raises(BadInput, match="is a link"):
        sl.runs.pack_runs(folder, to)
    with pytest.raises(BadInput, match="not a folder of runs"):
        sl.runs.pack_runs(tmp_path / "corpus", to)
    assert not to.exists() and not list(tmp_path.glob(".*"))


def edited(pack: Path, change: Callable[[dict[str, bytes]], object], *, relist: bool = False) -> Path:
    """Write a pack again with its members changed, and with ``relist`` a list that fits the new names."""
    with zipfile.ZipFile(pack) as before:
        members = {name: before.read(name) for name in before.namelist()}
    change(members)
    if relist:
        said = json.loads(members["pack.json"])
        said["files"] = {
            name: said["files"].get(name, {"sha256": "", "bytes": 9}) for name in members if name != "pack.json"
        }
        members["pack.json"] = json.dumps({**said, "digest": digest(said["files"])}).encode()
    with zipfile.ZipFile(pack.with_name("edited.pack"), "w") as after:
        for name, content in members.items():
            after.writestr(name, content)
    return pack.with_name("edited.pack")


@pytest.mark.parametrize(
    "name", ["../evil", "/tmp/evil", "runs/../../evil", "a\\..\\evil", "C:evil", "a//b", "./a", "a/\x07"]
)
def test_a_name_that_leaves_the_folder_is_refused(folder: Path, tmp_path: Path, name: str) -> None:
    sl.runs.pack_runs(folder, tmp_path / "runs.pack")
    hostile = edited(tmp_path / "runs.pack", lambda members: members.update({name: b"evil here"}), relist=True)
    with pytest.raises(BadInput, match="not a plain file inside its folder"):
        sl.runs.unpack_runs(hostile, tmp_path / "inner" / "out")
    assert not (tmp_path / "inner").exists() and not (tmp_path / "evil").exists()


@pytest.mark.parametrize(
    "name",
    [
        "{run}/lock", "lock", "{run}/lock.0123456789abcdef", "{run}/lock.0123456789abcdef.fedcba9876543210",
        "{run}/lock.taking", "forecasts.jsonl.lock", "forecasts.jsonl.lock.0123456789abcdef", "new/lock/file",
        ".scalelaw-0123456789abcdef-1-2-" + "0" * 32 + ".part", "a/.hidden", "a/b.part",
    ],
)  # fmt: skip
def test_a_lock_or_a_part_in_a_pack_is_not_unpacked(folder: Path, tmp_path: Path, name: str) -> None:
    """A pack with the lock of a process elsewhere would keep its run from being resumed."""
    sl.runs.pack_runs(folder, tmp_path / "runs.pack")
    name = name.format(run=DirStore(folder).runs()[0])
    hostile = edited(tmp_path / "runs.pack", lambda members: members.update({name: b"{}"}), relist=True)
    with pytest.raises(BadInput, match="a temporary file of a writer; not unpacked"):
        sl.runs.unpack_runs(hostile, tmp_path / "inner" / "out")
    assert not (tmp_path / "inner").exists()
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(b"{}")
    os.utime(folder / name, (0, 0))
    assert sl.runs.pack_runs(folder, tmp_path / "again.pack").files == 7, "and none is packed"


def test_names_that_only_resemble_locks_are_packed(folder: Path, tmp_path: Path) -> None:
    for name in ("lock.txt", "block", "unlock.md", "lock.0123", "part"):
        (folder / name).write_bytes(b"kept")
    assert sl.runs.pack_runs(folder, tmp_path / "runs.pack").files == 7 + 5
    assert sl.runs.unpack_runs(tmp_path / "runs.pack", tmp_path / "out").files == 7 + 5


def test_what_was_changed_is_refused_and_nothing_is_left(folder: Path, tmp_path: Path) -> None:
    pack = tmp_path / "runs.pack"
    sl.runs.pack_runs(folder, pack)
    longer = edited(pack, lambda members: members.update({"ladder.toml": members["ladder.toml"] + b"x" * 10**6}))
    with pytest.raises(BadInput, match=r"ladder.toml differs from the packed file"):
        sl.runs.unpack_runs(longer, tmp_path / "out")
    with pytest.raises(BadInput, match="its list of files does not match its content"):
        sl.runs.unpack_runs(edited(pack, lambda members: members.pop("ladder.toml")), tmp_path / "out")
    whole = pack.read_bytes()
    for content in (
        whole[:-100],
        whole[: len(whole) // 2] + b"\0" * 40 + whole[len(whole) // 2 + 40 :],
        b"",
        b"no zip",
    ):
        pack.write_bytes(content)
        with pytest.raises(BadInput):
            sl.runs.unpack_runs(pack, tmp_path / "out")
    pack.write_bytes(whole)
    with pytest.raises(BadInput, match="not an empty folder"):
        sl.runs.unpack_runs(pack, folder)
    assert not (tmp_path / "out").exists() and not list(tmp_path.glob(".*"))
    (tmp_path / "out").mkdir()
    assert sl.runs.unpack_runs(pack, tmp_path / "out").files == 7
