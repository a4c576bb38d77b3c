"""Shapes of a ladder: one dial, the width, says the rest; the depth stays as it is.

A depth that grows along a ladder breaks it at small scale (an abrupt, seed-dependent drop between 2M and 4M tokens was
measured at width 128 and depth 4), so depth is a constant of a ladder and not a dial.
"""

from dataclasses import dataclass, fields

from scalelaw.accounting.architecture import Architecture
from scalelaw.core.errors import BadInput


@dataclass(frozen=True)
class Shapes:
    """The family of models a ladder climbs.

    Decoder-only: RoPE, RMSNorm, QK-norm with one learned scale a layer, squared ReLU, no biases, an untied head.

    Attributes:
        layers: blocks of every rung.
        head_dim: least elements of a head; a width that is no multiple spreads over the heads it has room for.
        vocab_size: V, rows of embedding and head.
        ffn_ratio: hidden elements of the feed-forward over the width.

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
                raise BadInput(f"{field.name}={value!r}: a whole number of at least 1 is needed")
        if self.head_dim % 2:
            raise BadInput(f"head_dim={self.head_dim}: rotary positions turn pairs of elements; give an even number")

    def at(self, width: int) -> Architecture:
        """Return the shape at this width.

        Raises:
            BadInput: the width does not divide into heads of an even number of elements; the nearest that do are named.
        """
        if isinstance(width, bool) or not isinstance(width, int) or width < 1:
            raise BadInput(f"width={width!r}: a whole number of at least 1 is needed")
        if not self.divides(width):
            below = next((each for each in range(width - 1, 0, -1) if self.divides(each)), None)
            above = next(each for each in range(width + 1, 3 * width + 2 * self.head_dim) if self.divides(each))
            near = f"{below} and {above} do" if below else f"{above} does"
            raise BadInput(f"width {width} does not divide into even heads of {self.head_dim} or a little more; {near}")
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
        """Return whether a width divides into heads of an even number of elements, ``head_dim`` or a little more."""
        heads = width // self.head_dim
        return heads > 0 and width % (2 * heads) == 0
