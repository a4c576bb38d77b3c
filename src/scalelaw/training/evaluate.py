"""Held-out loss on the evaluation set of a ladder, with its standard error."""

from dataclasses import dataclass

import numpy as np
import torch

from scalelaw.training.model import Model
from scalelaw.training.text.corpus import Stream

_TOKENS = 16384
"""Tokens per batch of evaluation."""


@dataclass(frozen=True)
class Measured:
    """A measured loss.

    Attributes:
        loss: mean loss, nats per token.
        se: its standard error over sequences, since tokens of one text are correlated.
        tokens: number of predicted tokens.
    """

    loss: float
    se: float
    tokens: int


def evaluate(model: Model, stream: Stream, *, seq_len: int, tokens: float) -> Measured:
    """Return the mean loss on the first tokens of a stream, in consecutive sequences.

    Args:
        model: the model.
        stream: held-out tokens.
        seq_len: T, tokens per sequence.
        tokens: largest number of predicted tokens, rounded down to whole sequences.
    """
    n = int(min(tokens, len(stream) - 1)) // seq_len
    device = model.weights.embedding.device
    means = []
    with torch.no_grad():
        for starts in np.array_split(np.arange(n) * seq_len, max(1, n * seq_len // _TOKENS)):
            batch = torch.from_numpy(stream.windows(starts, seq_len + 1).astype(np.int64)).to(device)
            means.append(model.losses(batch).double().mean(1).cpu().numpy())
    each = np.concatenate(means)
    return Measured(float(each.mean()), float(each.std(ddof=1) / np.sqrt(n)) if n > 1 else float("nan"), n * seq_len)
