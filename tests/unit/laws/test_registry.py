"""Laws by name: the nearest one for a slip, shapes, spellings that read back, plug-ins and laws of a session."""

from dataclasses import dataclass
from importlib.metadata import EntryPoint
from typing import Any

import pytest

from scalelaw.core.errors import BadFormula, BadInput, UnknownName
from scalelaw.laws import Law, _registry, describe, gallery, get, names, parse, register
from scalelaw.laws.language.chinchilla import Chinchilla
from scalelaw.testing.law_checks import instances


@dataclass(frozen=True)
class Mine(Chinchilla):
    """A law of this session."""

    @property
    def name(self) -> str:
        return "mine"


def test_the_built_in_laws_are_found_by_their_files() -> None:
    assert {"chinchilla", "kaplan_joint", "power"} <= set(names()) and list(names()) == sorted(names())
    for name in names():
        assert get(name).name == name


@pytest.mark.parametrize("law", instances(), ids=lambda law: law.spelling)
def test_a_spelling_reads_back_as_the_law(law: Law) -> None:
    assert parse(law.spelling) == (law, None)
    for source in law.published:
        assert parse(f"{law.spelling}@{source}") == (law, source)


def test_shapes_are_spelled_only_where_they_differ() -> None:
    assert get("power").spelling == "power"
    assert get("power", input="tokens", floor=False).spelling == "power[input=tokens,floor=no]"
    assert get("chinchilla", n="params_active").spelling == "chinchilla[n=params_active]"
    assert parse(" power[ input = tokens , floor = No ] ")[0] == get("power", input="tokens", floor=False)
    assert get("power", input="tokens") != get("power")


def test_a_shape_changes_what_a_law_takes() -> None:
    assert get("chinchilla", n="params_non_embedding").inputs == ("params_non_embedding", "tokens")
    assert get("power", input="tokens").inputs == ("tokens",)
    assert [c.name for c in get("power", floor=False).coefs] == ["A", "alpha"]


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        ("chinchila", UnknownName, "unknown law 'chinchila'. Did you mean 'chinchilla'"),
        ("power[inptu=tokens]", UnknownName, "shape of power 'inptu'. Did you mean 'input'"),
        ("power[tokens]", BadInput, "write the shape as name=value"),
        ("power[input=banana]", UnknownName, "banana"),
        ("", BadFormula, "not a formula"),
    ],
)
def test_slips_are_refused_with_advice(text: str, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message.replace("[", r"\[")):
        parse(text)


@pytest.mark.parametrize("name", ["power", "bnsl", "m3", "m4", "rectified", "saturating_power"])
def test_a_law_of_one_number_takes_no_mixture(name: str) -> None:
    with pytest.raises(BadInput, match=f"{name} needs a numeric input, but mixture is not numeric"):
        get(name, input="mixture")


def test_a_law_of_this_session_is_known_by_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_registry, "_registered", {})
    with pytest.raises(UnknownName):
        get("mine")
    register(Mine())
    assert parse("mine[n=params_active]") == (Mine("params_active"), None) and "mine" in names()


def test_a_plug_in_is_found_by_its_entry_point(monkeypatch: pytest.MonkeyPatch) -> None:
    point = EntryPoint("theirs", "scalelaw.laws.language.kaplan_joint:LAW", "scalelaw.laws")

    def points(group: str) -> list[Any]:
        return [point] if group == "scalelaw.laws" else []

    monkeypatch.setattr(_registry, "entry_points", points)
    assert get("theirs") == get("kaplan_joint")
    with pytest.raises(UnknownName, match="Did you mean 'theirs'"):
        get("theirss")


def test_the_gallery_lists_all_and_describes_one() -> None:
    text = str(gallery())
    for name in names():
        assert name in text
    assert [each["law"] for each in gallery().to_dict()["laws"]] == [get(name).spelling for name in names()]
    described = describe("power").to_dict()
    assert described["schema"] == "scalelaw.law/1" and described["shape"] == {"input": "flops", "floor": True}
    assert "power[input=tokens,floor=no]@kaplan2020" in described["published"]
    assert "chinchilla@besiroglu2024" in str(describe("chinchilla"))
