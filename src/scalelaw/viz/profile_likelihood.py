"""Profile likelihood of every coefficient: the cost of fixing one at other values."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from scalelaw.fitting.result import FitResult
from scalelaw.fitting.uncertainty.profile_likelihood import LikelihoodProfile
from scalelaw.viz import style

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_ACROSS = 3
_SHOWN = 12.0
"""Profiles are shown up to this likelihood ratio."""


@dataclass(frozen=True, eq=False)
class LikelihoodProfiles:
    """Data of the figure.

    Attributes:
        label: name of the fit.
        level: probability of the intervals.
        profiles: one per free coefficient.
    """

    label: str
    level: float
    profiles: tuple[LikelihoodProfile, ...]


def profiles_info(fit: FitResult, *, level: float | None = None) -> LikelihoodProfiles:
    """Compute the profile of every fitted coefficient.

    Args:
        fit: a fit with independent rows.
        level: probability of the intervals; by default the level of the fit.

    Raises:
        BadInput: rows share a run.
    """
    held = {*fit.spec.fixed, *fit.spec.ties, *fit.spec.ties.values()}
    names = [coef.name for coef in fit.law.coefs if coef.name not in held]
    level = level or fit.spec.level
    return LikelihoodProfiles(fit.label, level, tuple(fit.profile(name, level=level) for name in names))


def draw(info: LikelihoodProfiles) -> "Figure":
    """Render the figure; a normally distributed coefficient gives a straight line."""
    across = min(_ACROSS, len(info.profiles))
    figure, panels = style.grid(across, -(-len(info.profiles) // across))
    for axes, profile in zip(panels, info.profiles, strict=False):
        near = profile.ratio <= _SHOWN
        root = np.sign(profile.values - profile.best) * np.sqrt(np.maximum(profile.ratio, 0.0))
        axes.plot(profile.values[near], root[near], color=style.LAW, linewidth=1.6)
        axes.axhline(0, color=style.INK, linewidth=0.6)
        for end in (profile.lo, profile.hi):
            if end is not None:
                axes.axvline(end, color=style.OUTSIDE, linewidth=1, linestyle="--")
        axes.set_xlabel(profile.name)
    for axes in panels[len(info.profiles) :]:
        axes.set_visible(False)
    figure.supylabel(f"signed root of the likelihood ratio; dashed: {info.level:.0%} interval", fontsize=9)
    return figure
