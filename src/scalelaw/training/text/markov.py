"""A synthetic language whose entropy rate is exactly known: an order-2 Markov chain over 64 signs.

Each of the 64^2 contexts has 4 likely successors with Zipf weights, mixed with 3 % of one Zipf law over all signs. The
entropy rate is the entropy of a successor, averaged over the stationary law of the contexts. No model can beat it, so a
fitted irreducible loss can be compared with the truth.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from scalelaw.core.types import AnyArray, Array

SIGNS = 64
SUCCESSORS = 4
SMOOTHING = 0.03
_LANE = 16384
"""Tokens of a text; texts are sampled side by side and laid end to end, so few tokens follow the end of another."""


@dataclass(frozen=True)
class MarkovLanguage:
    """The language of a seed.

    Attributes:
        seed: decides which successors are likely.

    Example:
        >>> language = MarkovLanguage(0)
        >>> 1.0 < language.entropy_rate < 1.5
        True
    """

    seed: int = 0

    @cached_property
    def table(self) -> Array:
        """Probability of each successor after each context, (64, 64, 64): the two signs before, oldest first."""
        draw = np.random.default_rng([20240601, self.seed])
        zipf = 1 / np.arange(1, SIGNS + 1)
        everywhere = zipf / zipf.sum()
        likely = (1 / np.arange(1, SUCCESSORS + 1)) / (1 / np.arange(1, SUCCESSORS + 1)).sum()
        table = np.tile(SMOOTHING * everywhere, (SIGNS * SIGNS, 1))
        for row in table:
            row[draw.choice(SIGNS, SUCCESSORS, replace=False, p=everywhere)] += (1 - SMOOTHING) * likely
        return table.reshape(SIGNS, SIGNS, SIGNS)

    @cached_property
    def stationary(self) -> Array:
        """Probability of each context in the long run, (64, 64), by iteration until nothing moves."""
        law = np.full((SIGNS, SIGNS), 1 / SIGNS**2)
        while True:
            after = np.einsum("ab,abc->bc", law, self.table)
            if np.abs(after - law).sum() < 1e-13:
                return np.asarray(after / after.sum())
            law = after

    @cached_property
    def entropy_rate(self) -> float:
        """E in nats per token, exact."""
        surprise = -(self.table * np.log(self.table)).sum(-1)
        return float((self.stationary * surprise).sum())

    def floor(self, seq_len: int) -> float:
        """Return the least mean loss over sequences in nats per token: the first prediction sees one token, not two."""
        pairs = np.einsum("ab,abc->bc", self.stationary, self.table)
        after_one = pairs / pairs.sum(1, keepdims=True)
        first = -(pairs * np.log(after_one)).sum()
        return float((first + (seq_len - 1) * self.entropy_rate) / seq_len)

    def sample(self, tokens: int, seed: int) -> AnyArray:
        """Return tokens of long texts laid end to end, (n,), bytes; each text starts in the stationary law."""
        draw = np.random.default_rng([20240602, self.seed, seed])
        length = min(_LANE, tokens)
        lanes = -(-tokens // length)
        cumulative = np.cumsum(self.table, -1).reshape(-1, SIGNS)
        cumulative[:, -1] = 1.0
        context = np.searchsorted(np.cumsum(self.stationary), draw.random(lanes) * (1 - 1e-12))
        text = np.empty((lanes, length), np.uint8)
        for at in range(length):
            u = draw.random((lanes, 1))
            sign = (cumulative[context] <= u).sum(1)
            text[:, at] = sign
            context = context % SIGNS * SIGNS + sign
        return text.reshape(-1)[:tokens]
