"""The three ladders of the demo: fixed, so that whoever takes one has trained the same as everybody else.

Depth stays two; horizons begin at a million tokens, before which wide models are still in their first phase; width is
held out, at the longest horizon, at four times the compute of the dearest fitted run or more; the two narrowest widths
are trained twice, which gives the noise of a run. The standard library has 3.9 million tokens, so that no horizon of a
single epoch is beyond 3 million. Width 16 is left out: from there the loss falls more steeply than it goes on, and ten
forecasts were 3.7 % off in the median (docs/LOG.md).
"""

from collections.abc import Mapping
from types import MappingProxyType

from scalelaw.core.errors import UnknownName
from scalelaw.ladder import Data, Grid, Ladder, Shapes

SYNTHETIC = "synthetic"
_SIGNS = 64
_TWICE = (24, 32)
_HORIZONS = (1e6, 2e6, 3e6)

SIZES: Mapping[str, tuple[tuple[int, ...], int]] = MappingProxyType(
    {"small": ((), 80), "medium": ((40,), 96), "large": ((40, 48), 128)}
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
        [24, 32, 80]
    """
    if size not in SIZES:
        raise UnknownName.among("ladder of the demo", size, SIZES)
    once, wide = SIZES[size]
    grids = [Grid(widths=_TWICE, tokens=_HORIZONS, seeds=2)]
    grids += [Grid(widths=once, tokens=_HORIZONS)] if once else []
    return Ladder(
        f"demo-{size}{'-synthetic' * synthetic}",
        (*grids, Grid(widths=(wide,), tokens=_HORIZONS[-1:], held_out=True)),
        shapes=Shapes(vocab_size=_SIGNS) if synthetic else Shapes(),
        data=Data(SYNTHETIC) if synthetic else Data(),
    )
