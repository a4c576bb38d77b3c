"""Reading: only regular files, only so much, unpacked only so far; whatever goes wrong is one line."""

import csv
import os
import random
import socket
import threading
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scalelaw.core import reading
from scalelaw.core.errors import BadInput, BadTable
from scalelaw.core.reading import Allowance, glance, one_line, parse_json, read_limited, read_text, without_panics


def _socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(str(path))


ODD: dict[str, Callable[[Path], object]] = {
    "pipe": os.mkfifo,
    "link to a pipe": lambda path: (os.mkfifo(path.with_name("other")), path.symlink_to("other")),
    "socket": _socket,
    "device": lambda path: path.symlink_to("/dev/zero"),
    "quiet device": lambda path: path.symlink_to("/dev/null"),
}


@pytest.mark.parametrize("make", ODD.values(), ids=ODD)
def test_what_is_no_regular_file_is_refused_before_it_is_opened(
    tmp_path: Path, make: Callable[[Path], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    path = Path("runs.csv")
    make(path)
    monkeypatch.setattr(os, "open", lambda *_: pytest.fail("it was opened"))
    for read in (read_limited, read_text):
        with pytest.raises(BadInput, match=r"'runs.csv' is a (pipe|socket|device), not a regular file"):
            read(path)
    assert glance(path, 10) == b""


def test_a_pipe_that_takes_the_place_of_a_file_is_refused_as_well(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, plain = tmp_path / "runs.csv", os.open
    path.write_bytes(b"x")

    def swapped(*args: object) -> int:
        path.unlink()
        os.mkfifo(path)
        return plain(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(os, "open", swapped)
    with pytest.raises(BadInput, match="is a pipe"):
        read_limited(path)


@pytest.mark.parametrize("size", [0, 1, 999, 1000])
def test_a_file_within_the_limit_is_read_whole(tmp_path: Path, size: int) -> None:
    content = random.Random(size).randbytes(size)
    (tmp_path / "f").write_bytes(content)
    assert read_limited(tmp_path / "f", 1000) == content
    assert glance(tmp_path / "f", 10) == content[:10]


@pytest.mark.parametrize("lies", [False, True])
@pytest.mark.parametrize("size", [1001, 5 * 2**20])
def test_a_longer_one_is_refused_whatever_the_file_system_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lies: bool, size: int
) -> None:
    (tmp_path / "f").write_bytes(b"x" * size)
    if lies:
        plain = os.fstat
        monkeypatch.setattr(os, "fstat", lambda at: os.stat_result((*plain(at)[:6], 0, *plain(at)[7:])))
    with pytest.raises(BadInput, match="more than the 1000 bytes"):
        read_limited(tmp_path / "f", 1000)


def test_a_sparse_file_is_refused_without_being_read(tmp_path: Path) -> None:
    with (tmp_path / "f").open("wb") as file:
        file.truncate(20 * 2**30)
    with pytest.raises(BadInput, match="split it"):
        read_limited(tmp_path / "f")


def test_a_file_that_grows_while_it_is_read_ends_at_the_limit(tmp_path: Path) -> None:
    path, stop = tmp_path / "f", threading.Event()
    path.write_bytes(b"")

    def grow() -> None:
        with path.open("ab") as file:
            while not stop.is_set():
                file.write(b"x" * 10_000)

    writer = threading.Thread(target=grow)
    writer.start()
    try:
        while path.stat().st_size < 200_000:
            pass
        with pytest.raises(BadInput, match="more than"):
            read_limited(path, 150_000)
    finally:
        stop.set()
        writer.join()


@given(st.binary(max_size=200))
def test_bytes_are_text_or_refused(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "bytes"
    path.write_bytes(content)
    try:
        assert read_text(path).encode() == content.removeprefix(b"\xef\xbb\xbf")
    except BadTable as error:
        assert "is not UTF-8 text" in str(error)


@given(st.binary(max_size=2000))
def test_what_was_packed_is_unpacked(content: bytes) -> None:
    allowance = Allowance("a test", 100)
    before = allowance.left
    assert allowance.inflate(zlib.compress(content)) == content
    assert before - allowance.left == len(content)
    packed = zlib.compress(content)
    with pytest.raises(zlib.error):
        Allowance("a test", 100).inflate(packed[: len(packed) - 1])


@pytest.mark.parametrize("pieces", [1, 7])
def test_a_bomb_is_refused_in_total_and_in_ratio(pieces: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "_FREE", 10_000)
    bomb = zlib.compress(b"\0" * (1 + 30_000 // pieces))
    for allowance in (Allowance("bomb", 200), Allowance("bomb", 10**9, 20_000)):

        def all_of_it(allowance: Allowance = allowance) -> None:
            for _ in range(pieces):
                allowance.inflate(bomb)

        with pytest.raises(BadInput, match=r"bomb: .* bytes unpack to more than 20000"):
            all_of_it()


FAULTS = (
    RecursionError("deep"), MemoryError(), OverflowError("int too large"), ValueError("odd\nvalue"), TypeError("kind"),
    csv.Error("field larger"), OSError(5, "Input/output error"), UnicodeDecodeError("utf-8", b"\xff", 0, 1, "bad"),
    KeyError("x"), IndexError("y"), AttributeError("z"), ZeroDivisionError(), EOFError(), zlib.error("cut"),
    ValueError("x" * 10_000),
)  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: type(fault).__name__)
def test_every_fault_becomes_one_line_that_names_the_file(fault: Exception) -> None:
    with pytest.raises(BadInput, match=r"^runs.csv ") as refused, one_line("runs.csv"):
        raise fault
    assert "\n" not in str(refused.value) and len(str(refused.value)) < 400


@pytest.mark.parametrize("fault", [BadTable("runs.csv: said already"), KeyboardInterrupt()])
def test_what_has_words_or_is_no_fault_passes(fault: BaseException) -> None:
    with pytest.raises(type(fault)) as passed, one_line("runs.csv"):
        raise fault
    assert passed.value is fault


def test_native_code_prints_nothing_in_between(capfd: pytest.CaptureFixture[str]) -> None:
    os.write(2, b"before ")
    with without_panics():
        os.write(2, b"panicked at")
    with pytest.raises(ValueError, match="x"), without_panics():
        raise ValueError("x")
    os.write(2, b"after")
    assert capfd.readouterr().err == "before after"


def test_json_of_millions_of_lists_is_refused_before_it_is_parsed() -> None:
    small = "[" + "[]," * 9 + "{}]"
    assert len(parse_json(small)) == 10 == len(parse_json(small.encode()))
    for part in ("[],", "{},", '{"a":[]},'):
        text = "[" + part * (reading.MOST_PARTS // 2 * (2 if len(part) < 4 else 1)) + "1]"
        for made in (text, text.encode()):
            with pytest.raises(BadTable, match="lists and records, more than 2000000; split it"):
                parse_json(made)
