"""Estimate training memory from the shape: weights, gradients, optimizer state, activations and logits.

    states       4 bytes per parameter for weights, 4 for gradients, 8 for Adam's moments, 4 for Muon's
    activations  L (5 d + 6 d_a + 2 d_ff) values per token for the backward pass; fused attention keeps no scores
    logits       3 V numbers of 4 bytes per token: logits, their softmax, their gradient

After Korthikanti et al. 2022 (arXiv 2205.05198, section 4.1) for a block with rotary positions and QK-norm.
"""

from dataclasses import dataclass

from scalelaw.accounting.architecture import Architecture
from scalelaw.accounting.params import count_params
from scalelaw.core.nouns.brief import Brief

_STATE_BYTES = {"muon": 12, "adamw": 16}
"""Optimizer of the matrices -> bytes per parameter for weight, gradient and moments."""


@dataclass(frozen=True)
class Memory(Brief):
    """Estimated bytes of training memory.

    Attributes:
        states: weights, gradients and optimizer state.
        activations: activations of a batch for the backward pass.
        logits: logits of a batch.
    """

    states: float
    activations: float
    logits: float

    @property
    def total(self) -> float:
        """Total bytes."""
        return self.states + self.activations + self.logits


def training_memory(
    shape: Architecture, batch_tokens: float, *, optimizer: str = "adamw", bytes_per_value: int = 2
) -> Memory:
    """Estimate the memory of a training step.

    Args:
        shape: the model.
        batch_tokens: tokens per forward and backward pass.
        optimizer: optimizer of the matrices, ``muon`` or ``adamw``; other parameters use AdamW.
        bytes_per_value: bytes per activation value; below 4, a second copy of the weights is kept in this precision.

    Example:
        >>> round(training_memory(Architecture(layers=16, width=2048, vocab_size=32768), 32768).states / 1e9, 1)
        16.9
    """
    counts = count_params(shape)
    matrices = counts.matrices + counts.idle_experts
    copy = bytes_per_value if bytes_per_value < 4 else 0
    states = _STATE_BYTES[optimizer] * matrices + _STATE_BYTES["adamw"] * (counts.total - matrices)
    values = shape.layers * (5 * shape.width + 6 * shape.attention_width + 2 * shape.feed_forward_width)
    return Memory(
        states=states + copy * counts.total,
        activations=float(batch_tokens) * values * bytes_per_value,
        logits=float(batch_tokens) * 3 * 4 * shape.vocab_size,
    )
