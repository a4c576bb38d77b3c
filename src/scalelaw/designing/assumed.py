"""What is assumed of the law, and of the noise, when a ladder is designed before any of it is trained."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from scalelaw.core.errors import BadInput, UnknownName
from scalelaw.core.forecaster import Forecaster
from scalelaw.core.nouns.brief import Brief
from scalelaw.datasets import card
from scalelaw.diagnosing.under_tuned import SEED_SD
from scalelaw.fitting.published import Published, published
from scalelaw.fitting.result import FitResult
from scalelaw.laws import Constants, Law, get, parse
from scalelaw.planning.loss_surfaces import counting_of

FORM = 0.010
"""Error of a law's form at one decade beyond the largest fitted run, as a share of the loss, one standard deviation.

Measured: chinchilla fitted to the cheaper of Chinchilla's 240 points at six cuts misses the larger ones by more than
its own spread says, by 0.7 % at 0.5 decades, 0.9 % at 0.95, 1.1 % at 1.6 (docs/evidence.md). It grows about as the
square root of the decades, and is what a measured backtest adds to an interval.
"""

SMALL = 1e15
"""FLOP below which models are tiny: their law, and the error of its form, is another."""

MEASURED_REACH = 100.0
"""Compute of the target over the largest run up to which ``FORM`` was measured."""

SHARED = 0.33
"""Correlation of the branches of one trunk: two seeds of eight widths, five or six horizons each (``cpu-ladder``)."""


@dataclass(frozen=True, eq=False)
class Assumed(Brief):
    """A law with coefficients, and how runs scatter about it.

    Attributes:
        law: of N and tokens.
        coef: its coefficients, (k,).
        forecaster: where they come from.
        noise: standard deviation of a run, as a share of its loss.
        shared: correlation of two branches of one trunk.
        form: error of the form at one decade of reach, as a share of the loss; grows as the root of the decades.
        source: all of it in words.
    """

    law: Law
    coef: Any
    forecaster: Forecaster
    noise: float
    shared: float
    form: float
    source: str

    @property
    def n(self) -> str:
        """The kind of N that the law takes."""
        return next(name for name in self.law.inputs if name != "tokens")

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {
            "law": self.forecaster.label,
            "noise": self.noise,
            "shared": self.shared,
            "form": self.form,
            "source": self.source,
        }


CPU_TEXT = "cpu-text"
"""Name of what is assumed of tiny models on text: the shipped ``cpu-ladder``."""
_CPU_FORM = 0.02
"""As ``FORM``: fitted on a decade of ``cpu-ladder``, the mixture is 1.5 % off from ten times on, and 3.6 % at most."""

Assumption = str | Forecaster
"""``cpu-text``, a published law as ``chinchilla@besiroglu2024``, or a fit."""


def assumed(what: Assumption) -> Assumed:
    """Return what is assumed, by name, or from a fit of earlier runs: its law and the scatter of its residuals.

    Raises:
        UnknownName: there is no such name.
        BadInput: the law does not take one kind of N, and tokens.

    Example:
        >>> assumed("chinchilla@besiroglu2024").form
        0.01
    """
    if isinstance(what, str):
        return _named(what)
    if isinstance(what, FitResult):
        residual = np.log(what.rows.y / what.law.predict(what.coef, what.rows.x))
        spare = max(1, len(residual) - len(what.coef))
        noise = float(np.sqrt(np.sum(residual**2) / spare))
        said = f"{what.label} as fitted, its residuals {noise:.2%}"
        known = _checked(Assumed(what.law, what.coef, what, noise, SHARED, FORM, said))
        largest = counting_of(known.forecaster).flops(*(np.max(what.rows.x[name]) for name in (known.n, "tokens")))
        return replace(known, form=_CPU_FORM) if largest < SMALL else known
    if isinstance(what, Published):
        said = f"{what.label}; repeats {SEED_SD:.2%} apart, as measured on tiny models"
        return _checked(Assumed(what.law, what.coef, what, SEED_SD, SHARED, FORM, said))
    raise BadInput(f"assume={type(what).__name__}: give a fit, a published law, or {CPU_TEXT!r}")


def _named(name: str) -> Assumed:
    if name == CPU_TEXT:
        return _cpu_text()
    if "@" not in name:
        raise UnknownName.among("assumption", name, (CPU_TEXT, "chinchilla@besiroglu2024"))
    law, source = parse(name)
    if source is None:
        raise BadInput(f"assume={name!r}: say whose constants, like chinchilla@besiroglu2024")
    return assumed(published(law, source))


def _cpu_text() -> Assumed:
    said = card("cpu-ladder")
    fitted, noise = said["fits"]["chinchilla"], said["seed_noise"]
    constants = Constants(
        {name: each["value"] for name, each in fitted["coefficients"].items()},
        f"scalelaw's cpu-ladder: {said['runs']} runs on text, made {said['made']}",
        {name: (low, high) for name, (low, high) in fitted["domain"].items()},
        note="a design's stand-in: the additive form bends against those runs, and its floor is not identified",
    )
    known = Published(get("chinchilla"), CPU_TEXT, constants)
    source = f"{constants.source}; repeats {noise:.2%} apart"
    return Assumed(known.law, known.coef, known, noise, SHARED, _CPU_FORM, source)


def _checked(found: Assumed) -> Assumed:
    inputs = found.law.inputs
    if len(inputs) != 2 or "tokens" not in inputs or not all(each.startswith(("params", "tokens")) for each in inputs):
        raise BadInput(
            f"{found.law.spelling} takes {', '.join(inputs)}: a design needs a law of one kind of params, and tokens"
        )
    return found
