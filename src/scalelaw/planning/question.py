"""The question of a plan: one of compute, parameters, tokens or loss, with limits."""

from dataclasses import dataclass
from typing import Literal, TypedDict, Unpack

from scalelaw.core.errors import BadInput, UnknownName
from scalelaw.core.forecaster import check_level
from scalelaw.core.nouns.brief import Brief
from scalelaw.core.numbers import format_number, parse_number
from scalelaw.planning.surfaces.path import Caps

Given = Literal["flops", "params", "tokens", "loss"]
_GIVEN: tuple[Given, ...] = ("flops", "params", "tokens", "loss")

Prior = Literal["literature", "none"]
"""Whether published studies share in an ensemble's decision; ``none`` uses the runs alone."""
PRIORS: tuple[Prior, ...] = ("literature", "none")

Number = float | str
"""A number or its text, such as ``70B``, ``1.5T tokens`` or ``1e22``."""


class QuestionOptions(TypedDict, total=False):
    """Keywords of a question; see ``ask``."""

    flops: Number | None
    params: Number | None
    tokens: Number | None
    loss: Number | None
    level: float
    max_params: Number | None
    max_tokens: Number | None
    prior: Prior


@dataclass(frozen=True)
class Question(Brief):
    """One question to the planner; ``ask`` makes it from keywords.

    Attributes:
        given: the fixed quantity.
        value: its value: FLOP, parameters, tokens or nats/token.
        level: probability of the intervals, in (0, 1).
        max_params: largest N, or None.
        max_tokens: largest D, or None.
        prior: whether published studies contribute to the decision.
    """

    given: Given
    value: float
    level: float = 0.9
    max_params: float | None = None
    max_tokens: float | None = None
    prior: Prior = "literature"

    def __post_init__(self) -> None:
        check_level(self.level)
        if self.prior not in PRIORS:
            raise UnknownName.among("prior of a decision", self.prior, PRIORS)
        for name, value in {self.given: self.value, **self.limits}.items():
            if not value > 0:
                raise BadInput(f"{name} must be positive, got {value:g}")
        if self.limits and self.given in ("params", "tokens"):
            raise BadInput(
                f"{' and '.join(self.limits)} cannot limit a plan for {self.given}=, which already fixes it; "
                "give flops= or loss= instead"
            )

    @property
    def limits(self) -> dict[str, float]:
        """The given limits, by name."""
        both = {"max_params": self.max_params, "max_tokens": self.max_tokens}
        return {name: value for name, value in both.items() if value is not None}

    @property
    def caps(self) -> Caps:
        """The limits; infinite if not given."""
        return Caps(self.limits.get("max_params", float("inf")), self.limits.get("max_tokens", float("inf")))

    def to_dict(self) -> dict[str, float | str]:
        """Return plain values."""
        return {self.given: self.value, "level": self.level, **self.limits, "prior": self.prior}

    def __str__(self) -> str:
        unit = {"flops": "FLOP", "params": "params", "tokens": "tokens"}
        limits = "".join(f", {name} {format_number(value)}" for name, value in self.limits.items())
        value = format_number(self.value)
        return f"{f'{value} {unit[self.given]}' if self.given in unit else f'a loss of {value}'}{limits}"


def ask(**options: Unpack[QuestionOptions]) -> Question:
    """Make a question from keywords, each a number or text such as ``70B`` or ``1.5T tokens``.

    Args:
        **options: exactly one of ``flops``, ``params``, ``tokens`` and ``loss``; ``level`` of the intervals (0.9);
            ``max_params`` and ``max_tokens``, which limit a plan for ``flops`` or ``loss``; ``prior``, ``none`` to
            exclude published studies from the decision.

    Raises:
        BadNumber: a value that is not a number, or has the unit of another quantity.
        BadInput: not exactly one quantity, a value that is not positive, or a limit that does not apply.

    Example:
        >>> print(ask(flops="5.76e23", max_tokens="1T tokens"))
        5.76e+23 FLOP, max_tokens 1T
    """
    chosen = [name for name in _GIVEN if options.get(name) is not None]
    if len(chosen) != 1:
        raise BadInput(f"give exactly one of flops, params, tokens, loss; got {' and '.join(chosen) or 'none'}")
    name = chosen[0]
    return Question(
        name,
        _number(options.get(name), name),
        options.get("level", 0.9),
        _optional(options.get("max_params"), "params"),
        _optional(options.get("max_tokens"), "tokens"),
        options.get("prior", "literature"),
    )


def _number(value: Number | None, quantity: str) -> float:
    return parse_number(value if value is not None else "", quantity)


def _optional(value: Number | None, quantity: str) -> float | None:
    return None if value is None else parse_number(value, quantity)
