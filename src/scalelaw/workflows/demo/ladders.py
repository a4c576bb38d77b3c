"""The three ladders of the demo: fixed, so that whoever takes one has trained the same as everybody else.

One block, and a head for every eight elements of the width. With two blocks a model learns to copy at a moment that its
seed decides, and its losses fall into two groups 2 % apart; with heads of sixteen, widths 24 and 32 have one and two,
and a law fitted to that step goes on too steeply (docs/LOG.md has both, measured). Horizons begin at a million tokens,
before which wide models are still in their first phase; width is held out, at the longest horizon, at four times the
compute of the largest fitted run or more; the two narrowest widths are trained twice, which gives the noise of a run.
The standard library has 3.9 million tokens, so that no horizon of a single epoch is beyond 3 million. The synthetic
language has a ladder of its own: width 24 cannot store its contexts, and Chinchilla's law wants three widths or more.
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
"""Names of the ladders, cheapest first. Each has widths trained twice, widths trained once, and the width held out."""


def demo_ladder(size: str = "medium", *, synthetic: bool = False) -> Ladder:
    """Return a ladder of the demo.

    Args:
        size: one of ``SIZES``.
        synthetic: it reads the language of known entropy instead of the standard library of this Python.

    Raises:
        UnknownName: there is no such size.

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
