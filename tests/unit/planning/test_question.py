"""Questions to a planner: what is read, and what is refused with which words."""

import pytest

from scalelaw.core.errors import BadInput, BadNumber
from scalelaw.planning.question import Question, ask


def test_numbers_are_read_as_people_write_them() -> None:
    assert ask(flops="5.76e23 FLOP").value == 5.76e23
    assert ask(params="70B") == Question("params", 70e9)
    assert ask(tokens="1.5T tokens", level=0.5) == Question("tokens", 1.5e12, 0.5)
    asked = ask(loss=1.95, max_params="40B", max_tokens="2T tokens")
    assert asked.limits == {"max_params": 4e10, "max_tokens": 2e12}
    assert (asked.caps.params, asked.caps.tokens) == (4e10, 2e12)


def test_none_means_not_asked() -> None:
    assert ask(flops=1e21, params=None, tokens=None, loss=None, max_params=None).caps.free


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({}, "exactly one of flops, params, tokens, loss; got none"),
        ({"flops": 1e21, "loss": 2.0}, "got flops and loss"),
        ({"flops": 0}, "flops must be positive, got 0"),
        ({"loss": -1.0}, "loss must be positive"),
        ({"flops": 1e21, "max_tokens": -1}, "max_tokens must be positive"),
        ({"flops": 1e21, "level": 1.0}, "level must lie strictly between 0 and 1"),
        ({"flops": 1e21, "level": 90}, "level must lie strictly between 0 and 1"),
        ({"params": "70B", "max_params": "10B"}, "max_params cannot limit a plan for params="),
        ({"tokens": "1T", "max_params": "10B", "max_tokens": "1T"}, "max_params and max_tokens cannot limit"),
    ],
)
def test_bad_questions_are_refused(asked: dict[str, float], words: str) -> None:
    with pytest.raises(BadInput, match=words):
        ask(**asked)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "asked", [{"flops": "much"}, {"flops": "inf"}, {"params": "70B tokens"}, {"tokens": float("nan")}]
)
def test_bad_numbers_are_refused(asked: dict[str, float | str]) -> None:
    with pytest.raises(BadNumber):
        ask(**asked)  # type: ignore[arg-type]


def test_a_question_says_itself() -> None:
    assert str(ask(flops="5.76e23", max_tokens="1T")) == "5.76e+23 FLOP, max_tokens 1T"
    assert ask(loss=2, level=0.8).to_dict() == {"loss": 2.0, "level": 0.8, "prior": "literature"}
