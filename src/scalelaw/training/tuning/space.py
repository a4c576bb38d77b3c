"""The search space of base rate and batch: one or two rungs of a ladder, with scaled recipes."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TypedDict, Unpack

from scalelaw.core.digest import digest
from scalelaw.core.errors import BadInput, UnknownName
from scalelaw.ladder import Grid, Ladder

BATCH_OCTAVES = 2
"""Batches range from a quarter to four times the recipe's, if trainable."""
LR_STEP = 0.05
"""Resolution of rates in octaves: 3.5 %."""


class Searched(TypedDict, total=False):
    """Options of the search space.

    Attributes:
        widths: one or two rungs to train; None for the cheapest fitted one.
        tokens: D of the trials; None for the longest horizon of those rungs.
        tunes_batch: whether to search the batch too; True by default.
        within: largest factor on the rate, down or up; 4 by default.
    """

    widths: Sequence[int] | None
    tokens: float | None
    tunes_batch: bool
    within: float


@dataclass(frozen=True, eq=False)
class Space:
    """The rungs of a search, and the ranges of rate and batch relative to the recipe.

    Attributes:
        ladder: the ladder to tune.
        widths: its rungs to train, narrowest first.
        tokens: D of all trials.
        lr_octaves: rates range from 2^-x to 2^x times the recipe's rates.
        tunes_batch: whether to search the batch too.
    """

    ladder: Ladder
    widths: tuple[int, ...]
    tokens: float
    lr_octaves: float
    tunes_batch: bool

    @classmethod
    def of(cls, ladder: Ladder, **searched: Unpack[Searched]) -> "Space":
        """Return the space of these options.

        Raises:
            UnknownName: a width that is not a fitted rung.
            BadInput: a factor that is not above one, or a horizon that cannot be trained.
        """
        widths, tokens, within = searched.get("widths"), searched.get("tokens"), searched.get("within", 4.0)
        fitted = {rung.shape.width: rung for rung in ladder.fitted}
        wanted = tuple(sorted(set(widths or (min(fitted, key=lambda width: fitted[width].flops(1)),))))
        for width in wanted:
            if width not in fitted:
                raise UnknownName.among("width among the fitted rungs", str(width), [str(each) for each in fitted])
        if not within > 1:
            raise BadInput(f"within = {within:g}: give a factor above 1")
        horizon = float(tokens or min(fitted[width].horizons[-1] for width in wanted))
        octaves = max(1, round(math.log2(within) / LR_STEP)) * LR_STEP
        space = cls(ladder, wanted, horizon, octaves, searched.get("tunes_batch", True))
        space.at(0.0, 0)  # raises if the horizon cannot be trained
        return space

    def at(self, lr_octaves: float, batch_octaves: int) -> Ladder:
        """Return the ladder of a trial; rate and batch are in octaves relative to the recipe.

        Raises:
            BadInput: the batch cannot be trained.
        """
        base = self.ladder.recipe
        rungs = [rung for rung in self.ladder.fitted if rung.shape.width in self.widths]
        # The warmup stays that of the whole ladder, bounded by its shortest horizon.
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
        """Trainable octaves of the batch, contiguous about 0."""
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
        """The first trials: the given recipe, half and twice its rate, half and twice its batch."""
        octave = min(1.0, self.lr_octaves)
        near = tuple((0.0, each) for each in (-1, 1) if each in self.batches)
        return ((0.0, 0), (-octave, 0), (octave, 0), *near)

    @property
    def digest(self) -> str:
        """Digest of everything that affects trials and losses."""
        parts = {
            "ladder": self.at(0.0, 0).digest,
            "lr_octaves": self.lr_octaves,
            "batches": list(self.batches),
        }
        return digest(parts)

    @property
    def _given(self) -> int:
        return self.ladder.recipe.batch_at(self.tokens, self.ladder.data.seq_len)
