"""The three fixed ladders of the demo, the same on every machine.

Models have one block and heads of eight elements. With two blocks, a model learns to copy at a time that depends on its
seed, and losses form two groups 2 % apart. With heads of sixteen, widths 24 and 32 have one and two heads, and a law
fitted to that step extrapolates too steeply (docs/LOG.md measures both). Horizons start at a million tokens, since wide
models are in their first phase until then. The held-out width, at the longest horizon, has at least four times the
compute of the largest fitted run. The two narrowest widths are trained twice to measure the noise. The standard library
has 3.9 million tokens, so single-epoch horizons end at 3 million. The synthetic language has its own ladder: width 24
cannot store its contexts, and chinchilla needs three or more widths.
"""

from collections.abc import Mapping
from types import MappingProxyType

from scalelaw.core.errors import UnknownName
from scalelaw.ladder import Data, Grid, Ladder, Shapes
from scalelaw.training.text.documents import SYNTHETIC

_SIGNS = 64
_HORIZONS = (1e6, 2e6, 3e6)

_Widths = tuple[tuple[int, ...], tuple[int, ...], int]

_TEXT: Mapping[str, _Widths] = MappingProxyType(
    {"small": ((24, 32), (), 88), "medium": ((24, 32), (40,), 104), "large": ((24, 32), (40, 48), 120)}
)
_LANGUAGE: Mapping[str, _Widths] = MappingProxyType(
    {"small": ((32, 40), (48,), 104), "medium": ((32, 40), (48, 56), 120), "large": ((32, 40), (48, 56, 64), 136)}
)

SIZES = tuple(_TEXT)
"""Names of the ladders, cheapest first; each has widths trained twice, widths trained once, and a held-out width."""


def demo_ladder(size: str = "medium", *, synthetic: bool = False) -> Ladder:
    """Return a ladder of the demo.

    Args:
        size: one of ``SIZES``.
        synthetic: train on the language of known entropy instead of this Python's standard library.

    Raises:
        UnknownName: unknown size.

    Example:
        >>> [rung.shape.width for rung in demo_ladder("small").rungs]
        [24, 32, 88]
    """
    if size not in SIZES:
        raise UnknownName.among("ladder of the demo", size, SIZES)
    twice, once, wide = (_LANGUAGE if synthetic else _TEXT)[size]
    grids = [Grid(widths=twice, tokens=_HORIZONS, seeds=2)]
    grids += [Grid(widths=once, tokens=_HORIZONS)] if once else []
    return Ladder(
        f"demo-{size}{'-synthetic' * synthetic}",
        (*grids, Grid(widths=(wide,), tokens=_HORIZONS[-1:], held_out=True)),
        shapes=Shapes(layers=1, head_dim=8, vocab_size=_SIGNS if synthetic else Shapes().vocab_size),
        data=Data(SYNTHETIC) if synthetic else Data(),
    )
