"""Text for a terminal: nothing in it moves the cursor, and an error is one line of at most 2 kB."""

import re

from hypothesis import given
from hypothesis import strategies as st

from scalelaw.core.errors import BadTable
from scalelaw.core.findings import Finding, Grade
from scalelaw.core.plain_text import LONGEST_LINE, printable, printable_line
from scalelaw.core.rendering import Lines, Report, Table

MOVES = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
NAMES = st.text(
    st.one_of(st.characters(codec=None), st.sampled_from("\x1b\x07\x9b\u202e\u2066\u2028\r\n\t\x85\ud800")), max_size=40
)


@given(NAMES)
def test_no_name_moves_the_cursor(name: str) -> None:
    report = Report(name, [Table([[name, "1"]]), Lines([(name, name)]), Lines([(name, name)], width=0, fold=0)])
    lines = Lines([(name, name)], fold=60).text()
    for text in (report.text(), lines, str(BadTable(name)), str(Finding("X", Grade.WARN, name, 1, name))):
        assert not MOVES.search(text.replace("\t", ""))


@given(NAMES, st.integers(1, 5000))
def test_an_error_is_one_short_line_that_keeps_its_end(name: str, times: int) -> None:
    line = str(BadTable(f"runs.csv: {name * times}; rename it"))
    assert len(line.encode()) <= LONGEST_LINE and "\n" not in line
    assert line.startswith("runs.csv:") and line.endswith("; rename it")


def test_plain_text_stays() -> None:
    text = "E 1.82\n  70B größer, 漢字 🙂"
    assert printable(text) == text and printable_line("a  b\nc") == "a b c"
