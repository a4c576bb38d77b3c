"""One constant-rate trunk with a cooldown branch per horizon: m horizons for much less than m runs.

    steps of separate runs   sum of S_i
    steps of a trunk         (1 - f) S_max + f sum of S_i        f: share of a run that is cooldown

A branch equals a separate run: up to the cooldown both take the same steps (Hägele et al. 2024, arXiv 2405.18392;
bit-identical in our prototype).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from scalelaw.core.errors import BadInput


@dataclass(frozen=True)
class Branch:
    """One horizon: the trunk up to ``start``, then its own cooldown.

    Attributes:
        steps: S, optimizer steps of the whole run.
        start: number of trunk steps; also the index of the first cooldown step.
        tokens: D, training tokens of the run.
    """

    steps: int
    start: int
    tokens: int

    @property
    def cooldown(self) -> int:
        """Steps of the cooldown, the cost of the branch on top of the trunk."""
        return self.steps - self.start


@dataclass(frozen=True)
class Trunk:
    """The steps of all horizons of one seed of one rung.

    Attributes:
        batch_tokens: B, tokens per step.
        warmup: warmup steps.
        branches: the horizons, shortest first.
    """

    batch_tokens: int
    warmup: int
    branches: tuple[Branch, ...]

    @property
    def length(self) -> int:
        """Steps of the trunk, up to the cooldown of the longest horizon."""
        return self.branches[-1].start

    @property
    def steps(self) -> int:
        """Total number of steps."""
        return self.length + sum(branch.cooldown for branch in self.branches)

    @property
    def separate_tokens(self) -> int:
        """Training tokens if every horizon were a separate run."""
        return sum(branch.tokens for branch in self.branches)

    @property
    def tokens(self) -> int:
        """Total training tokens, with repeats."""
        return self.steps * self.batch_tokens

    @property
    def unique_tokens(self) -> int:
        """Distinct tokens of a single epoch; branches continue with the data of the trunk."""
        return self.branches[-1].tokens

    def factor(self, step: int, branch: Branch | None = None) -> float:
        """Return the learning rate of a step over its peak: warmup, constant, and on a branch linear decay to zero.

        Args:
            step: index of the step, from 0.
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
        batch_tokens: B, tokens per step.
        warmup: warmup steps.
        cooldown: f, share of each run that is cooldown.

    Raises:
        BadInput: a horizon with fewer than two steps, two with equal steps, or one with a cooldown inside the warmup.

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
            raise BadInput(f"a horizon of {tokens:g} tokens is {steps} steps of {batch_tokens}; give at least 2 steps")
        if branches and branches[-1].steps == steps:
            raise BadInput(f"two horizons have the same length, {steps} steps of {batch_tokens} tokens; omit one")
        start = steps - max(1, math.floor(cooldown * steps + 0.5))
        branches.append(Branch(steps, start, steps * batch_tokens))
    if branches[0].start < warmup:
        raise BadInput(
            f"the warmup of {warmup} steps overlaps the cooldown of the shortest horizon ({branches[0].tokens} tokens, "
            f"{branches[0].steps} steps); lengthen the horizon or shorten the warmup"
        )
    return Trunk(batch_tokens, warmup, tuple(branches))
