"""The result of a demo: the frozen forecast and the measured loss."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scalelaw.accounting.flops import COUNTINGS
from scalelaw.core.nouns.tabular import Columns, Tabular, columns_of
from scalelaw.core.rendering import Lines, Renderable, Report, Table
from scalelaw.ladder import Ladder
from scalelaw.runs.observations import Observations
from scalelaw.workflows.demo.held_out_forecast import LEVEL, Band, HeldOutForecast, shown


@dataclass(frozen=True)
class Floor:
    """The irreducible loss of the synthetic language, fitted and true.

    Attributes:
        fitted: E of chinchilla fitted to every run, with its interval.
        truth: computed least loss on sequences of the ladder's length, nats per token.
        entropy_rate: entropy rate of the language, the limit for infinite sequences, nats per token.
    """

    fitted: Band
    truth: float
    entropy_rate: float

    def to_dict(self) -> dict[str, Any]:
        """Return plain values."""
        return {"fitted": vars(self.fitted), "truth": self.truth, "entropy_rate": self.entropy_rate}


@dataclass(frozen=True, eq=False)
class Demo(Renderable, Tabular):
    """A frozen forecast and the measured loss.

    Attributes:
        ladder: the trained ladder.
        out: output folder.
        forecast: the forecast.
        rows: the fitted runs.
        measured: loss of the held-out run.
        se: its standard error over the evaluation set; None if unknown.
        noise: relative standard deviation of the loss between seeds; None without repeated runs.
        floor: fitted and true irreducible loss; None if the truth is unknown.
        seconds: wall-clock seconds of this call.
    """

    ladder: Ladder
    out: Path
    forecast: HeldOutForecast
    rows: Observations
    measured: float
    se: float | None
    noise: float | None
    floor: Floor | None
    seconds: float

    @property
    def inside(self) -> bool:
        """Whether the measured loss lies in the band."""
        return bool(self.forecast.band.holds(self.measured))

    @property
    def drop(self) -> float:
        """Loss of the best fitted run minus that of the held-out run, nats per token."""
        return self.forecast.best - self.measured

    @property
    def _far(self) -> float:
        """Thirty times the compute of the held-out run, FLOP."""
        return 30 * self.ladder.held_out[0].largest_flops

    @property
    def page(self) -> Path:
        """Path of the HTML page."""
        return self.out / "report.html"

    @property
    def next_commands(self) -> tuple[str, ...]:
        """Three commands to run next."""
        runs = self.out / "runs"
        n = next(name for name in self.forecast.frozen.point if name in COUNTINGS)
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
            "foretold": self.forecast.to_dict(),
            "measured": {"loss": self.measured, "se": self.se},
            "inside": self.inside,
            "drop": self.drop,
            "errors": {
                name: {"relative": band.value / self.measured - 1, "of_drop": self.share_of_drop(band)}
                for name, band in self.forecast.bands.items()
            },
            "noise": self.noise,
            "irreducible_loss": None if self.floor is None else self.floor.to_dict(),
            "seconds": self.seconds,
            "report": str(self.page),
            "next": list(self.next_commands),
        }

    def to_columns(self) -> Columns:
        """Return one row per method."""
        return columns_of(
            {"method": name, **vars(band), "measured": self.measured, "error": band.value / self.measured - 1}
            for name, band in self.forecast.bands.items()
        )

    def report(self) -> Report:
        """Return forecasts, errors, verdict and next commands."""
        forecast, level = self.forecast, f"{100 * LEVEL:g} %"
        rows = [["", "forecast", f"{level} band", "measured", "error", "of the drop"]]
        rows += [[shown(name), *self._row(band)] for name, band in self.forecast.bands.items()]
        title = f"{forecast.frozen.run}, {forecast.reach:.3g} times the compute of the largest fitted run"
        parts: Sequence[Table | Lines | Report] = [
            Table(rows, right=[1, 3, 4, 5]),
            Lines([self._verdict(level), *self._details()]),
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
        band, loss = self.forecast.band, self.measured
        if self.inside:
            return "INSIDE", f"{loss:.3f} lies in the {level} band {band}, frozen before training"
        assert band.lo is not None and band.hi is not None
        off = band.lo - loss if loss < band.lo else loss - band.hi
        side = "below" if loss < band.lo else "above"
        return "MISS", f"{loss:.3f} lies {off:.3f} {side} the {level} band {band}"

    def _details(self) -> list[tuple[str, str]]:
        forecast = self.forecast
        minutes, rest = divmod(round(self.seconds), 60)
        lines = [("drop", f"{self.drop:.3f} nats below the best of {forecast.fitted} fitted runs, {forecast.best:.3f}")]
        if self.noise is not None:
            lines.append(("noise", f"two seeds of one run differ by {self.noise:.2%} (standard deviation)"))
        if self.floor is not None:
            fitted, truth = self.floor.fitted, self.floor.truth
            held = {True: "holds it", False: "MISSES it", None: "is unknown"}[fitted.holds(truth)]
            lines.append(("E", f"fitted {fitted.value:.3f}, interval {fitted}; truth {truth:.3f}: the interval {held}"))
        lines += [
            ("report", str(self.page)),
            ("frozen", f"{forecast.frozen.made}, digest {forecast.frozen.digest}"),
            ("time", f"{minutes} min {rest:02} s this call"),
        ]
        return lines

    def share_of_drop(self, band: Band) -> float | None:
        """Return the error of a forecast over the drop; None without a drop."""
        return (band.value - self.measured) / self.drop if self.drop > 0 else None
