"""The law and noise assumed when a ladder is designed, before training."""

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
"""Form error at one decade beyond the largest fitted run: one standard deviation, as a share of the loss.

Measured: chinchilla fitted below six cuts of Chinchilla's 240 points misses the larger ones by more than its draws
imply, by 0.7 % at 0.5 decades, 0.9 % at 0.95, 1.1 % at 1.6 (docs/evidence.md). The error grows about as the square root
of the decades.
"""

SMALL = 1e15
"""FLOP below which models are tiny, with another law and form error."""

MEASURED_REACH = 100.0
"""Reach in compute up to which ``FORM`` was measured."""

SHARED = 0.33
"""Noise correlation of two branches of one trunk, from two seeds of eight widths in ``cpu-ladder``."""


@dataclass(frozen=True, eq=False)
class Assumed(Brief):
    """An assumed law with coefficients and noise.

    Attributes:
        law: a law of N and tokens.
        coef: its coefficients, (k,).
        forecaster: source of the coefficients.
        noise: standard deviation of a run, as a share of its loss.
        shared: noise correlation of two branches of one trunk.
        form: form error at one decade of reach, as a share of the loss; grows with the square root of the decades.
        source: description.
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
"""Name of the assumption for tiny models on text, from the shipped ``cpu-ladder``."""
_CPU_FORM = 0.02
"""``FORM`` of tiny models: fitted to a decade of ``cpu-ladder``, the ensemble misses by 1.5 % beyond 10x."""

Assumption = str | Forecaster
"""``cpu-text``, a published law as ``chinchilla@besiroglu2024``, or a fit."""


def assumed(what: Assumption) -> Assumed:
    """Return an assumption by name, or from a fit of earlier runs: its law and residual scatter.

    Raises:
        UnknownName: unknown name.
        BadInput: the law does not take one kind of N and tokens.

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
        source = f"{what.label} as fitted, residuals {noise:.2%}"
        known = _checked(Assumed(what.law, what.coef, what, noise, SHARED, FORM, source))
        largest = counting_of(known.forecaster).flops(*(np.max(what.rows.x[name]) for name in (known.n, "tokens")))
        return replace(known, form=_CPU_FORM) if largest < SMALL else known
    if isinstance(what, Published):
        source = f"{what.label}; replicate runs differ by {SEED_SD:.2%}, as measured on tiny models"
        return _checked(Assumed(what.law, what.coef, what, SEED_SD, SHARED, FORM, source))
    raise BadInput(f"assume={type(what).__name__}: give a fit, a published law, or {CPU_TEXT!r}")


def _named(name: str) -> Assumed:
    if name == CPU_TEXT:
        return _cpu_text()
    if "@" not in name:
        raise UnknownName.among("assumption", name, (CPU_TEXT, "chinchilla@besiroglu2024"))
    law, source = parse(name)
    if source is None:
        raise BadInput(f"assume={name!r}: add the source of the constants, as in chinchilla@besiroglu2024")
    return assumed(published(law, source))


def _cpu_text() -> Assumed:
    about = card("cpu-ladder")
    fitted, noise = about["fits"]["chinchilla"], about["seed_noise"]
    constants = Constants(
        {name: each["value"] for name, each in fitted["coefficients"].items()},
        f"scalelaw's cpu-ladder: {about['runs']} runs on text, made {about['made']}",
        {name: (low, high) for name, (low, high) in fitted["domain"].items()},
        note="for designs only: the additive form does not fit those runs well, and they do not determine its floor",
    )
    known = Published(get("chinchilla"), CPU_TEXT, constants)
    source = f"{constants.source}; replicate runs differ by {noise:.2%}"
    return Assumed(known.law, known.coef, known, noise, SHARED, _CPU_FORM, source)


def _checked(found: Assumed) -> Assumed:
    inputs = found.law.inputs
    if len(inputs) != 2 or "tokens" not in inputs or not all(each.startswith(("params", "tokens")) for each in inputs):
        raise BadInput(
            f"{found.law.spelling} takes {', '.join(inputs)}; a design needs a law of one kind of params and tokens"
        )
    return found
