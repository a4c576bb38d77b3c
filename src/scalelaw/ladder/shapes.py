"""Shapes of a ladder: the width varies, and the depth is fixed.

At small scale a growing depth breaks the law: at width 128 and depth 4 we measured an abrupt, seed-dependent drop
between 2M and 4M tokens.
"""

from dataclasses import dataclass, fields

from scalelaw.accounting.architecture import Architecture
from scalelaw.core.errors import BadInput


@dataclass(frozen=True)
class Shapes:
    """The family of models of a ladder.

    Decoder-only: RoPE, RMSNorm, QK-norm with one learned scale per layer, squared ReLU, no biases, untied head.

    Attributes:
        layers: blocks of every rung.
        head_dim: smallest head dimension; a width that is not a multiple has fewer, larger heads.
        vocab_size: V, rows of embedding and head.
        ffn_ratio: feed-forward width over the model width.

    Example:
        >>> from scalelaw.accounting import count_params
        >>> counts = count_params(Shapes().at(64))
        >>> counts.non_embedding, counts.head, counts.total
        (98626, 32768, 164162)
    """

    layers: int = 2
    head_dim: int = 16
    vocab_size: int = 512
    ffn_ratio: int = 4

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, bool) or not isinstance(value, int) or value < 1:
                raise BadInput(f"{field.name}={value!r}: give a whole number of at least 1")
        if self.head_dim % 2:
            raise BadInput(f"head_dim={self.head_dim}: rotary positions need an even number")

    def at(self, width: int) -> Architecture:
        """Return the shape at this width.

        Raises:
            BadInput: the width does not divide into heads of even dimension. The message names the
                nearest widths that do divide.
        """
        if isinstance(width, bool) or not isinstance(width, int) or width < 1:
            raise BadInput(f"width={width!r}: give a whole number of at least 1")
        if not self.divides(width):
            below = next((each for each in range(width - 1, 0, -1) if self.divides(each)), None)
            above = next(each for each in range(width + 1, 3 * width + 2 * self.head_dim) if self.divides(each))
            near = f"{below} and {above} do" if below else f"{above} does"
            raise BadInput(
                f"width {width} does not divide into heads of even dimension {self.head_dim} or slightly more; {near}"
            )
        return Architecture(
            layers=self.layers,
            width=width,
            vocab_size=self.vocab_size,
            heads=width // self.head_dim,
            ffn_width=self.ffn_ratio * width,
            norm="rms",
            qk_norm="scale",
        )

    def divides(self, width: int) -> bool:
        """Return whether a width divides into heads of an even dimension, ``head_dim`` or slightly more."""
        heads = width // self.head_dim
        return heads > 0 and width % (2 * heads) == 0
