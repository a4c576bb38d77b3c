"""The three ladders of the demo: fixed, so that whoever takes one has trained the same as everybody else.

Depth stays two; horizons begin at a million tokens, before which wide models are still in their first phase; width is
held out, at the longest horizon, at four times the compute of the dearest fitted run or more; the two narrowest widths
are trained twice, which gives the noise of a run (our prototype). The standard library has 3.9
million tokens, so that no horizon of a single epoch is beyond 3 million.
"""

from collections.abc import Mapping
from types import MappingProxyType

from scalelaw.core.errors import UnknownName
from scalelaw.ladder import Data, Grid, Ladder, Shapes

SYNTHETIC = "synthetic"
_SIGNS = 64
_TWICE = (16, 24)

SIZES: Mapping[str, tuple[tuple[int, ...], int, tuple[str, ...]]] = MappingProxyType(
    {
        "small": ((32,), 80, ("1M", "1.5M", "2M")),
        "medium": ((32, 40), 96, ("1M", "1.75M", "3M")),
        "large": ((32, 40, 48), 128, ("1M", "1.75M", "3M")),
    }
)
"""Size -> widths trained once, the width held out, and the horizons; cheapest first."""


def demo_ladder(size: str = "medium", *, synthetic: bool = False) -> Ladder:
    """Return a ladder of the demo.

    Args:
        size: one of ``SIZES``.
        synthetic: it reads the language of known entropy instead of the standard library of this Python.

    Raises:
        UnknownName: there is no such size.

    Example:
        >>> [rung.shape.width for rung in demo_ladder("small").rungs]
        [16, 24, 32, 80]
    """
    if size not in SIZES:
        raise UnknownName.among("ladder of the demo", size, SIZES)
    once, wide, tokens = SIZES[size]
    return Ladder(
        f"demo-{size}{'-synthetic' * synthetic}",
        (
            Grid(widths=_TWICE, tokens=tokens, seeds=2),  # type: ignore[arg-type]
            Grid(widths=once, tokens=tokens),  # type: ignore[arg-type]
            Grid(widths=(wide,), tokens=tokens[-1:], held_out=True),  # type: ignore[arg-type]
        ),
        shapes=Shapes(vocab_size=_SIGNS) if synthetic else Shapes(),
        data=Data(SYNTHETIC) if synthetic else Data(),
    )
