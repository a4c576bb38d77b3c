"""The model: a small decoder-only transformer.

RMSNorm before each block, rotary positions, normalised queries and keys with one learned scale per layer, squared ReLU,
no biases, untied head. Six tensors hold all layers, so that an optimizer handles matrices of one shape as one batch.
Two programs compute the same losses: ``plain`` torch, for compilers and GPUs, and ``fused``, with hand-written
gradients, which is faster on a CPU.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from scalelaw.accounting.architecture import Architecture
from scalelaw.core.errors import BadInput
from scalelaw.ladder import Hyperparameters
from scalelaw.training import fused, plain

ROTARY_BASE = 1e4
"""Base of the rotary frequencies (Su et al. 2021, arXiv 2104.09864)."""


@dataclass(frozen=True, eq=False)
class Weights:
    """The parameters of a model; L layers of width d, V tokens.

    Attributes:
        embedding: (V, d).
        attention: queries, keys, values and output of each layer, (L, 4, d, d).
        feed_forward: input and output matrices of each layer, (L, 2, d_ff, d).
        head: (V, d).
        gains: gains of the norms before attention, before feed-forward, and before the head, (2 L + 1, d).
        scales: scales of the attention scores, (L,).
    """

    embedding: Tensor
    attention: Tensor
    feed_forward: Tensor
    head: Tensor
    gains: Tensor
    scales: Tensor

    def named(self) -> Iterator[tuple[str, Tensor]]:
        """Yield the name and tensor of each parameter."""
        yield from vars(self).items()

    @property
    def params(self) -> int:
        """N, embeddings included."""
        return sum(each.numel() for _, each in self.named())


def init(shape: Architecture, hyper: Hyperparameters, seed: int, device: str = "cpu") -> Weights:
    """Return the initial weights, drawn on the CPU so that they are equal on every device.

    Raises:
        BadInput: the shape belongs to another family of models.
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
        raise BadInput(f"{shape} cannot be trained; models need RMSNorm, QK-norm with a scale, no gates and even heads")


@dataclass(frozen=True)
class Program:
    """How losses and gradients are computed.

    Attributes:
        fused: hand-written gradients, fast on a CPU; otherwise plain torch.
        bf16: matrix products of the plain program in bfloat16; weights, sums and optimizer stay in float32.
        compiled: ``torch.compile`` for the plain program; it takes half a minute per shape.
    """

    fused: bool = False
    bf16: bool = False
    compiled: bool = False

    @classmethod
    def of(cls, device: str | torch.device) -> "Program":
        """Return the fast program of a device; bfloat16 only if the GPU supports it natively.

        Raises:
            BadInput: torch has no such device.
        """
        kind = str(device).partition(":")[0]
        if kind == "cpu":
            return cls(fused=True)
        if kind != "cuda":
            raise BadInput(f"device {str(device)!r}: give cpu or cuda")
        if not torch.cuda.is_available():
            raise BadInput(f"device {str(device)!r}: torch {torch.__version__} finds no GPU; use --device cpu")
        return cls(bf16=torch.cuda.is_bf16_supported(including_emulation=False), compiled=True)

    @property
    def precision(self) -> str:
        """Precision of matrix products."""
        return "bf16" if self.bf16 else "fp32"


class Model:
    """A model that computes losses.

    Attributes:
        weights: its weights.
        program: how it computes; by default the fast program of the weights' device.
    """

    def __init__(self, shape: Architecture, weights: Weights, *, seq_len: int, program: Program | None = None) -> None:
        self.weights = weights
        device = weights.embedding.device
        self.program = program or Program.of(device)
        pairs = torch.arange(0, shape.head_width, 2) / shape.head_width
        angles = torch.outer(ROTARY_BASE ** -pairs.double(), torch.arange(seq_len))
        self._turns = torch.stack([angles.cos(), angles.sin()]).float().to(device)
        self._mean = torch.compile(plain.nats, dynamic=False) if self.program.compiled else plain.nats

    @torch.no_grad()
    def losses(self, tokens: Tensor) -> Tensor:
        """Return the loss of every token except the first, nats; without gradients.

        Args:
            tokens: (B, T + 1).

        Returns:
            (B, T).
        """
        if self.program.fused:
            found = fused.losses(tokens, self._turns, self.weights)
        else:
            found = self._plain(plain.nats, tokens, "none")
        return found.view(len(tokens), -1)

    def loss(self, tokens: Tensor) -> Tensor:
        """Return the mean loss in nats per token."""
        if self.program.fused:
            embedding, *others = vars(self.weights).values()
            x_BTd = F.embedding(tokens[:, :-1], embedding)
            return fused.Loss.apply(x_BTd, tokens[:, 1:], self._turns, *others)  # type: ignore[no-untyped-call, no-any-return]
        return self._plain(self._mean, tokens, "mean")

    def _plain(self, program: Callable[..., Tensor], tokens: Tensor, reduction: str) -> Tensor:
        with torch.autocast(tokens.device.type, torch.bfloat16, enabled=self.program.bf16):
            return program(tokens, self._turns, *vars(self.weights).values(), reduction=reduction)
