"""Smooth curves, sigmoid and kinks of a score compared by AICc, by the largest scale held out, and across sizes."""

from dataclasses import dataclass

import numpy as np

from scalelaw.core.nouns.brief import Brief
from scalelaw.core.types import AnyArray
from scalelaw.diagnosing.onsets.forms import KINKS, SMOOTH, Counts, Curve, fit_curve
from scalelaw.diagnosing.onsets.rows import Scale, Scores

_RISES = 30
_SEEN = 7.85
"""A deviance at which a test of 5 % with one degree of freedom has a power of 80 %."""
_SHARP = 0.12
_TOP = 0.98
_TOGETHER = 0.1
_BOTH_SIDES = 2


@dataclass(frozen=True)
class Evidence(Brief):
    """One form against the others.

    Attributes:
        form: its name.
        free: number of free coefficients.
        deviance: by binomial likelihood.
        aicc: AICc less that of the best form; the deviance is divided by the over-dispersion.
        held_out: mean deviance of the rows of the largest scale by the fit to the others, over-dispersion divided out;
            NaN where the others are too few.
    """

    form: str
    free: int
    deviance: float
    aicc: float
    held_out: float


@dataclass(frozen=True, eq=False)
class Compared(Brief):
    """All forms along one scale.

    Attributes:
        curves: form -> fitted curve.
        evidence: one entry per form.
        dispersion: over-dispersion, at least one.
        counts: the fitted rows.
    """

    curves: dict[str, Curve]
    evidence: tuple[Evidence, ...]
    dispersion: float
    counts: Counts

    def best(self, forms: tuple[str, ...]) -> Evidence | None:
        """Return the form of lowest AICc among some; None if none of them could be fitted."""
        known = [each for each in self.evidence if each.form in forms and np.isfinite(each.aicc)]
        return min(known, key=lambda each: each.aicc, default=None)

    @property
    def smooth(self) -> tuple[str, ...]:
        """The smooth forms; a sigmoid or logistic that rises within a ninth of the range counts as a break."""
        return tuple(form for form in SMOOTH if form in self.curves and self.width(form) > _SHARP)

    def width(self, form: str) -> float:
        """Return the distance from 10 % to 90 % of the rise of a smooth curve, over the range."""
        slope = abs(float(self.curves[form].coef[1]))
        return (3.084 if form == "power" else 4.394) / max(slope, 1e-9) / 2

    @property
    def margin(self) -> float:
        """AICc of the best break less that of the best smooth curve: positive favours smooth; NaN without both."""
        smooth = self.best(self.smooth)
        breaks = self.best((*KINKS, *(form for form in SMOOTH if form not in self.smooth)))
        if smooth is None:
            return float("nan") if breaks is None else -np.inf
        return float("nan") if breaks is None else breaks.aicc - smooth.aicc

    @property
    def held_out(self) -> float:
        """Held-out deviance of the best break less that of the best smooth curve; NaN where unknown."""
        smooth, breaks = self.best(self.smooth), self.best(KINKS)
        return float("nan") if smooth is None or breaks is None else breaks.held_out - smooth.held_out

    @property
    def chosen(self) -> Curve:
        """The curve of lowest AICc, or of lowest deviance where the rows are too few for AICc."""
        found = self.best((*SMOOTH, *KINKS)) or min(self.evidence, key=lambda each: each.deviance)
        return self.curves[found.form]


def compare(counts: Counts) -> Compared:
    """Fit every form and compare."""
    curves = {form: curve for form in (*SMOOTH, *KINKS) if (curve := fit_curve(form, counts)) is not None}
    rows = len(counts.u)
    spares = {form: max(rows - curve.sized, 1) for form, curve in curves.items()}
    dispersion = max(1.0, min(float(curve.deviance) / spares[form] for form, curve in curves.items()))
    criteria = {form: _criterion(curve, rows, dispersion) for form, curve in curves.items()}
    least = min(criteria.values())
    evidence = [
        Evidence(
            form, curve.sized, float(curve.deviance),
            criteria[form] - least if np.isfinite(least) else np.inf, _held_out(form, counts) / dispersion,
        )
        for form, curve in curves.items()
    ]  # fmt: skip
    return Compared(curves, tuple(evidence), dispersion, counts)


def _criterion(curve: Curve, rows: int, dispersion: float) -> float:
    k = curve.sized
    spare = rows - k - 1
    return float(curve.deviance) / dispersion + 2 * k + (2 * k * (k + 1) / spare if spare > 0 else np.inf)


def _held_out(form: str, counts: Counts) -> float:
    rest = counts.u < counts.u.max()
    if len(np.unique(counts.u[rest])) < 4:
        return float("nan")
    curve = fit_curve(form, counts.rows(rest))
    if curve is None:
        return float("nan")
    largest = counts.rows(~rest)
    return float(largest.deviance(curve.share(largest.u))) / int(np.sum(~rest))


def smallest_kink(counts: Counts, dispersion: float) -> tuple[float, float] | None:
    """Return the smallest rise after a kink in mid-range that the rows would show, and the place of the kink.

    The rise is the share between chance and one that a line reaches at the largest scale. It shows if the best smooth
    curve through the expected scores has a deviance of 7.85 or more; None if not even a rise to one would.
    """
    at = float(np.median(np.unique(counts.u)))
    top = float(counts.u.max())
    if not at < top:
        return None
    rises = np.geomspace(1e-3, 1.0, _RISES)
    share = rises[:, None] * np.maximum(counts.u - at, 0) / (top - at)
    expected = Counts(counts.u, counts.g + (1 - counts.g) * np.minimum(share, _TOP), counts.n, counts.g)
    found = [fit_curve(form, expected) for form in SMOOTH]
    missed = np.min([curve.deviance for curve in found if curve is not None], axis=0) / dispersion
    seen = np.flatnonzero(missed >= _SEEN)
    return (float(rises[seen[0]]), at) if len(seen) else None


@dataclass(frozen=True)
class LossThreshold(Brief):
    """The score against the loss, over several sizes.

    Attributes:
        sizes: number of sizes.
        margin: AICc of the best break less that of the best smooth curve along the loss; positive favours smooth.
        threshold: loss below which the score leaves chance, by the best kink.
        differing: fall of BIC with a separate threshold for each size; positive favours different ones.
        spread: range of these thresholds over the range of the loss, of sizes with rows on both sides.
    """

    sizes: int
    margin: float
    threshold: float
    differing: float
    spread: float

    @property
    def common(self) -> bool:
        """Whether the sizes leave chance at one loss, as far as the rows show."""
        return self.differing <= 0 or self.spread <= _TOGETHER


def judge_loss(scores: Scores) -> LossThreshold | None:
    """Compare forms along the loss; None without a loss or with one size only."""
    if scores.loss is None or scores.size is None or not np.isfinite(scores.loss).all() or np.ptp(scores.loss) == 0:
        return None
    groups = np.unique(scores.size.round(-3), return_inverse=True)[1].ravel()
    sizes = int(groups.max()) + 1
    if sizes < 2:
        return None
    scale = Scale("loss", -scores.loss)
    counts = scores.along(scale)
    compared = compare(counts)
    kink = compared.best(KINKS)
    if kink is None:
        return None
    curve = compared.curves[kink.form]
    differing, spread = _differing(curve, counts, groups, compared.dispersion)
    return LossThreshold(sizes, compared.margin, float(scale.value(curve.at)), differing, spread)


def _differing(curve: Curve, counts: Counts, groups: AnyArray, dispersion: float) -> tuple[float, float]:
    """Return how much BIC falls if each size has its own place of the kink, and how far apart these places are."""
    places = np.concatenate([[float(curve.at)], np.linspace(-1, 1, 81)])
    own, found = 0.0, list[float]()
    for each in np.unique(groups):
        part = counts.rows(groups == each)
        moved = [Curve(curve.form, curve.coef, curve.deviance, np.asarray(at)) for at in places]
        shifted = [float(part.deviance(each.share(part.u))) for each in moved]
        own += min(shifted)
        if min(np.sum(part.u < curve.at), np.sum(part.u > curve.at)) >= _BOTH_SIDES:
            found.append(float(places[int(np.argmin(shifted))]))
    common = float(counts.deviance(curve.share(counts.u)))
    fall = (common - own) / dispersion - (len(np.unique(groups)) - 1) * np.log(len(counts.u))
    return fall, float(np.ptp(found)) / 2 if found else 0.0
