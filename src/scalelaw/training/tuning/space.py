"""What a search over base rate and batch tries: a ladder cut down to a rung or two, its recipe times factors."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TypedDict, Unpack

from scalelaw.core.digest import digest
from scalelaw.core.errors import BadInput, UnknownName
from scalelaw.ladder import Grid, Ladder

BATCH_OCTAVES = 2
"""Batches are tried down to a quarter of the recipe's and up to four times it, where they can be trained."""
LR_STEP = 0.05
"""Octaves between rates that are told apart: 3.5 %."""


class Searched(TypedDict, total=False):
    """Options that say what is searched, and on what.

    Attributes:
        widths: rungs that are trained, one or two; None for the cheapest fitted one.
        tokens: D of the trials; None for the longest horizon of those rungs.
        tunes_batch: whether the batch is searched as well; it is unless said.
        within: how many times lower, and higher, the rate may be; 4 unless said.
    """

    widths: Sequence[int] | None
    tokens: float | None
    tunes_batch: bool
    within: float


@dataclass(frozen=True, eq=False)
class Space:
    """The rungs that are trained in a search, and how far rate and batch may go from the recipe's.

    Attributes:
        ladder: that is tuned.
        widths: rungs of it that are trained, narrowest first.
        tokens: D, the one horizon they are trained to.
        lr_octaves: the rates tried are the recipe's times 2^-x to 2^x.
        tunes_batch: whether batches are tried as well.
    """

    ladder: Ladder
    widths: tuple[int, ...]
    tokens: float
    lr_octaves: float
    tunes_batch: bool

    @classmethod
    def of(cls, ladder: Ladder, **searched: Unpack[Searched]) -> "Space":
        """Return the space that the options say.

        Raises:
            UnknownName: a width that is no fitted rung.
            BadInput: a factor that is not above one, or a horizon that cannot be trained.
        """
        widths, tokens, within = searched.get("widths"), searched.get("tokens"), searched.get("within", 4.0)
        fitted = {rung.shape.width: rung for rung in ladder.fitted}
        wanted = tuple(sorted(set(widths or (min(fitted, key=lambda width: fitted[width].flops(1)),))))
        for width in wanted:
            if width not in fitted:
                raise UnknownName.among("width among the fitted rungs", str(width), [str(each) for each in fitted])
        if not within > 1:
            raise BadInput(f"within = {within:g}: give how many times lower or higher the rate may be, above 1")
        horizon = float(tokens or min(fitted[width].horizons[-1] for width in wanted))
        octaves = max(1, round(math.log2(within) / LR_STEP)) * LR_STEP
        space = cls(ladder, wanted, horizon, octaves, searched.get("tunes_batch", True))
        space.at(0.0, 0)  # a horizon that cannot be trained is refused at once
        return space

    def at(self, lr_octaves: float, batch_octaves: int) -> Ladder:
        """Return what is trained at a rate and a batch, each in octaves from the recipe's.

        Raises:
            BadInput: it cannot be trained.
        """
        base = self.ladder.recipe
        rungs = [rung for rung in self.ladder.fitted if rung.shape.width in self.widths]
        # The warmup is that of the whole ladder, which its shortest horizon bounds.
        shortest = min(1.0, min(rung.horizons[0] for rung in rungs) / self.tokens)
        recipe = base.with_lr(2.0**lr_octaves).replaced(
            batch_tokens=round(base.batch_tokens * 2.0**batch_octaves), warmup_share=base.warmup_share * shortest
        )
        if recipe.batch_at(self.tokens, self.ladder.data.seq_len) != self._given * 2.0**batch_octaves:
            raise BadInput(f"a batch of 2^{batch_octaves} times {self._given} tokens is less than one sequence")
        return replace(
            self.ladder,
            name=f"{self.ladder.name}-tune",
            grids=(Grid(widths=self.widths, tokens=(self.tokens,)),),
            recipe=recipe,
            target=None,
        )

    @cached_property
    def batches(self) -> tuple[int, ...]:
        """Octaves of the batch that can be trained, without gaps around 0."""
        found = [0]
        for way in (-1, 1) if self.tunes_batch else ():
            for octave in range(way, way * (BATCH_OCTAVES + 1), way):
                try:
                    self.at(0.0, octave)
                except BadInput:
                    break
                found.append(octave)
        return tuple(sorted(found))

    @cached_property
    def first(self) -> tuple[tuple[float, int], ...]:
        """What is tried first: the recipe as given, half and twice its rate, half and twice its batch."""
        octave = min(1.0, self.lr_octaves)
        near = tuple((0.0, each) for each in (-1, 1) if each in self.batches)
        return ((0.0, 0), (-octave, 0), (octave, 0), *near)

    @property
    def digest(self) -> str:
        """Digest of all that decides what is tried and what comes out."""
        said = {
            "ladder": self.at(0.0, 0).digest,
            "lr_octaves": self.lr_octaves,
            "batches": list(self.batches),
        }
        return digest(said)

    @property
    def _given(self) -> int:
        return self.ladder.recipe.batch_at(self.tokens, self.ladder.data.seq_len)
