"""The three ladders of the demo: fixed, so that whoever takes one has trained the same as everybody else.

Depth stays two; horizons begin at a million tokens, before which wide models are still in their first phase; width is
held out, at the longest horizon, at four times the compute of the dearest fitted run or more; the two narrowest widths
are trained twice, which gives the noise of a run. The standard library has 3.9 million tokens, so that no horizon of a
single epoch is beyond 3 million; with horizons of 1 to 2 million forecasts were 3.5 % off in the median (docs/LOG.md).
"""

from collections.abc import Mapping
from types import MappingProxyType

from scalelaw.core.errors import UnknownName
from scalelaw.ladder import Data, Grid, Ladder, Shapes

SYNTHETIC = "synthetic"
_SIGNS = 64
_TWICE = (16, 24)
_HORIZONS = (1e6, 2e6, 3e6)

SIZES: Mapping[str, tuple[tuple[int, ...], int]] = MappingProxyType(
    {"small": ((32,), 80), "medium": ((32, 40), 96), "large": ((32, 40, 48), 128)}
)
"""Size -> widths trained once, and the width held out; cheapest first."""


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
    once, wide = SIZES[size]
    return Ladder(
        f"demo-{size}{'-synthetic' * synthetic}",
        (
            Grid(widths=_TWICE, tokens=_HORIZONS, seeds=2),
            Grid(widths=once, tokens=_HORIZONS),
            Grid(widths=(wide,), tokens=_HORIZONS[-1:], held_out=True),
        ),
        shapes=Shapes(vocab_size=_SIGNS) if synthetic else Shapes(),
        data=Data(SYNTHETIC) if synthetic else Data(),
    )
