"""One constant-rate trunk with a cooldown branch for each horizon: m horizons for far less than m runs.

    steps of separate runs   sum of S_i
    steps of a trunk         (1 - f) S_max + f sum of S_i        f: share of a run that is cooldown

A branch is exactly the run it stands for: up to its cooldown both take the same steps (Hägele et al. 2024, arXiv
2405.18392; measured here bit for bit, our prototype).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from scalelaw.core.errors import BadInput


@dataclass(frozen=True)
class Branch:
    """One horizon: the trunk up to ``start``, then a cooldown of its own to the end.

    Attributes:
        steps: S, optimizer steps of the whole run.
        start: steps of the trunk it shares; the first step of the cooldown has this number, counted from 0.
        tokens: D, tokens the run sees.
    """

    steps: int
    start: int
    tokens: int

    @property
    def cooldown(self) -> int:
        """Steps of the cooldown: what the branch costs beside the trunk."""
        return self.steps - self.start


@dataclass(frozen=True)
class Trunk:
    """The steps of all horizons of one seed of one rung.

    Attributes:
        batch_tokens: B, tokens of a step.
        warmup: steps over which the rate rises.
        branches: the horizons, shortest first.
    """

    batch_tokens: int
    warmup: int
    branches: tuple[Branch, ...]

    @property
    def length(self) -> int:
        """Steps of the trunk itself: where the longest horizon leaves it."""
        return self.branches[-1].start

    @property
    def steps(self) -> int:
        """Steps that are taken in all."""
        return self.length + sum(branch.cooldown for branch in self.branches)

    @property
    def separate_tokens(self) -> int:
        """Tokens that would be trained on if every horizon were a run of its own."""
        return sum(branch.tokens for branch in self.branches)

    @property
    def tokens(self) -> int:
        """Tokens that are trained on in all, each pass over a token counted."""
        return self.steps * self.batch_tokens

    @property
    def unique_tokens(self) -> int:
        """Distinct tokens that a single epoch needs: branches read on where they leave the trunk."""
        return self.branches[-1].tokens

    def factor(self, step: int, branch: Branch | None = None) -> float:
        """Return the rate of a step over its peak: risen, held, and on a branch fallen linearly towards zero.

        Args:
            step: number of the step, from 0.
            branch: the horizon; None for the trunk.
        """
        rise = min(1.0, (step + 1) / self.warmup) if self.warmup else 1.0
        if branch is None or step < branch.start:
            return rise
        return min(rise, (branch.steps - step) / branch.cooldown)


def trunk(horizons: Sequence[float], batch_tokens: int, *, warmup: int = 0, cooldown: float = 0.2) -> Trunk:
    """Return the trunk of these horizons.

    Args:
        horizons: D of each, in tokens; rounded to whole steps.
        batch_tokens: B, tokens of a step.
        warmup: steps over which the rate rises.
        cooldown: f, share of each run that is cooldown.

    Raises:
        BadInput: a horizon of less than two steps, two that are the same number of steps, or one that is not longer
            than the warmup.

    Example:
        >>> ten_twenty_thirty = trunk([10e6, 20e6, 30e6], 1000)
        >>> ten_twenty_thirty.tokens / ten_twenty_thirty.separate_tokens
        0.6
    """
    if not horizons:
        raise BadInput("a rung needs a horizon: give tokens, tokens_per_param or flops")
    branches: list[Branch] = []
    for tokens in sorted(horizons):
        steps = round(tokens / batch_tokens)
        if steps < 2:
            raise BadInput(f"a horizon of {tokens:g} tokens is {steps} steps of {batch_tokens}: too few; at least 2")
        if branches and branches[-1].steps == steps:
            raise BadInput(f"two horizons of {steps} steps of {batch_tokens} tokens; leave one out")
        start = steps - max(1, math.floor(cooldown * steps + 0.5))
        branches.append(Branch(steps, start, steps * batch_tokens))
    if branches[0].start < warmup:
        raise BadInput(
            f"the warmup of {warmup} steps is not over when the shortest horizon ({branches[0].tokens} tokens, "
            f"{branches[0].steps} steps) cools down; lengthen the horizon or shorten the warmup"
        )
    return Trunk(batch_tokens, warmup, tuple(branches))
