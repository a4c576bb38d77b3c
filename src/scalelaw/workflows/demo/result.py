"""What a demo came to: the forecast that was frozen beside what was then measured."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scalelaw.accounting.flops import COUNTINGS
from scalelaw.core.nouns.tabular import Columns, Tabular, columns_of
from scalelaw.core.rendering import Lines, Renderable, Report, Table
from scalelaw.ladder import Ladder
from scalelaw.runs.observations import Observations
from scalelaw.workflows.demo.held_out_forecast import LEVEL, Band, HeldOutForecast


@dataclass(frozen=True)
class Floor:
    """The irreducible loss of the synthetic language, fitted and true.

    Attributes:
        fitted: E of Chinchilla's form fitted to every run, with its interval.
        truth: the least loss on sequences of the ladder's length, computed; nats per token.
        entropy_rate: that of the language, which sequences without end would have.
    """

    fitted: Band
    truth: float
    entropy_rate: float

    def to_dict(self) -> dict[str, Any]:
        """Return plain values."""
        return {"fitted": vars(self.fitted), "truth": self.truth, "entropy_rate": self.entropy_rate}


@dataclass(frozen=True, eq=False)
class Demo(Renderable, Tabular):
    """A forecast that was frozen, and what was then measured.

    Attributes:
        ladder: that was trained.
        out: folder of all that was written.
        foretold: the forecast.
        rows: the runs fitted.
        measured: loss of the held-out run.
        se: its standard error over the evaluation set; None where it is not known.
        noise: standard deviation of the loss between seeds, relative; None where nothing was trained twice.
        floor: the fitted irreducible loss, where the truth is known.
        seconds: on the clock, this time.
    """

    ladder: Ladder
    out: Path
    foretold: HeldOutForecast
    rows: Observations
    measured: float
    se: float | None
    noise: float | None
    floor: Floor | None
    seconds: float

    @property
    def inside(self) -> bool:
        """Whether what was measured lies in the band."""
        return bool(self.foretold.band.holds(self.measured))

    @property
    def drop(self) -> float:
        """How far the held-out run fell below the best run fitted, in nats."""
        return self.foretold.best - self.measured

    @property
    def _far(self) -> float:
        """Thirty times the compute of the held-out run, FLOP."""
        return 30 * self.ladder.held_out[0].dearest

    @property
    def report(self) -> Path:
        """The page that shows it."""
        return self.out / "report.html"

    @property
    def next_commands(self) -> tuple[str, ...]:
        """Three commands that go on from here."""
        runs = self.out / "runs"
        n = next(name for name in self.foretold.frozen.point if name in COUNTINGS)
        return (
            f"scalelaw forecast {runs} --params-kind {n} --flops {self._far:.0e}",
            f"scalelaw report {runs} --to {self.out / 'study.html'}",
            f"scalelaw ladder dry-run {self.out / 'ladder.toml'}",
        )

    def to_dict(self) -> dict[str, Any]:
        """Return plain values: the contract of ``scalelaw demo --json``, and the content of ``demo.json``."""
        return {
            "schema": "scalelaw.demo/1",
            "ladder": self.ladder.name,
            "digest": self.ladder.digest,
            "out": str(self.out),
            "foretold": self.foretold.to_dict(),
            "measured": {"loss": self.measured, "se": self.se},
            "inside": self.inside,
            "drop": self.drop,
            "errors": {
                name: {"relative": band.value / self.measured - 1, "of_drop": self.share_of_drop(band)}
                for name, band in self.foretold.bands.items()
            },
            "noise": self.noise,
            "irreducible_loss": None if self.floor is None else self.floor.to_dict(),
            "seconds": self.seconds,
            "report": str(self.report),
            "next": list(self.next_commands),
        }

    def to_columns(self) -> Columns:
        """Return one row a method."""
        return columns_of(
            {"method": name, **vars(band), "measured": self.measured, "error": band.value / self.measured - 1}
            for name, band in self.foretold.bands.items()
        )

    def sheet(self) -> Report:
        """Return forecast, band, measured, error; whether it held; what to do next."""
        told, level = self.foretold, f"{100 * LEVEL:g} %"
        rows = [["", "forecast", f"{level} band", "measured", "error", "of the drop"]]
        rows += [[name, *self._row(band)] for name, band in self.foretold.bands.items()]
        title = f"{told.frozen.run}, {told.reach:.3g} times the compute of the largest run fitted"
        parts: Sequence[Table | Lines | Report] = [
            Table(rows, right=[1, 3, 4, 5]),
            Lines([self._verdict(level), *self._said()]),
            Report("Next", [Lines([("", command) for command in self.next_commands], width=2)]),
        ]
        return Report(title, parts)

    def _row(self, band: Band) -> list[str]:
        share = self.share_of_drop(band)
        return [
            f"{band.value:.3f}",
            str(band),
            f"{self.measured:.3f}",
            f"{band.value / self.measured - 1:+.1%}",
            "-" if share is None else f"{share:+.0%}",
        ]

    def _verdict(self, level: str) -> tuple[str, str]:
        band, loss = self.foretold.band, self.measured
        if self.inside:
            return "INSIDE", f"{loss:.3f} lies in the {level} band {band}, which was frozen before"
        assert band.lo is not None and band.hi is not None
        off = band.lo - loss if loss < band.lo else loss - band.hi
        side = "below" if loss < band.lo else "above"
        return "MISS", f"{loss:.3f} lies {off:.3f} {side} the {level} band {band}: the forecast was wrong here"

    def _said(self) -> list[tuple[str, str]]:
        told = self.foretold
        minutes, rest = divmod(round(self.seconds), 60)
        said = [("drop", f"{self.drop:.3f} nats below the best of {told.fitted} runs fitted, {told.best:.3f}")]
        if self.noise is not None:
            said.append(("noise", f"two seeds of one run differ by {self.noise:.2%} (standard deviation)"))
        if self.floor is not None:
            fitted, truth = self.floor.fitted, self.floor.truth
            held = {True: "holds", False: "MISSES", None: "tells nothing of"}[fitted.holds(truth)]
            said.append(
                ("E", f"fitted {fitted.value:.3f}, interval {fitted}; the truth is {truth:.3f}: the interval {held}")
            )
        said += [
            ("report", str(self.report)),
            ("frozen", f"{told.frozen.made}, digest {told.frozen.digest}"),
            ("took", f"{minutes} min {rest:02} s this time"),
        ]
        return said

    def share_of_drop(self, band: Band) -> float | None:
        """Return the error of a forecast over the drop; None where nothing fell."""
        return (band.value - self.measured) / self.drop if self.drop > 0 else None
