"""Every field of every part of a page may hold any text: it is shown as it is, and never read as HTML."""

import html
import itertools
from collections.abc import Iterator
from dataclasses import fields
from typing import Any

import pytest

from scalelaw.core.rendering import Lines, Report, Table
from scalelaw.reporting.answer import Answer
from scalelaw.reporting.card import Card
from scalelaw.reporting.page import Block, page

TRAP = "<script>alert('{}')</script>&amp;\"{}\""
NOT_TEXT = {("Block", "figure"), ("Table", "indent")}
"""SVG, and what only plain text has."""
Numbers = Iterator[int]


def trap(numbers: Numbers) -> str:
    number = next(numbers)
    return TRAP.format(number, number)


def filled(kind: Any, numbers: Numbers) -> Any:
    """Return one of these whose every text is a trap of its own number."""
    values: dict[str, Any] = {}
    for field in fields(kind):
        text = str(field.type)
        if (kind.__name__, field.name) in NOT_TEXT:
            values[field.name] = "<svg></svg>" if field.name == "figure" else "  "
        elif field.name == "rows":
            values[field.name] = [[trap(numbers), trap(numbers)] for _ in range(2)]
        elif field.name == "lines" and kind is Lines:
            values[field.name] = [(trap(numbers), trap(numbers))]
        elif field.name == "parts":
            values[field.name] = [filled(part, numbers) for part in (Table, Lines)]
        elif "Report" in text:
            values[field.name] = filled(Report, numbers)
        elif text == "<class 'str'>":
            values[field.name] = trap(numbers)
        elif "str" in text:
            values[field.name] = (trap(numbers), trap(numbers))
    return kind(**values)


def shown(text: str, count: int) -> list[int]:
    """Return the numbers of the traps that a page shows."""
    plain = html.unescape(text.replace("<span>", "").replace("</span>", ""))
    return [number for number in range(count) if TRAP.format(number, number) in plain]


@pytest.mark.parametrize("kind", [Answer, Card])
def test_no_field_of_a_page_is_read_as_html(kind: type) -> None:
    numbers = itertools.count()
    first = filled(kind, numbers)
    whole = page(
        trap(numbers), trap(numbers), first if isinstance(first, Answer) else [first], [filled(Block, numbers)]
    )
    count = next(numbers)
    assert count > 15
    assert "<script" not in whole and '&"' not in whole
    others = len(first.others) if isinstance(first, Answer) else 0
    assert len(shown(whole, count)) == count - others, "a text is missing"


def test_a_block_of_one_thing_has_nothing_else() -> None:
    assert Block("").html() == ""
    assert Block("", figure="<svg></svg>", caption="a").html() == (
        "<figure><svg></svg><figcaption>a</figcaption></figure>"
    )
    assert Block("", prose=["a", "b"], code="c").html() == "<p>a</p><p>b</p><pre>c</pre>"


def test_a_printout_is_escaped_in_every_format() -> None:
    report = filled(Report, itertools.count())
    assert "<script" not in report.html() and "<script>" not in report.markdown().replace(r"\<", "")
    assert r"\<script\>" in report.markdown()
    assert r"\&amp;" in report.latex() and "&" not in report.latex().replace(r"\&", "").replace(" & ", "")
