"""Sheets: one printout as text, HTML, Markdown and LaTeX, and every noun's among them."""

import html
import re

import pytest

import scalelaw as sl
from scalelaw import datasets
from scalelaw.core.rendering import Lines, Report, Table

SHEET = Report(
    "A & B",
    [
        Table([["name", "value"], ["x_1", "1 %"], ["long name", "22"]], right=[1]),
        Lines([("note", "a < b"), ("", "and on")]),
        Lines([]),
        Report("inside", [Lines([("code", "x|y")], width=0)]),
    ],
)


def test_text_is_aligned_and_sheets_stand_apart() -> None:
    assert SHEET.text().splitlines() == [
        "A & B",
        "  name       value",
        "  x_1          1 %",
        "  long name     22",
        "  note        a < b",
        "              and on",
        "",
        "inside",
        "  code: x|y",
    ]


def test_html_escapes_and_keeps_every_word() -> None:
    rendered = SHEET.html()
    assert "A &amp; B" in rendered and "a &lt; b" in rendered and rendered.count("<tr>") == 3
    words = html.unescape(re.sub(r"<[^>]+>", " ", rendered)).split()
    assert words == SHEET.text().replace("code:", "code").split()


def test_markdown_has_a_rule_for_each_column() -> None:
    lines = SHEET.markdown().splitlines()
    assert lines[0] == "### A & B" and "| --- | ---: |" in lines and r"- **code**: x\|y" in lines


def test_latex_escapes_what_has_a_meaning() -> None:
    latex = SHEET.latex()
    assert r"x\_1 & 1 \% \\" in latex and latex.count(r"\begin{tabular}{lr}") == 1 and r"\paragraph{A \& B}" in latex


def test_powers_survive_markdown() -> None:
    assert Report("A/params**a + B/tokens**b").markdown() == r"### A/params\*\*a + B/tokens\*\*b"


def test_a_bar_in_a_cell_does_not_end_it() -> None:
    assert Table([["a|b"]], head=False).markdown().splitlines()[-1] == r"| a\|b |"


@pytest.fixture(scope="module")
def nouns() -> list[object]:
    runs = datasets.load("synthetic-ladder")
    study = sl.study(runs, draws=20)
    return [runs, study.fit, study.backtest, study.plan, study, sl.calculate("8B", "15T"), sl.runs.review_runs(runs)]


def test_every_noun_shows_in_a_notebook_what_it_prints(nouns: list[object]) -> None:
    for noun in nouns:
        shown = noun._repr_html_()  # type: ignore[attr-defined]
        visible = html.unescape(re.sub(r"<style>.*?</style>|<[^>]+>", " ", shown))
        assert visible.replace(":", "").split() == str(noun).replace(":", "").split()
        assert noun.to_markdown() and r"\begin{" in noun.to_latex()  # type: ignore[attr-defined]
