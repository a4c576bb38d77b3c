"""Writing: the old content or the new one, whatever fails on the way, and nothing beside it."""

import errno
import os
import re
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scalelaw.core import files
from scalelaw.core.errors import BadInput
from scalelaw.core.files import append_line, make_once, whole_file, whole_folder, write_whole

resource = pytest.importorskip("resource")
OLD = b"what stood there\n"


@pytest.fixture(params=["nameless", "named"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Write as Linux can, and as every system can."""
    if request.param == "named":
        monkeypatch.setattr(files, "_NAMELESS", 0)
    return str(request.param)


@pytest.fixture
def old(tmp_path: Path) -> Path:
    path = tmp_path / "report.html"
    path.write_bytes(OLD)
    return path


def _alone(path: Path) -> None:
    assert [each.name for each in path.parent.iterdir()] == [path.name], "something is left beside it"


@contextmanager
def _no_file_above(size: int) -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@given(st.one_of(st.binary(max_size=2000), st.text(st.characters(exclude_categories=["Cs"]), max_size=500)))
def test_what_is_written_is_there(tmp_path_factory: pytest.TempPathFactory, data: str | bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "any"
    assert write_whole(path, data) == path
    assert path.read_bytes() == (data if isinstance(data, bytes) else data.encode())


@pytest.mark.usefixtures("way")
def test_the_new_content_takes_the_place_of_the_old(old: Path) -> None:
    write_whole(old, "new")
    assert old.read_bytes() == b"new"
    _alone(old)


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize("before", [OLD, None])
def test_a_full_disk_leaves_what_stood_there(tmp_path: Path, before: bytes | None) -> None:
    path = tmp_path / "report.html"
    if before is not None:
        path.write_bytes(before)
    with _no_file_above(8192), pytest.raises(BadInput, match=r"report.html cannot be written: .*make room there"):
        write_whole(path, b"x" * 100_000)
    assert [each.read_bytes() for each in tmp_path.iterdir()] == ([] if before is None else [before])


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize("call", ["fsync", "fchmod", "replace"])
@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO, errno.EDQUOT])
def test_whatever_call_fails_the_old_file_stays(
    old: Path, monkeypatch: pytest.MonkeyPatch, call: str, number: int
) -> None:
    def fails(*_: Any, **__: Any) -> None:
        raise OSError(number, os.strerror(number))

    with monkeypatch.context() as patched:
        patched.setattr(os, call, fails)
        with pytest.raises(BadInput, match=re.escape(f"cannot be written: {os.strerror(number)}; ")):
            write_whole(old, "new")
    assert old.read_bytes() == OLD
    _alone(old)


@pytest.mark.usefixtures("way")
def test_a_file_system_without_nameless_files_will_do(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = os.open

    def opens(path: Any, flags: int, *more: Any, **named: Any) -> int:
        if files._NAMELESS and flags & files._NAMELESS == files._NAMELESS:
            raise OSError(errno.EOPNOTSUPP, "not here")
        return plain(path, flags, *more, **named)

    monkeypatch.setattr(os, "open", opens)
    write_whole(old, "new")
    assert old.read_bytes() == b"new"
    _alone(old)


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt, OSError, BadInput])
def test_an_error_inside_the_block_writes_nothing(old: Path, error: type[BaseException]) -> None:
    with pytest.raises(BadInput if error is OSError else error), whole_file(old) as file:
        file.write(b"half")
        raise error("in between")
    assert old.read_bytes() == OLD
    _alone(old)


@pytest.mark.usefixtures("way")
def test_the_content_is_on_the_disk_before_it_has_the_name_and_the_name_after(
    old: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[str] = []

    def recorded(name: str, plain: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **named: Any) -> Any:
            folder = name == "fsync" and stat.S_ISDIR(os.fstat(args[0]).st_mode)
            size = f" {os.fstat(args[0]).st_size}" if name == "fsync" and not folder else ""
            calls.append(f"{name} folder" if folder else name + size)
            return plain(*args, **named)

        return call

    for name in ("fsync", "replace", "rename"):
        monkeypatch.setattr(os, name, recorded(name, getattr(os, name)))
    write_whole(old, b"x" * 70_000)
    assert calls == ["fsync 70000", "replace", "fsync folder"]


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize("mode", [0o600, 0o640, 0o664, 0o755])
def test_permissions_stay(old: Path, mode: int) -> None:
    old.chmod(mode)
    write_whole(old, "new")
    assert stat.S_IMODE(old.stat().st_mode) == mode


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize(("mask", "mode"), [(0o022, 0o644), (0o077, 0o600), (0o002, 0o664)])
def test_a_new_file_has_the_permissions_that_the_mask_leaves(tmp_path: Path, mask: int, mode: int) -> None:
    before = os.umask(mask)
    try:
        for name, write in (
            ("whole", lambda path: write_whole(path, "new")),
            ("once", lambda path: make_once(path)),
            ("line", lambda path: append_line(path, "new")),
        ):
            write(tmp_path / name)
            assert stat.S_IMODE((tmp_path / name).stat().st_mode) == mode, name
    finally:
        os.umask(before)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anything")
@pytest.mark.usefixtures("way")
def test_a_file_that_may_not_be_written_is_not_replaced(old: Path) -> None:
    old.chmod(0o444)
    with pytest.raises(BadInput, match="Permission denied"):
        write_whole(old, "new")
    assert old.read_bytes() == OLD


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize("write", [lambda path: write_whole(path, "new"), lambda path: append_line(path, "new")])
@pytest.mark.parametrize("dangling", [False, True])
def test_a_link_is_not_followed(tmp_path: Path, write: Callable[[Path], None], dangling: bool) -> None:
    other, link = tmp_path / "other", tmp_path / "link"
    if not dangling:
        other.write_bytes(OLD)
    link.symlink_to(other)
    with pytest.raises(BadInput, match="link cannot be written: it is a link; name the file that it leads to"):
        write(link)
    assert link.is_symlink()
    assert not other.exists() if dangling else other.read_bytes() == OLD
    assert not make_once(link)


def test_a_link_at_the_name_of_the_part_is_not_followed(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Even where somebody guesses the name."""
    victim = old.with_name("victim")
    victim.write_bytes(OLD)
    old.with_name(files.__name__).symlink_to(victim)
    monkeypatch.setattr(files, "part_name", lambda: files.__name__)
    for nameless in (files._NAMELESS, 0):
        monkeypatch.setattr(files, "_NAMELESS", nameless)
        with pytest.raises(BadInput, match="File exists"):
            write_whole(old, "new")
        assert victim.read_bytes() == old.read_bytes() == OLD


@pytest.mark.usefixtures("way")
def test_names_of_parts_differ_and_fit_beside_the_longest_name(tmp_path: Path) -> None:
    assert len({files.part_name() for _ in range(100)}) == 100
    path = tmp_path / ("n" * 255)
    write_whole(path, "new")
    assert path.read_bytes() == b"new"


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize("make", [Path.mkdir, lambda path: os.mkfifo(path)])
def test_a_folder_and_a_pipe_are_refused(tmp_path: Path, make: Callable[[Path], None]) -> None:
    make(tmp_path / "there")
    for write in (write_whole, append_line):
        with pytest.raises(BadInput, match="cannot be written"):
            write(tmp_path / "there", "new")
    _alone(tmp_path / "there")


@pytest.mark.parametrize("path", ["absent/report.html", "file/report.html", "with\0nul", "n" * 300])
def test_a_place_that_cannot_be_is_said_in_one_line(tmp_path: Path, path: str) -> None:
    (tmp_path / "file").write_bytes(OLD)
    with pytest.raises(BadInput, match="cannot be written") as refused:
        write_whole(tmp_path / path, "new")
    assert "\n" not in str(refused.value)
    _alone(tmp_path / "file")


@pytest.mark.parametrize("write", [write_whole, append_line])
@pytest.mark.parametrize("half", ["\ud800", "\udfff", "a\nloss\udc80"])
def test_half_a_character_is_refused_before_anything_is_opened(old: Path, write: Any, half: str) -> None:
    with pytest.raises(BadInput, match=r"report.html cannot be written: its text has U\+D[89A-F][0-9A-F]{2}"):
        write(old, f"text {half} text")
    assert old.read_bytes() == OLD


@pytest.mark.usefixtures("way")
def test_a_file_that_must_be_new_is_not_written_over(old: Path) -> None:
    with pytest.raises(FileExistsError):
        write_whole(old, "new", over=False)
    assert old.read_bytes() == OLD
    new = old.with_name("new")
    write_whole(new, "new", over=False)
    assert new.read_bytes() == b"new"
    assert sorted(each.name for each in old.parent.iterdir()) == ["new", "report.html"]


def test_a_file_system_without_hard_links_will_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "_NAMELESS", 0)

    def fails(*_: Any, **__: Any) -> None:
        raise OSError(errno.EPERM, "not here")

    monkeypatch.setattr(os, "link", fails)
    path = tmp_path / "new"
    write_whole(path, "new", over=False)
    assert path.read_bytes() == b"new"
    with pytest.raises(FileExistsError):
        write_whole(path, "other", over=False)
    _alone(path)


def test_a_line_that_cannot_be_added_whole_is_cut_back(old: Path) -> None:
    with _no_file_above(40), pytest.raises(BadInput, match="cannot be written"):
        append_line(old, "x" * 100)
    assert old.read_bytes() == OLD
    append_line(old, "next")
    assert old.read_bytes() == OLD + b"next\n"


def test_a_line_after_half_a_line_starts_on_a_new_one(old: Path) -> None:
    """A process killed while it appends leaves half a line; the next line must not be lost with it."""
    old.write_bytes(b'{"key": 1}\n{"key"')
    append_line(old, '{"key": 2}')
    assert old.read_bytes() == b'{"key": 1}\n{"key"\n{"key": 2}\n'


def test_a_lock_that_cannot_be_written_is_not_left(tmp_path: Path) -> None:
    with _no_file_above(4), pytest.raises(OSError):
        make_once(tmp_path / "lock", b"who holds it")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("error", [None, OSError, RuntimeError, KeyboardInterrupt])
def test_a_folder_is_there_whole_or_not_at_all(tmp_path: Path, error: type[BaseException] | None) -> None:
    place = tmp_path / "deep" / "corpus"

    def fill() -> None:
        before = place.exists()
        with whole_folder(place) as part:
            write_whole(part / "one", "1")
            assert place.exists() == before
            if error:
                raise error("in between")

    if error:
        with pytest.raises(BadInput if error is OSError else error):
            fill()
        assert not list(tmp_path.iterdir()), "not even the folder above it"
    else:
        fill()
        assert (place / "one").read_bytes() == b"1"
        _alone(place)
        with pytest.raises(BadInput, match="not empty"):
            fill()


KILLED = """
import sys
from scalelaw.core.files import write_whole
print("ready", flush=True)
at = 0
while True:
    at += 1
    write_whole(sys.argv[1], f"{at}\\n".encode() * 20_000)
"""


@pytest.mark.slow
def test_a_killed_process_leaves_the_old_file_or_the_new_one(tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    litter: list[str] = []
    for at in range(50):
        with subprocess.Popen([sys.executable, "-c", KILLED, str(path)], stdout=subprocess.PIPE) as writer:
            assert writer.stdout is not None
            writer.stdout.readline()
            time.sleep(0.0137 * (1 + at % 7) + at / 1e4)
            writer.send_signal(signal.SIGKILL)
        lines = path.read_bytes().splitlines() if path.exists() else []
        assert len(set(lines)) <= 1 and len(lines) in (0, 20_000), "half a file"
        litter += [each.name for each in tmp_path.iterdir() if each.name != path.name]
    assert len(litter) <= 1, "between having a name and having the right one are some microseconds"


@pytest.mark.slow
def test_a_full_file_system_leaves_the_old_file(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    script = (
        f"mount -t tmpfs -o size=64k none {disk} && echo old > {disk}/f && "
        f"{sys.executable} -c \"from scalelaw.core.files import write_whole; write_whole('{disk}/f', 'x' * 10**6)\"; "
        f"cat {disk}/f; ls -A {disk} | wc -l"
    )
    done = subprocess.run(["unshare", "-rm", "sh", "-c", script], capture_output=True, encoding="utf-8")
    if "unshare" in done.stderr or "mount" in done.stderr:
        pytest.skip("no file system may be mounted here")
    assert "No space left on device; make room there" in done.stderr
    assert done.stdout.split() == ["old", "1"]


def test_what_a_folder_holds_is_on_the_disk_before_it_has_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls, plain = [], os.fsync

    def synced(descriptor: int) -> None:
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            calls.append(((tmp_path / "whole").exists(), Path(os.readlink(f"/proc/self/fd/{descriptor}")).name))
        plain(descriptor)

    monkeypatch.setattr(os, "fsync", synced)
    with whole_folder(tmp_path / "whole") as part:
        name = part.name
    assert calls.index((False, name)) < calls.index((True, tmp_path.name)), "the part first, and its parent after"
