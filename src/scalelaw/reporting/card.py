"""A card: one question of a first screen, its answer in a few words, and what stands below."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Card:
    """One card of a first screen.

    Attributes:
        title: what it answers.
        lead: the answer, in a few words.
        lines: what stands below, a sentence each.
        doubtful: whether the answer is one to be careful with.
    """

    title: str
    lead: str
    lines: Sequence[str] = ()
    doubtful: bool = False
