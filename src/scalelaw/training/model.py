"""The model: one decoder-only transformer, small enough to read in one sitting.

RMSNorm before each block, rotary positions, normed queries and keys with one learned scale a layer, squared ReLU, no
biases, an untied head. Positions come first, (T, B, d). Six tensors hold all layers, so that an optimizer sees matrices
of one shape as one batch. Two programs compute the same blocks: plain torch, which a compiler or a GPU takes, and
``fused``, with gradients by hand, which is faster on a CPU.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from scalelaw.accounting.architecture import Architecture
from scalelaw.core.errors import BadInput
from scalelaw.ladder import Hyperparameters
from scalelaw.training import fused

ROTARY_BASE = 1e4
"""The slowest pair turns once in about this many positions, times 2 pi (Su et al. 2021, arXiv 2104.09864)."""


@dataclass(frozen=True, eq=False)
class Weights:
    """The parameters of a model; L layers of width d, V tokens.

    Attributes:
        embedding: (V, d).
        attention: queries, keys, values and output of each layer, (L, 4, d, d).
        feed_forward: into and out of the hidden elements, (L, 2, d_ff, d).
        head: (V, d).
        gains: of the norms before attention, before feed-forward, and before the head, (2 L + 1, d).
        scales: of the scores of attention, (L,).
    """

    embedding: Tensor
    attention: Tensor
    feed_forward: Tensor
    head: Tensor
    gains: Tensor
    scales: Tensor

    def named(self) -> Iterator[tuple[str, Tensor]]:
        """Yield name and tensor of each."""
        yield from vars(self).items()

    @property
    def params(self) -> int:
        """N, embeddings included."""
        return sum(each.numel() for _, each in self.named())


def init(shape: Architecture, hyper: Hyperparameters, seed: int, device: str = "cpu") -> Weights:
    """Return the weights a run starts from; drawn on the CPU, so that every device starts from the same.

    Raises:
        BadInput: a shape that is not of this family.
    """
    _check(shape)
    draw = torch.Generator().manual_seed(seed)
    layers, d, d_ff = shape.layers, shape.width, shape.feed_forward_width

    def normal(*size: int, sd: float) -> Tensor:
        return torch.randn(*size, generator=draw) * sd

    weights = Weights(
        embedding=normal(shape.vocab_size, d, sd=hyper.init_embedding),
        attention=normal(layers, 4, d, d, sd=hyper.init_gain / math.sqrt(d)),
        feed_forward=normal(layers, 2, d_ff, d, sd=hyper.init_gain / math.sqrt(d)),
        head=normal(shape.vocab_size, d, sd=hyper.init_gain / math.sqrt(d)),
        gains=torch.ones(2 * layers + 1, d),
        scales=torch.ones(layers),
    )
    weights.feed_forward[:, 1] *= math.sqrt(d / d_ff)
    if hyper.zero_init:
        for starts_at_zero in (weights.attention[:, 3], weights.feed_forward[:, 1], weights.head):
            starts_at_zero.zero_()
    return Weights(**{name: each.to(device).requires_grad_() for name, each in weights.named()})


def _check(shape: Architecture) -> None:
    wanted = Architecture(
        layers=shape.layers,
        width=shape.width,
        vocab_size=shape.vocab_size,
        heads=shape.heads,
        ffn_width=shape.ffn_width,
        norm="rms",
        qk_norm="scale",
    )
    if shape != wanted or shape.head_width % 2:
        raise BadInput(f"{shape} cannot be trained here: RMSNorm, a scale on queries and keys, no gates, even heads")


class Model:
    """A shape with its weights, ready to compute losses.

    Attributes:
        weights: of the model.
        heads: of a layer.
    """

    def __init__(self, shape: Architecture, weights: Weights, *, seq_len: int) -> None:
        self.weights = weights
        self.heads = shape.heads
        device = weights.embedding.device
        self._blocks = (fused_blocks, fused.head) if device.type == "cpu" else (plain_blocks, plain_head)
        pairs = torch.arange(0, shape.head_width, 2) / shape.head_width
        angles = torch.outer(torch.arange(seq_len, dtype=torch.float64), ROTARY_BASE ** -pairs.double())
        self._turns = torch.polar(torch.ones_like(angles), angles).to(torch.complex64).unsqueeze(1).to(device)

    def losses(self, tokens: Tensor) -> Tensor:
        """Return the loss in nats of every token but the first, given those before it.

        Args:
            tokens: (T + 1, B); positions first.

        Returns:
            (T, B).
        """
        return self._nats(tokens, reduction="none").view(-1, tokens.shape[1])

    def loss(self, tokens: Tensor) -> Tensor:
        """Return the mean loss in nats per token."""
        return self._nats(tokens, reduction="mean")

    def _nats(self, tokens: Tensor, reduction: str) -> Tensor:
        blocks, head = self._blocks
        w = self.weights
        x_TBd = F.embedding(tokens[:-1], w.embedding)
        x_TBd = blocks(x_TBd, self.weights, self._turns)
        y = head(x_TBd.flatten(0, 1), w.head * w.gains[-1], tokens[1:].flatten(), reduction)
        return y


def fused_blocks(x: Tensor, weights: Weights, turns: Tensor) -> Tensor:
    """Return x after all layers; a gain before a matrix is folded into it, which is smaller than x."""
    layers = len(weights.scales)
    ones = torch.ones_like(weights.gains[:layers])
    into, hidden = weights.gains[:-1].view(layers, 2, -1).unbind(1)
    attention = weights.attention * torch.stack([into, into, into, ones], 1).unsqueeze(2)
    feed_forward = weights.feed_forward * torch.stack([hidden, ones], 1).unsqueeze(2)
    for each in zip(attention.unbind(0), feed_forward.unbind(0), weights.scales.unbind(0), strict=True):
        x = fused.FeedForward.apply(fused.Attention.apply(x, each[0], turns, each[2]), each[1])  # type: ignore[no-untyped-call]
    return x


def plain_blocks(x: Tensor, weights: Weights, turns: Tensor) -> Tensor:
    """Return x after all layers, in plain torch."""
    T, B, d = x.shape
    width = 2 * turns.shape[-1]
    for layer, (qkvo, up_down) in enumerate(
        zip(weights.attention.unbind(0), weights.feed_forward.unbind(0), strict=True)
    ):
        y = F.rms_norm(x, (d,), weights.gains[2 * layer], eps=fused.EPS)
        q, k, v = (y @ qkvo[:3].flatten(0, 1).t()).view(T, B, 3, d // width, width).permute(2, 1, 3, 0, 4)
        q, k = (F.rms_norm(_turned(each, turns), (width,), eps=fused.EPS) for each in (q, k))
        q = q * (weights.scales[layer] / math.sqrt(width))
        seen = F.scaled_dot_product_attention(q, k, v, is_causal=True, scale=1.0)
        x = x + seen.permute(2, 0, 1, 3).reshape(T, B, d) @ qkvo[3].t()
        y = F.rms_norm(x, (d,), weights.gains[2 * layer + 1], eps=fused.EPS)
        x = x + (y @ up_down[0].t()).relu().square() @ up_down[1]
    return x


def _turned(x: Tensor, turns: Tensor) -> Tensor:
    pairs = torch.view_as_complex(x.float().reshape(*x.shape[:-1], -1, 2))
    return torch.view_as_real(pairs * turns.squeeze(1)).flatten(-2).type_as(x)


def plain_head(x: Tensor, weight: Tensor, targets: Tensor, reduction: str) -> Tensor:
    """Return the cross-entropy of targets, in plain torch."""
    return F.cross_entropy(F.rms_norm(x, (x.shape[-1],), eps=fused.EPS) @ weight.t(), targets, reduction=reduction)
