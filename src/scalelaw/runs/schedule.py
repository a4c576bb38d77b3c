"""Learning-rate schedules fixed before a run starts, and their features for annealing laws."""

import re
from dataclasses import dataclass, fields
from typing import Literal, get_args

import numpy as np

from scalelaw.core.errors import BadInput, BadNumber, UnknownName
from scalelaw.core.nouns.brief import Brief
from scalelaw.core.numbers import parse_number
from scalelaw.core.types import Array

Kind = Literal["constant", "linear", "cosine", "wsd", "step"]
"""Shape of the schedule after the warmup."""

Decay = Literal["linear", "sqrt", "cosine", "exponential"]
"""How the rate of a wsd schedule falls."""

_SPELLED = re.compile(r"\s*(?P<kind>[\w-]+)\s*(?:\[(?P<settings>.*)\])?\s*")
_KINDS = {
    "constant_with_warmup": "constant", "cosine_with_min_lr": "cosine", "cosine_decay": "cosine",
    "linear_decay": "linear", "warmup_stable_decay": "wsd", "trapezoidal": "wsd",
}  # fmt: skip
_GRID = 8193


@dataclass(frozen=True)
class Schedule(Brief):
    """A learning rate over a run, as a share of its peak.

    Attributes:
        kind: ``constant``; ``linear`` or ``cosine`` from the warmup to the end; ``wsd``, constant and then decayed over
            the last ``decay`` of the run; ``step``, constant and then at ``end`` for the last ``decay`` of the run.
        warmup: share of the run over which the rate rises linearly from zero.
        end: final rate over the peak; unused by a constant schedule.
        decay: share of the run; see ``kind``.
        shape: form of the decay of a wsd schedule; ``sqrt`` is 1 - sqrt, after Hägele et al. 2024 (arXiv 2405.18392).

    Example:
        >>> Schedule("wsd", decay=0.2, end=0.0).lr(np.array([0.5, 0.8, 0.9, 1.0])).tolist()
        [1.0, 1.0, 0.5, 0.0]
    """

    kind: Kind
    warmup: float = 0.0
    end: float = 0.1
    decay: float = 0.2
    shape: Decay = "linear"

    def __post_init__(self) -> None:
        for name, known in (("kind", get_args(Kind)), ("shape", get_args(Decay))):
            if getattr(self, name) not in known:
                raise UnknownName.among(f"{name} of a schedule", getattr(self, name), known)
        for name, open_end in (("warmup", True), ("end", False), ("decay", False)):
            value = getattr(self, name)
            if not (0 <= value < 1 if open_end else 0 <= value <= 1):
                raise BadInput(f"{name}={value!r} of a schedule: give a share from 0 to 1")
        if self.kind in ("wsd", "step") and not 0 < self.decay <= 1 - self.warmup:
            raise BadInput(f"decay={self.decay!r} of a {self.kind} schedule: give a share of at most 1 - warmup")
        if self.shape == "exponential" and not self.end:
            raise BadInput("an exponential decay never reaches 0; give the rate at its end, e.g. end=0.1")

    def __str__(self) -> str:
        plain = {each.name: each.default for each in fields(self)}
        settings = [f"{name}={getattr(self, name)}" for name in list(plain)[1:] if getattr(self, name) != plain[name]]
        return f"{self.kind}[{','.join(settings)}]" if settings else self.kind

    def lr(self, progress: Array) -> Array:
        """Return the rate over its peak.

        Args:
            progress: share of the run done, 0 to 1, any shape.
        """
        done = np.clip(np.asarray(progress, float), 0.0, 1.0)
        rise = np.minimum(1.0, done / self.warmup) if self.warmup else np.ones_like(done)
        return np.asarray(np.where(done < self.warmup, rise, 1.0 - (1.0 - self.end) * self._fallen(done)))

    def _fallen(self, done: Array) -> Array:
        """Return the completed share of the decay, from 0 to 1."""
        if self.kind == "constant":
            return np.zeros_like(done)
        start = self.warmup if self.kind in ("linear", "cosine") else 1.0 - self.decay
        along = np.clip((done - start) / (1.0 - start), 0.0, 1.0)
        if self.kind == "step":
            return np.asarray(np.where(done > start, 1.0, 0.0))
        shape = self.shape if self.kind == "wsd" else self.kind
        if shape == "cosine":
            return np.asarray((1.0 - np.cos(np.pi * along)) / 2.0)
        if shape == "sqrt":
            return np.sqrt(along)
        if shape == "exponential":
            return np.asarray((1.0 - self.end**along) / (1.0 - self.end)) if self.end < 1 else along
        return along

    def area(self, progress: Array) -> Array:
        """Return the area under the rate from the start, in units of peak rate x run length."""
        start = 1.0 - self.decay
        grid = np.unique([*np.linspace(0.0, 1.0, _GRID), self.warmup, start, np.nextafter(start, 1.0)])
        rate = self.lr(grid)
        steps = np.diff(grid) * (rate[1:] + rate[:-1]) / 2.0
        return np.asarray(np.interp(progress, grid, np.concatenate([[0.0], np.cumsum(steps)])))

    def features(self, steps: int, peak: float, momentum: float = 0.999) -> dict[str, Array]:
        """Return ``lr_area`` and ``lr_annealing`` after each step of a run, each (steps,); see ``lr_features``.

        The rate of a step is the rate at its start.

        Raises:
            BadInput: fewer than one step, or a peak that is not positive.
        """
        if steps < 1 or not peak > 0:
            raise BadInput(f"features(steps={steps}, peak={peak}): give one step or more and a positive rate")
        return lr_features(peak * self.lr(np.arange(steps) / steps), momentum)


def lr_features(lr: Array, momentum: float = 0.999) -> dict[str, Array]:
    """Return the features of annealing laws: area S1 and annealing S2 of the learning rate after each step.

    S1_i = sum of lr_j up to i; m_i = momentum * m_(i-1) + lr_(i-1) - lr_i; S2_i = sum of m_j up to i, as in
    L = L0 + A * S1^-alpha - C * S2 (Tissue et al. 2024, arXiv 2408.11029).

    Args:
        lr: rate at each step, (..., steps); start it at the first step for S1, at the peak for S2.
        momentum: lambda in the paper, in [0, 1).

    Returns:
        ``lr_area`` and ``lr_annealing``, each (..., steps).

    Raises:
        BadInput: a rate is negative or not finite, or the momentum is outside [0, 1).

    Example:
        >>> lr_features(np.array([2.0, 2.0, 1.0]), momentum=0.5)["lr_annealing"].tolist()
        [0.0, 0.0, 1.0]
    """
    from scipy.signal import lfilter

    rate = np.asarray(lr, float)
    if not rate.size or not np.all(np.isfinite(rate) & (rate >= 0)):
        raise BadInput("a learning rate is missing, negative or not finite")
    if not 0 <= momentum < 1:
        raise BadInput(f"momentum={momentum!r}: give a number from 0 to below 1")
    fall = -np.diff(rate, axis=-1, prepend=rate[..., :1])
    pace = lfilter([1.0], [1.0, -momentum], fall, axis=-1)
    return {"lr_area": np.cumsum(rate, axis=-1), "lr_annealing": np.cumsum(pace, axis=-1)}


def parse_schedule(text: str) -> Schedule:
    """Parse a schedule: ``cosine``, ``cosine[end=0.1,warmup=1%]``, ``wsd[decay=0.2]``.

    Raises:
        UnknownName: unknown kind or setting.
        BadInput: a setting cannot be read.

    Example:
        >>> str(parse_schedule("WSD[decay=1/5, shape=sqrt]"))
        'wsd[shape=sqrt]'
    """
    match = _SPELLED.fullmatch(text)
    if match is None:
        raise BadInput(f"schedule {text!r}: spell it like cosine, cosine[end=0.1] or wsd[decay=0.2]")
    word = match["kind"].lower().replace("-", "_")
    settings: dict[str, float | str] = {}
    names = [each.name for each in fields(Schedule)][1:]
    for part in filter(None, (part.strip() for part in (match["settings"] or "").split(","))):
        name, _, value = (each.strip() for each in part.partition("="))
        if name not in names:
            raise UnknownName.among(f"setting of schedule {text!r}", name, names)
        settings[name] = value if name == "shape" else parse_share(value, f"{name} of schedule {text!r}")
    return Schedule(_KINDS.get(word, word), **settings)  # type: ignore[arg-type]


def parse_share(text: str, what: str) -> float:
    """Parse a share written as ``1/3``, ``33%`` or ``0.33``.

    Raises:
        BadNumber: it cannot be read.
    """
    try:
        above, slash, below = text.partition("/")
        if slash:
            return parse_number(above) / parse_number(below)
        return parse_number(text.rstrip("%")) / (100.0 if text.endswith("%") else 1.0)
    except (BadNumber, ZeroDivisionError) as error:
        raise BadNumber(f"{what}: {text!r} is not a share; write 1/3, 33% or 0.33") from error
