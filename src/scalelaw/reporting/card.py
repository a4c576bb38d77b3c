"""A card of the first screen: a question, a short answer and details."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Card:
    """One card of a first screen.

    Attributes:
        title: the question.
        lead: the short answer.
        lines: details, one sentence each.
        doubtful: whether the answer needs caution.
    """

    title: str
    lead: str
    lines: Sequence[str] = ()
    doubtful: bool = False
