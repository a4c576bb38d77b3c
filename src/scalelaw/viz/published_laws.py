"""One law with its published constants: predictions along its first input, with the others fixed mid-range."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from scalelaw.core.components import kind_of
from scalelaw.core.errors import BadInput
from scalelaw.core.nouns.brief import Brief
from scalelaw.core.numbers import format_number
from scalelaw.core.quantities import quantity
from scalelaw.core.types import Array
from scalelaw.laws import Constants, Law
from scalelaw.laws._gallery import Description
from scalelaw.viz import style

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_POINTS = 200
_COLOURS = (style.LAW, style.OUTSIDE, style.INSIDE, style.RUNS, "#8a5fb0", "#b07b2f")
_USUAL = {
    "params": (1e7, 1e11), "params_non_embedding": (1e7, 1e11), "params_active": (1e7, 1e11), "tokens": (1e9, 1e13),
    "flops": (1e17, 1e25), "experts": (1, 64), "granularity": (1, 16), "active_share": (0.05, 1), "bits": (4, 16),
    "bits_activations": (4, 16), "bits_kv": (4, 16), "bits_after": (2, 8), "characters": (1e5, 1e9),
    "unique_tokens": (1e9, 1e12), "loss": (1.8, 4), "steps": (1e3, 1e6), "min_steps": (1e3, 1e6),
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class PublishedLawsInfo(Brief):
    """Data of the figure.

    Attributes:
        along: input on the horizontal axis.
        output: predicted quantity.
        curves: source -> points along the axis and predictions, each (n,).
        held: values of the other inputs, as text.
    """

    along: str
    output: str
    curves: dict[str, tuple[Array, Array]]
    held: str


def published_laws_info(found: Description) -> PublishedLawsInfo:
    """Compute one curve per source of constants.

    Raises:
        BadInput: the law has no published constants, or an input that is not numeric.
    """
    sources = [(law, name, constants) for law, name, constants in found.published() if law.inputs == found.law.inputs]
    if not sources:
        raise BadInput(f"{found.law.spelling} has no published constants to draw; fit it to runs with `scalelaw fit`")
    law = sources[0][0]
    if any(kind_of(name) != "number" for name in law.inputs):
        raise BadInput(f"{law.spelling} takes {', '.join(law.inputs)}; only laws of numeric inputs can be drawn")
    along, others = law.inputs[0], law.inputs[1:]
    held = {name: float(np.sqrt(np.prod(_range(name, sources[0][2])))) for name in others}
    text = ", ".join(f"{name} {format_number(value)}" for name, value in held.items())
    curves = {f"{each.spelling}@{name}": _curve(each, constants, along, held) for each, name, constants in sources}
    return PublishedLawsInfo(along, law.output, curves, text)


def _curve(law: Law, constants: Constants, along: str, held: dict[str, float]) -> tuple[Array, Array]:
    points = np.geomspace(*_range(along, constants), _POINTS)
    x = {along: points} | {name: np.full(_POINTS, value) for name, value in held.items()}
    return points, np.asarray(law.predict(law.vector(constants.coef), x))


def _range(name: str, constants: Constants) -> tuple[float, float]:
    low, high = constants.domain.get(name, _USUAL.get(name, (1.0, 1e3)))
    return (low if low > 0 else high / 1e3), high


def draw(info: PublishedLawsInfo) -> "Figure":
    """Render the figure."""
    figure, (axes,) = style.canvas()
    for i, (source, (points, values)) in enumerate(info.curves.items()):
        axes.plot(points, values, color=_COLOURS[i % len(_COLOURS)], linewidth=1.6, label=source)
    axes.set_xscale("log")
    axes.set_xlabel(quantity(info.along).label)
    axes.set_ylabel(quantity(info.output).label)
    if info.held:
        axes.set_title(f"at {info.held}", fontsize=9)
    axes.legend(fontsize=8, frameon=False)
    return figure
