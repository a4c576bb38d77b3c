"""A sealed document tells which of its sections was changed, and that it was spelt otherwise."""

import json

import pytest

from scalelaw.registry.seal import faults, seal, sealed_text

DOCUMENT = seal({"schema": "example/1", "point": {"params": 7e9, "note": "größer"}, "value": 2.125, "list": [1, 2.0]})
TEXT = sealed_text(DOCUMENT)


def changed(text: str) -> list[str]:
    return list(faults(text.encode()))


def test_what_was_not_touched_has_no_fault() -> None:
    assert changed(TEXT) == []
    assert changed(sealed_text(json.loads(TEXT))) == []


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("2.125", "2.126", "value was edited"),
        ("7000000000.0", "8000000000.0", "point was edited"),
        ("example/1", "example/2", "schema or seal was edited"),
        ('"value": 2.125,\n', "", "value was removed"),
        ('"value": 2.125', '"value": 2.125,\n "more": 1', "more was added"),
        ("2.125", "2.1250", "line 7 was edited"),
        ("2.125", "NaN", "a number was edited"),
        ("2.125", "1e999", "a number was edited"),
        ('"value"', '"value" ', "line 7 was edited"),
        (' "value": 2.125,\n', ' "value": 2.125,\n "value": 2.125,\n', "line 8 was edited"),
        ("{", "[", "it is not valid JSON"),
        ('"seal"', '"heal"', "it has no seal"),
    ],
)
def test_every_change_is_named(old: str, new: str, said: str) -> None:
    assert TEXT.count(old) >= 1
    found = changed(TEXT.replace(old, new, 1))
    assert any(said in fault for fault in found), found


@pytest.mark.parametrize("text", [TEXT + "\n", TEXT[:-1], TEXT.replace("\n", "\r\n"), "\ufeff" + TEXT, "", "[]", "3"])
def test_the_bytes_count_and_not_only_what_they_say(text: str) -> None:
    assert changed(text)


def test_a_seal_made_again_for_one_section_does_not_hide_the_edit() -> None:
    forged = json.loads(TEXT)
    forged["value"] = 2.0
    forged["seal"]["value"] = seal({"schema": "example/1", "value": 2.0})["seal"]["value"]
    assert changed(sealed_text(forged))[0].startswith("schema or seal was edited")
