"""The registry: a chain that only grows, and says what was done to it."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import scalelaw as sl
from scalelaw.core.errors import BadInput, ScalelawWarning, UnknownName
from scalelaw.core.owners.lock import Guarded, acquire
from scalelaw.fitting.published import published
from scalelaw.laws import get
from scalelaw.registry.freezing import freeze
from scalelaw.registry.frozen import FrozenForecast
from scalelaw.registry.log import read_forecasts, register_forecast, verify_forecasts
from scalelaw.registry.seal import seal

LAW = published(get("chinchilla"), "besiroglu2024")


@pytest.fixture(scope="module")
def forecasts() -> list[FrozenForecast]:
    return [freeze(LAW, params=size, tokens="140B", run=f"run {size}") for size in ("7B", "8B", "9B")]


@pytest.fixture
def chain(tmp_path: Path, forecasts: list[FrozenForecast]) -> Path:
    path = tmp_path / "forecasts.jsonl"
    for forecast in forecasts:
        register_forecast(forecast, path)
    return path


def test_a_chain_is_read_in_the_order_it_grew(chain: Path, forecasts: list[FrozenForecast]) -> None:
    found = read_forecasts(chain)
    assert [each.forecast.digest for each in found.entries] == [each.digest for each in forecasts]
    assert [each.number for each in found.entries] == [1, 2, 3]
    lines = [json.loads(line) for line in chain.read_text().splitlines()]
    assert [line["previous"] for line in lines] == ["", lines[0]["digest"], lines[1]["digest"]]
    assert found.head == lines[2]["digest"] == verify_forecasts(chain).head


def test_one_is_found_by_number_digest_or_run(chain: Path, forecasts: list[FrozenForecast]) -> None:
    found = read_forecasts(chain)
    for entry in (2, "2", "run 8B", forecasts[1].digest[:8]):
        assert found.find(entry).digest == forecasts[1].digest
    with pytest.raises(UnknownName, match=r"holds several forecasts; choose one .*--entry\): 1 \("):
        found.find()
    for entry in (4, "run", forecasts[1].digest[:3]):
        with pytest.raises(UnknownName, match="unknown forecast"):
            found.find(entry)


def test_a_single_file_is_a_registry_of_one(tmp_path: Path, forecasts: list[FrozenForecast]) -> None:
    forecasts[0].save(tmp_path / "forecast.json")
    found = read_forecasts(tmp_path / "forecast.json")
    assert found.find().digest == found.head == forecasts[0].digest


def test_lines_taken_out_put_in_or_moved_break_the_chain(chain: Path) -> None:
    one, two, three = chain.read_bytes().splitlines(keepends=True)
    for lines in ([two, three], [one, three], [two, one, three], [one, two, two, three], [one, two, three, b"\n"]):
        chain.write_bytes(b"".join(lines))
        assert not verify_forecasts(chain).holds
    for torn in (three[:-1], three[:40]):
        chain.write_bytes(one + two + torn)
        assert "line 3" in str(verify_forecasts(chain))


def test_an_end_cut_off_shows_against_the_published_head(chain: Path) -> None:
    head = verify_forecasts(chain).head
    assert verify_forecasts(chain, head=head[:10]).holds
    chain.write_bytes(b"".join(chain.read_bytes().splitlines(keepends=True)[:2]))
    assert verify_forecasts(chain).holds
    assert "lines are missing" in verify_forecasts(chain, head=head).faults[0]


def test_an_older_head_still_holds_in_a_longer_chain(chain: Path) -> None:
    first = read_forecasts(chain).entries[0].digest
    assert verify_forecasts(chain, head=first).holds


def test_a_forecast_sealed_again_breaks_the_chain(chain: Path) -> None:
    """Whoever edits a forecast and makes its seal anew still has the digest of the line against him."""
    lines = chain.read_text().splitlines(keepends=True)
    record = json.loads(lines[1])
    record["forecast"]["new_run"]["value"] += 0.1
    record["forecast"] = seal({name: part for name, part in record["forecast"].items() if name != "seal"})
    chain.write_text("".join([lines[0], json.dumps(record) + "\n", lines[2]]))
    assert verify_forecasts(chain).faults[0].startswith("line 2: digest is")


def test_nothing_is_added_to_a_broken_chain_or_twice(chain: Path, forecasts: list[FrozenForecast]) -> None:
    with pytest.raises(BadInput, match="already holds this forecast"):
        register_forecast(forecasts[1], chain)
    before = chain.read_bytes()
    chain.write_bytes(before.replace(b"7000000000", b"7000000001", 1))
    with pytest.raises(BadInput, match=r"line 1: point was edited"):
        register_forecast(freeze(LAW, params="10B", tokens="140B"), chain)
    assert len(chain.read_bytes()) == len(before)


def test_a_forecast_edited_in_memory_is_not_registered(tmp_path: Path, forecasts: list[FrozenForecast]) -> None:
    edited = FrozenForecast({**forecasts[0].document, "run": "another"})
    with pytest.raises(BadInput, match="run was edited"):
        register_forecast(edited, tmp_path / "forecasts.jsonl")


def test_a_registry_that_is_being_written_is_waited_for(
    chain: Path, forecasts: list[FrozenForecast], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scalelaw.registry.log._WAIT_S", 0.1)
    lock = chain.with_name("forecasts.jsonl.lock")
    lock.touch()
    with pytest.raises(BadInput, match=r"is locked by another process; if none is running, delete .*lock"):
        register_forecast(freeze(LAW, params="10B", tokens="140B"), chain)
    lock.unlink()
    assert register_forecast(freeze(LAW, params="10B", tokens="140B"), chain).number == 4
    assert not lock.exists()


def test_the_lock_of_a_killed_process_is_taken_over_at_once(chain: Path) -> None:
    path = chain.with_name("forecasts.jsonl.lock")
    program = (
        "import os, sys, pathlib; from scalelaw.core.owners.lock import Guarded, acquire; "
        "acquire(pathlib.Path(sys.argv[1]), Guarded('it', 'wait')); os.kill(os.getpid(), 9)"
    )
    subprocess.run([sys.executable, "-c", program, str(path)], check=False)
    assert path.exists()
    start = time.monotonic()
    with pytest.warns(ScalelawWarning, match=r"forecasts.jsonl: took over from process \d+ on .*, which has died"):
        assert register_forecast(freeze(LAW, params="10B", tokens="140B"), chain).number == 4
    assert time.monotonic() - start < 5
    assert [each.name for each in chain.parent.iterdir()] == ["forecasts.jsonl"]


def test_a_registry_names_the_process_that_writes_it(chain: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scalelaw.registry.log._WAIT_S", 0.1)
    held = acquire(chain.with_name("forecasts.jsonl.lock"), Guarded("it", "wait"))
    with pytest.raises(BadInput, match=rf"forecasts.jsonl is being written by process {os.getpid()} on .*; wait until"):
        register_forecast(freeze(LAW, params="10B", tokens="140B"), chain)
    held.release()
    assert register_forecast(freeze(LAW, params="10B", tokens="140B"), chain).number == 4


REGISTRANT = """
import sys, warnings
from scalelaw.core.owners.lock import Guarded, acquire
from scalelaw.fitting.published import published
from scalelaw.laws import get
from scalelaw.registry.freezing import freeze
from scalelaw.registry.log import register_forecast

law = published(get("chinchilla"), "besiroglu2024")
for at in range(int(sys.argv[2])):
    register_forecast(freeze(law, params=f"{sys.argv[3]}{at}B", tokens="140B"), sys.argv[1])
"""


def test_processes_that_register_at_once_make_one_chain(chain: Path) -> None:
    commands = [[sys.executable, "-c", REGISTRANT, str(chain), "6", str(first)] for first in (3, 5)]
    running = [subprocess.Popen(command, stderr=subprocess.PIPE, encoding="utf-8") for command in commands]
    assert [process.communicate()[1] for process in running] == [""] * 2
    assert len(read_forecasts(chain).entries) == 3 + 2 * 6 and verify_forecasts(chain).holds
    assert [each.name for each in chain.parent.iterdir()] == ["forecasts.jsonl"]


@pytest.mark.parametrize("every", [199, pytest.param(1, marks=pytest.mark.slow)])
@pytest.mark.parametrize("lines", [1, 3])
@pytest.mark.parametrize("zeros", [0, 40])
def test_a_torn_last_line_is_no_tampering_wherever_it_was_cut(chain: Path, lines: int, zeros: int, every: int) -> None:
    *before, last = chain.read_bytes().splitlines(keepends=True)[:lines]
    for size in [*range(not zeros, len(last), every), len(last) - 1]:
        chain.write_bytes(b"".join(before) + last[:size] + b"\0" * zeros)
        verified = verify_forecasts(chain)
        assert not verified.holds and "incomplete" in str(verified) and "CHANGED" not in str(verified), size
        with pytest.warns(ScalelawWarning, match="last line is incomplete"):
            assert len(read_forecasts(chain).entries) == len(before), size


def test_a_torn_last_line_is_cut_back_and_reported(
    chain: Path, forecasts: list[FrozenForecast], rng: np.random.Generator
) -> None:
    whole = chain.read_bytes()
    *before, last = whole.splitlines(keepends=True)
    for size in (1, len(last) - 1, *rng.integers(2, len(last) - 1, 5)):
        chain.write_bytes(b"".join(before) + last[: int(size)])
        verified = verify_forecasts(chain)
        assert not verified.holds and "incomplete" in str(verified) and "CHANGED" not in str(verified)
        with pytest.warns(ScalelawWarning, match="last line is incomplete"):
            assert len(read_forecasts(chain).entries) == len(before)
        with pytest.warns(ScalelawWarning, match="last line is incomplete"):
            register_forecast(forecasts[len(before)], chain)
        assert chain.read_bytes() == whole and verify_forecasts(chain).holds


def test_what_is_no_registry_says_so(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="cannot read"):
        read_forecasts(tmp_path / "none.jsonl")
    for text in ("", "{}\n", "[1]\n", "params,loss\n1,2\n"):
        (tmp_path / "other.jsonl").write_text(text)
        assert not verify_forecasts(tmp_path / "other.jsonl").holds
    with pytest.raises(BadInput, match="give 4 digits or more"):
        verify_forecasts(tmp_path / "other.jsonl", head="ab")


def test_everything_public_is_reachable() -> None:
    assert sl.registry.verify_forecasts is verify_forecasts and sl.freeze is freeze
