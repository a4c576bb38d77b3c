"""Any edit of one character of a frozen forecast, or of a registry of them, fails verification."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scalelaw.fitting.published import published
from scalelaw.laws import get
from scalelaw.registry.freezing import freeze
from scalelaw.registry.log import register_forecast, verify_forecasts
from scalelaw.registry.seal import faults, seal, sealed_text

SIGNS = '0123456789.-+eE \n\r\t{}[]",:\\abcxyzN\0é\u2028\ufeff'
LAW = published(get("chinchilla"), "besiroglu2024")
FORECASTS = [freeze(LAW, params=params, tokens="140B") for params in ("7B", "8B")]
TEXT = sealed_text(FORECASTS[0].document)


@st.composite
def edited(draw: st.DrawFn, text: str) -> str:
    """Return the text with one character put in, taken out or exchanged for another."""
    at, how = draw(st.integers(0, len(text) - 1)), draw(st.sampled_from(["in", "out", "other"]))
    sign = "" if how == "out" else draw(st.sampled_from(SIGNS))
    new = text[:at] + sign + text[at + (how != "in") :]
    return new if new != text else text + "0"


@pytest.fixture(scope="module")
def chain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("chain") / "forecasts.jsonl"
    for forecast in FORECASTS:
        register_forecast(forecast, path)
    return path


@given(edited(TEXT))
def test_one_character_of_a_forecast(text: str) -> None:
    found = list(faults(text.encode()))
    assert found and all(found)


@given(st.data())
def test_one_character_of_a_registry(chain: Path, data: st.DataObject) -> None:
    path = chain.with_name("edited.jsonl")
    path.write_bytes(data.draw(edited(chain.read_text())).encode())
    found = verify_forecasts(path)
    torn = not path.read_bytes().endswith(b"\n") and "incomplete" in str(found)
    assert not found.holds and found.faults[0] and ("CHANGED" in str(found) or torn)


@given(st.integers(0, len(TEXT) - 1))
def test_every_digit_counts(at: int) -> None:
    at = next(each for each in [*range(at, len(TEXT)), *range(at)] if TEXT[each].isdigit())
    other = TEXT[:at] + str((int(TEXT[at]) + 1) % 10) + TEXT[at + 1 :]
    assert any("edited" in fault or "JSON" in fault for fault in faults(other.encode()))


NAMES = st.text('abcü\n"', max_size=4)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | NAMES
VALUES = SCALARS | st.lists(SCALARS, max_size=3) | st.dictionaries(NAMES, SCALARS, max_size=3)


@given(st.dictionaries(NAMES, VALUES, max_size=3))
def test_what_was_sealed_and_written_verifies(sections: dict[str, object]) -> None:
    assert not list(faults(sealed_text(seal({"schema": "example/1", **sections})).encode()))
