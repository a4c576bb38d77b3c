"""The verdict on the emergence of a score, with its evidence."""

import math
from dataclasses import dataclass
from typing import Any, Literal

from scalelaw.core.estimate import Estimate
from scalelaw.core.nouns.tabular import Columns, Tabular, columns_of
from scalelaw.core.numbers import format_number
from scalelaw.core.rendering import Lines, Renderable, Report, Table
from scalelaw.diagnosing.onsets.compared import Evidence, LossThreshold
from scalelaw.diagnosing.onsets.continuous import Continuous
from scalelaw.diagnosing.onsets.forms import Curve
from scalelaw.diagnosing.onsets.rows import Scores
from scalelaw.diagnosing.onsets.seeds import SeedGroups

Verdict = Literal["smooth", "metric_artefact", "loss_threshold", "seed_bimodal", "resolution_limited", "undetermined"]
UNSUPPORTED = "extrapolation below the onset is unsupported: scores there hold no information on the rise"


@dataclass(frozen=True, eq=False)
class Emergence(Renderable, Tabular):
    """Whether and how a score emerges along a scale.

    Attributes:
        target: the score.
        verdict: ``smooth``, ``metric_artefact``, ``loss_threshold``, ``seed_bimodal``, ``resolution_limited`` or
            ``undetermined``.
        reasons: why, one sentence per step.
        onset: smallest scale whose fitted score the items can separate from chance, or None.
        steepness: decades (nats, along the loss) from 10 % to 90 % of a fitted sigmoid, or None if it does not rise.
        smallest_kink: smallest rise after a kink in mid-range, a share between chance and one, that the table could
            have shown; None if it could have shown none.
        resolution: smallest excess over chance that the items of the largest scale can show.
        absent: share of the range over which the fitted excess is below a tenth of its largest.
        chance: score of guessing.
        dispersion: over-dispersion of the scores over binomial noise, at least one.
        forms: evidence of each form.
        continuous: evidence of the continuous metric, or None.
        loss: evidence along the loss, or None.
        seeds: evidence of repeated seeds, or None.
        scores: the rows.
        curve: the fitted curve of lowest AICc.
        level: probability of the onset's interval.
    """

    target: str
    verdict: Verdict
    reasons: tuple[str, ...]
    onset: Estimate | None
    steepness: float | None
    smallest_kink: float | None
    resolution: float
    absent: float
    chance: float
    dispersion: float
    forms: tuple[Evidence, ...]
    continuous: Continuous | None
    loss: LossThreshold | None
    seeds: SeedGroups | None
    scores: Scores
    curve: Curve
    level: float

    @property
    def axis(self) -> str:
        """The scale: ``flops``, ``params``, ``tokens`` or ``loss``."""
        return self.scores.scale.name

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {
            "schema": "scalelaw.emergence/1",
            "target": self.target,
            "verdict": self.verdict,
            "reasons": list(self.reasons),
            "caveat": UNSUPPORTED,
            "axis": self.axis,
            "rows": len(self.scores.y),
            "scales": self.scores.places,
            "chance": self.chance,
            "onset": None if self.onset is None else self.onset.to_dict(),
            "steepness": self.steepness,
            "smallest_kink": self.smallest_kink,
            "resolution": self.resolution,
            "absent": self.absent,
            "dispersion": self.dispersion,
            "forms": [_plain(each) for each in self.forms],
            "continuous": None if self.continuous is None else _plain(self.continuous),
            "loss": None if self.loss is None else _plain(self.loss),
            "seeds": None if self.seeds is None else _plain(self.seeds),
        }

    def to_columns(self) -> Columns:
        """Return one row per form."""
        return columns_of([{"target": self.target, "verdict": self.verdict, **_plain(each)} for each in self.forms])

    def report(self) -> Report:
        """Return the verdict, its reasons, onset, resolution and the forms."""
        first, *others = self.reasons
        lines = [("verdict", self.verdict.replace("_", " ")), ("why", first), *(("", each) for each in others)]
        lines += [("onset", self._onset()), ("steepness", self._steepness()), ("kink", self._kink())]
        lines.append(("items", f"an excess over chance of {self.resolution:.3g} shows at the largest scale"))
        lines.append(("caution", UNSUPPORTED))
        head = ["form", "free", "deviance", "AICc", "held out"]
        rows = [
            [each.form, str(each.free), f"{each.deviance:.1f}", _number(each.aicc), _number(each.held_out)]
            for each in self.forms
        ]
        rows_of = f"{len(self.scores.y)} rows at {self.scores.places} scales, over-dispersion {self.dispersion:.2g}"
        title = f"emergence of {self.target} along {self.axis}: {rows_of}"
        return Report(title, [Lines(lines), Table([head, *rows], right=range(1, 5))])

    def _onset(self) -> str:
        if self.onset is None:
            return "no scale of the table has a score that its items can separate from chance"
        value, ends = self.onset.texts()
        text = f"{value} {self.onset.unit}" + (f", {100 * self.level:g} % interval {ends}" if ends else "")
        below = self.onset.value == self.scores.scale.value(-1.0)
        return f"at or below the smallest scale, {text}" if below else text

    def _steepness(self) -> str:
        if self.steepness is None:
            return "the sigmoid does not rise"
        unit = "nats" if self.axis == "loss" else "decades"
        return f"{format_number(self.steepness, 3)} {unit} from 10 % to 90 % of the fitted sigmoid"

    def _kink(self) -> str:
        if self.smallest_kink is None:
            return "no kink in mid-range would show: the scales or items are too few"
        return f"a rise of {self.smallest_kink:.2g} of the way from chance to one after a kink in mid-range would show"


def _plain(each: Any) -> dict[str, Any]:
    values = {name: getattr(each, name) for name in each.__dataclass_fields__}
    return {
        name: None if isinstance(value, float) and not math.isfinite(value) else value for name, value in values.items()
    }


def _number(value: float) -> str:
    return f"{value:.1f}" if math.isfinite(value) else "unknown"
