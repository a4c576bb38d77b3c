"""A synthetic language with a known entropy rate: an order-2 Markov chain over 64 signs.

Each of the 64^2 contexts has 4 likely successors with Zipf weights, mixed with 3 % of a Zipf law over all signs. The
entropy rate is the entropy of a successor, averaged over the stationary distribution of contexts. It bounds the loss of
every model, so a fitted irreducible loss can be compared with the truth.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from scalelaw.core.types import AnyArray, Array

SIGNS = 64
SUCCESSORS = 4
SMOOTHING = 0.03
_LANE = 16384
"""Tokens per text; texts are sampled in parallel and concatenated, so few tokens follow a boundary."""


@dataclass(frozen=True)
class MarkovLanguage:
    """The language of a seed.

    Attributes:
        seed: seed of the likely successors.

    Example:
        >>> language = MarkovLanguage(0)
        >>> 1.0 < language.entropy_rate < 1.5
        True
    """

    seed: int = 0

    @cached_property
    def table(self) -> Array:
        """Probability of each successor after each context (two signs, oldest first), (64, 64, 64)."""
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
        """Stationary probability of each context, (64, 64), by iteration to convergence."""
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
        """Return the least mean loss over sequences, nats per token; the first prediction has only one token."""
        pairs = np.einsum("ab,abc->bc", self.stationary, self.table)
        after_one = pairs / pairs.sum(1, keepdims=True)
        first = -(pairs * np.log(after_one)).sum()
        return float((first + (seq_len - 1) * self.entropy_rate) / seq_len)

    def sample(self, tokens: int, seed: int) -> AnyArray:
        """Return tokens of concatenated texts, (n,), uint8; each text starts from the stationary distribution."""
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
