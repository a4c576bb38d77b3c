"""The result of a fit: coefficients, draws, status and provenance; a forecaster."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from scalelaw.core.digest import digest
from scalelaw.core.findings import Finding, Grade
from scalelaw.core.forecaster import Domain, Kind, Prediction, check_level, interval, outside
from scalelaw.core.numbers import format_number
from scalelaw.core.sheet import Lines, Printed, Sheet, Table
from scalelaw.core.types import AnyArray, Array, Inputs
from scalelaw.core.version import __version__
from scalelaw.fitting.outliers import RATE
from scalelaw.fitting.spec import FitSpec
from scalelaw.fitting.status import FitStatus
from scalelaw.laws import Law
from scalelaw.runs import SetAside

if TYPE_CHECKING:
    from scalelaw.fitting.influence import Influence


@dataclass(frozen=True, eq=False)
class FittedRows:
    """The rows a law was fitted to, and what became of the others.

    Attributes:
        x: inputs, each (n,).
        y: measured values (n,).
        weight: weights (n,).
        cluster: the run of each row (n,).
        read: rows of the source.
        set_aside: what was left out.
        digest: digest of the rows, whatever their order.
    """

    x: Mapping[str, Array]
    y: Array
    weight: Array
    cluster: AnyArray
    read: int
    set_aside: tuple[SetAside, ...]
    digest: str


@dataclass(frozen=True, eq=False)
class FitResult(Printed):
    """One law fitted to one target.

    Attributes:
        law: the law.
        coef: coefficients at the optimum, (k,).
        draws: bootstrap coefficients (b, k), or None where none were asked for.
        objective: weighted sum of losses at the optimum.
        status: whether the optimum can be trusted.
        spec: how it was fitted.
        rows: what it was fitted to.
        target: what was predicted, ``metric@eval_set``.
        domain: quantity -> range fitted.
        findings: what was noticed.
        notes: what was assumed or derived, in words.
        version: scalelaw's version.
    """

    law: Law
    coef: Array
    draws: Array | None
    objective: float
    status: FitStatus
    spec: FitSpec
    rows: FittedRows
    target: str
    domain: Domain
    findings: tuple[Finding, ...] = ()
    notes: tuple[str, ...] = ()
    version: str = __version__

    @property
    def inputs(self) -> tuple[str, ...]:
        """Quantities the law takes."""
        return self.law.inputs

    @property
    def label(self) -> str:
        """The law's spelling."""
        return self.law.spelling

    @property
    def caveats(self) -> tuple[str, ...]:
        """The warnings of the fit."""
        return tuple(finding.message for finding in self.findings if finding.grade is Grade.WARN)

    @cached_property
    def digest(self) -> str:
        """Digest of rows, law and spec: equal inputs, equal digest."""
        law = {"law": self.law.spelling, "revision": self.law.revision}
        return digest({"rows": self.rows.digest, "target": self.target, **law, "spec": self.spec.to_dict()})

    @cached_property
    def residuals(self) -> Array:
        """Predicted minus measured, on the scale of the noise, (n,)."""
        noise = self.spec.noise
        return noise.scaled(self.law.predict(self.coef, self.rows.x)) - noise.scaled(self.rows.y)

    def sample(self, x: Inputs, kind: Kind = "mean", seed: int = 0) -> Array | None:
        """Draw (draws, n) predictions; ``new_run`` adds a resampled residual, inflated for the coefficients fitted."""
        from scalelaw.fitting.prior_draws import leans, new_run_errors

        if self.draws is None:
            return None
        mean = np.asarray(self.law.predict(self.draws, x))
        if kind == "mean":
            return mean
        noise, n = self.spec.noise, len(self.rows.y)
        free = len(self.coef) - len(self.spec.fixed) - len(self.spec.ties)
        pool = self.residuals * np.sqrt(n / max(n - free, 1))
        rng = np.random.default_rng(seed)
        if leans(self):
            return noise.unscaled(noise.scaled(mean) - new_run_errors(self, mean.shape, rng))
        error = rng.choice(pool, size=mean.shape, p=self.rows.weight / self.rows.weight.sum())
        return noise.unscaled(noise.scaled(mean) - error)

    def predict(self, x: Inputs, level: float = 0.9, kind: Kind = "new_run") -> Prediction:
        """Predict at n points, with the interval of the mean or of a new run."""
        check_level(level)
        mean = np.asarray(self.law.predict(self.coef, x))
        draws = self.sample(x, kind, self.spec.seed)
        lo, hi = (None, None) if draws is None else interval(draws, level)
        return Prediction(mean, lo, hi, level, np.broadcast_to(outside(x, self.domain), mean.shape))

    def coefficients(self, level: float | None = None) -> dict[str, dict[str, Any]]:
        """Return value, standard error and interval of each coefficient, by name."""
        level = level or self.spec.level
        k = len(self.law.coefs)
        unknown: list[float | None] = [None] * k
        se, lo, hi = unknown, unknown, unknown
        if self.draws is not None:
            with np.errstate(over="ignore"):
                se = self.draws.std(axis=0, ddof=1).tolist()
            lo, hi = (ends.tolist() for ends in interval(self.draws, level))
        return {
            c.name: {
                "value": float(self.coef[i]),
                "se": se[i],
                "lo": lo[i],
                "hi": hi[i],
                "level": level,
                "unit": c.unit,
            }
            for i, c in enumerate(self.law.coefs)
        }

    def influence(
        self, quantity: str = "tokens_per_param", *, flops: float | str | None = None, rate: float = RATE
    ) -> "Influence":
        """Return what a decision owes to each run, and to runs that do not belong with the others.

        See ``scalelaw.fitting.influence.influence`` for the arguments.
        """
        from scalelaw.fitting.influence import influence

        return influence(self, quantity, flops=flops, rate=rate)

    def save(self, path: str) -> None:
        """Write the fit as JSON, draws included; ``load_fit`` reads it back bit for bit."""
        from scalelaw.fitting.files import save_fit

        save_fit(self, path)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values: the contract of ``scalelaw fit --json``."""
        return {
            "schema": "scalelaw.fit-summary/1",
            "law": self.law.spelling,
            "target": self.target,
            "coefficients": self.coefficients(),
            "objective": self.objective,
            "status": self.status.to_dict(),
            "starts": {"n": self.status.starts, "agreeing": self.status.agreeing},
            "rows": {
                "read": self.rows.read,
                "set_aside": [part.to_dict() for part in self.rows.set_aside],
                "fitted": len(self.rows.y),
            },
            "domain": {name: list(ends) for name, ends in self.domain.items()},
            "findings": [finding.to_dict() for finding in self.findings],
            "notes": list(self.notes),
            "spec": self.spec.to_dict(),
            "digest": self.digest,
            "version": self.version,
        }

    def sheet(self) -> Sheet:
        """Return coefficients, optimum, intervals, rows and doubts."""
        return Sheet(f"{self.law.spelling} fitted to {self.target}", [self._table(), Lines(self._lines())])

    def _table(self) -> Table:
        """Return the coefficients."""
        percent = f"{100 * self.spec.level:g} % interval"
        rows = [["", "value", "se", percent, "", "meaning"]]
        for c, values in zip(self.law.coefs, self.coefficients().values(), strict=True):
            known = values["se"] is not None
            rows.append(
                [
                    c.name,
                    f"{values['value']:.5g}",
                    f"{values['se']:.2g}" if known else "unknown",
                    f"{values['lo']:.4g}" if known else "unknown",
                    f"{values['hi']:.4g}" if known else "",
                    c.meaning,
                ]
            )
        return Table(rows, right=[1, 2, 3, 4])

    def _lines(self) -> list[tuple[str, str]]:
        """Return what stands below the coefficients."""
        noise, draws = self.spec.noise, 0 if self.draws is None else len(self.draws)
        how = "clusters of a run" if len(np.unique(self.rows.cluster)) < len(self.rows.y) else "rows"
        ranges = ", ".join(
            f"{name} {format_number(self.domain[name][0])} to {format_number(self.domain[name][1])}"
            for name in dict.fromkeys((*self.inputs, "flops"))
            if name in self.domain
        )
        lines = [
            ("objective", f"{self.objective:.8g} (sum of losses; {noise})"),
            ("optimum", str(self.status)),
            ("intervals", self._drawn(draws, how) if draws else "none: no draws asked for"),
            ("rows", f"{self.rows.read} read, {len(self.rows.y)} fitted"),
            *(("", f"{part.n} set aside: {part.reason}") for part in self.rows.set_aside),
            ("fitted on", ranges),
            *(("note", note) for note in self.notes),
            *self._doubts(),
        ]
        return lines

    def _drawn(self, draws: int, how: str) -> str:
        """Return how the draws were made."""
        from scalelaw.fitting.prior_draws import leans

        if self.spec.prior is None:
            return f"{draws} bootstrap refits over {how}"
        moved = "rows moved by their noise" if leans(self) else f"resampled {how}"
        return f"{draws} refits with exponents drawn from the {self.spec.prior}, {moved}"

    def _doubts(self) -> list[tuple[str, str]]:
        """Return the findings that no line above tells, a way out that several share once."""
        shown = [
            finding
            for finding in self.findings
            if finding.code != "FIT_NOT_CERTIFIED"
            and (finding.grade is not Grade.SET_ASIDE or finding.code == "RUNS_UNREADABLE")
        ]
        lines = []
        for finding, following in zip(shown, [*shown, None][1:], strict=True):
            lines.append((str(finding.grade), f"{finding.message} [{finding.code}]"))
            if finding.fix and (following is None or following.fix != finding.fix):
                lines.append(("", finding.fix))
        return lines
