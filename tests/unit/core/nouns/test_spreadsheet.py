"""Guards before formulas: every text comes back, and no guarded text is a formula."""

import csv
import datetime
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scalelaw.core.errors import BadInput
from scalelaw.core.nouns.spreadsheet import as_csv, guarded, may_be_guarded, risky, unguarded

texts = st.one_of(st.text(), st.text(st.sampled_from("'=+-@＝ \t\r\n\u00a0\ufeffa1")))


@given(texts)
def test_a_guard_comes_off_again(text: str) -> None:
    assert unguarded(guarded(text)) == text
    assert not risky(guarded(text)) and guarded(text) in (text, f"'{text}")


@given(texts, texts)
def test_two_texts_stay_two(one: str, other: str) -> None:
    assert (guarded(one) == guarded(other)) == (one == other)


@pytest.mark.parametrize("sign", "=+-@＝＋－＠")
@pytest.mark.parametrize("before", ["", " ", "\u00a0 ", "\ufeff", "\t", "\n"])
def test_a_formula_is_guarded(sign: str, before: str) -> None:
    assert guarded(f"{before}{sign}A1") == f"'{before}{sign}A1"


@pytest.mark.parametrize("text", ["a=1", "it's", "'90s", "1e-5", "x@y", "", "\u2028a", "\u00b1 3"])
def test_other_text_is_left_alone(text: str) -> None:
    assert guarded(text) == text == unguarded(text)


def test_each_kind_of_cell_is_written_as_it_should_be() -> None:
    columns = {
        "=name": ["=1", None],
        "number": [-1.5, None],
        "flag": [True, None],
        "day": [datetime.date(2024, 5, 6), None],
        "took": [datetime.timedelta(seconds=-1), None],
        "mixed": ["-1", 2.0],
    }
    text = as_csv(columns).decode()
    names, first, second = csv.reader(io.StringIO(text))
    assert names == ["'=name", "number", "flag", "day", "took", "mixed"]
    assert first == ["'=1", "-1.5", "true", "2024-05-06", "'-1 day, 23:59:59", "'-1"]
    assert second == ["", "", "", "", "", "2.0"]


def test_lists_are_refused() -> None:
    with pytest.raises(BadInput, match="note holds lists"):
        as_csv({"note": [[1.0], [2.0]]})


def test_only_a_file_like_ours_may_be_guarded() -> None:
    ours = as_csv({"run": ["=a", "b"], "loss": [3.0, 2.0]}).decode()
    assert may_be_guarded(ours, ["run", "loss", "'=a", "b"])
    assert not may_be_guarded(ours, ["run", "loss", "'=a", "=b"])
    assert not may_be_guarded(ours.replace('"run"', "run"), ["run", "loss", "'=a", "b"])
    assert not may_be_guarded(ours.replace("3.0", '"3.0"').replace("2.0", '"2.0"'), ["run", "loss", "'=a", "b"])
