"""Numbers as people write them, and the ones nobody should guess at."""

import math

import pytest

from scalelaw.core.errors import BadNumber
from scalelaw.core.numbers import PF_DAY, format_number, parse_number


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("7B", 7e9),
        ("1.5T", 1.5e12),
        ("300B tokens", 3e11),
        ("1e22", 1e22),
        ("0.16B", 1.6e8),
        ("160m", 1.6e8),
        ("410 M", 4.1e8),
        ("410_000_000", 4.1e8),
        ("1,400,000,000", 1.4e9),
        ("2.8B params", 2.8e9),
        ("6 billion", 6e9),
        ("1.18E+19 FLOPs", 1.18e19),
        ("2 PF-days", 2 * PF_DAY),
        ("5 ZFLOP", 5e21),
        (".5k", 500.0),
        ("-2", -2.0),
        ("1e-3", 1e-3),
        (12, 12.0),
    ],
)
def test_reads(text, value):
    assert parse_number(text) == pytest.approx(value, rel=1e-15)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "tbd",
        "12L-768d",
        "7-8B",
        "B",
        "1.2.3",
        "0x10",
        "1,00",
        "nan",
        "inf",
        "1e999",
        "1e400B",
        "9" * 400,
        "7 apples",
    ],
)
def test_refuses(text):
    with pytest.raises(BadNumber):
        parse_number(text)


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_refuses_what_is_not_finite(value):
    with pytest.raises(BadNumber, match="finite"):
        parse_number(value)


@pytest.mark.parametrize("text", ["1e308", "-1e41", "1e-308", "-1e-41", "1e39T", 1e300, 10**45])
def test_refuses_what_overflows_in_a_power(text):
    with pytest.raises(BadNumber, match="is not between 1e-40 and 1e\\+40"):
        parse_number(text)


def test_refuses_the_unit_of_another_quantity():
    with pytest.raises(BadNumber, match="tokens"):
        parse_number("300B tokens", "params")
    assert parse_number("300B tokens", "unique_tokens") == 3e11
    assert parse_number("7B params", "params_active") == 7e9


def test_million_is_never_milli():
    assert parse_number("160m") == parse_number("160M")


@pytest.mark.parametrize(
    ("value", "text"), [(7.225e10, "72.25B"), (5.76e23, "5.76e+23"), (0.3478, "0.3478"), (0.0, "0")]
)
def test_writes(value, text):
    assert format_number(value) == text
