"""The order of training sequences, which depends only on seed and step."""

from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np

from scalelaw.core.types import AnyArray
from scalelaw.training.text.corpus import Stream


@dataclass(frozen=True, eq=False)
class Batches:
    """Batches of sequences; each pass over the corpus has its own order.

    Attributes:
        stream: the training tokens.
        seq_len: T, tokens per sequence; a window has one more token, which is only predicted.
        sequences: B, sequences per batch.
        seed: seed of the order.
    """

    stream: Stream
    seq_len: int
    sequences: int
    seed: int

    @cached_property
    def available(self) -> int:
        """Sequences of one pass."""
        return (len(self.stream) - 1) // self.seq_len

    def at(self, step: int) -> AnyArray:
        """Return the batch of a step, (B, T + 1)."""
        number = np.arange(step * self.sequences, (step + 1) * self.sequences)
        passes, places = np.divmod(number, self.available)
        chosen = np.array([_order(self.seed, int(p), self.available)[at] for p, at in zip(passes, places, strict=True)])
        return self.stream.windows(chosen * self.seq_len, self.seq_len + 1)


@lru_cache(maxsize=4)
def _order(seed: int, turn: int, n: int) -> AnyArray:
    return np.random.default_rng([seed, turn, n]).permutation(n)
