"""Estimate the cost of a ladder before training: compute by every convention, steps, time, memory, energy, money."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from scalelaw.accounting.energy import NODE_OVERHEAD, POWER_USAGE, UTILISATION, energy_kwh
from scalelaw.accounting.flops import CONVENTIONS
from scalelaw.accounting.hardware import Device
from scalelaw.accounting.hardware import device as device_named
from scalelaw.accounting.money import RESTARTS, cost_dollars
from scalelaw.core.errors import BadInput
from scalelaw.core.findings import Finding
from scalelaw.core.nouns.brief import Brief
from scalelaw.core.nouns.tabular import Columns, Tabular, columns_of
from scalelaw.core.numbers import format_number
from scalelaw.core.rendering import Lines, Renderable, Report, Table
from scalelaw.ladder.check import check_ladder, in_parts
from scalelaw.ladder.grid import EXACT, Rung, shown

if TYPE_CHECKING:
    from scalelaw.ladder.ladder import Ladder


class Forecast(Protocol):
    """The expected precision of a ladder's forecast, computed in ``designing``."""

    def lines(self) -> list[tuple[str, str]]:
        """Return label and text of each line."""

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""


@dataclass(frozen=True, eq=False)
class RungCost(Brief):
    """The cost of one rung: all seeds, trunk and branches.

    Attributes:
        rung: the rung.
        flops: convention -> C in FLOP.
        steps: optimizer steps.
        hours: estimated device hours.
        parts: micro-batches per batch.
        memory_bytes: estimated memory of one run.
        energy_kwh: estimated energy; None if the device's power is unknown.
        dollars: estimated cost; None if the device's price is unknown.
    """

    rung: Rung
    flops: Mapping[str, float]
    steps: int
    hours: float
    parts: int
    memory_bytes: float
    energy_kwh: float | None
    dollars: float | None

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        rung = self.rung
        return {
            "name": rung.name,
            "held_out": rung.held_out,
            "seeds": len(rung.seeds),
            "params": rung.params,
            "params_non_embedding": rung.counts.non_embedding,
            "tokens": list(rung.horizons),
            "batch_tokens": rung.trunk.batch_tokens,
            "steps": self.steps,
            "flops": dict(self.flops),
            "hours": self.hours,
            "parts": self.parts,
            "memory_bytes": self.memory_bytes,
            "energy_kwh": self.energy_kwh,
            "dollars": self.dollars,
        }


@dataclass(frozen=True, eq=False)
class DryRun(Renderable, Tabular):
    """The cost of a ladder on a device.

    Attributes:
        ladder: the ladder.
        device: device of each run.
        workers: number of devices in parallel.
        rungs: cost of each rung.
        forecast: expected precision of the forecast, if requested.
        findings: warnings about the ladder.
    """

    ladder: "Ladder"
    device: Device
    workers: int
    rungs: tuple[RungCost, ...]
    forecast: Forecast | None
    findings: tuple[Finding, ...]

    @property
    def hours(self) -> float:
        """Estimated device hours."""
        return sum(each.hours for each in self.rungs)

    @property
    def wall_hours(self) -> float:
        """Estimated wall-clock hours: the work over all workers, and at least the longest trunk with its branches."""
        return max(self.hours / self.workers, *(each.hours / len(each.rung.seeds) for each in self.rungs))

    @property
    def energy_kwh(self) -> float | None:
        """Estimated energy of all rungs."""
        return energy_kwh(self.hours, self.device)

    @property
    def dollars(self) -> float | None:
        """Estimated cost of all rungs, dollars."""
        return cost_dollars(self.hours, self.device)

    def flops(self, convention: str = EXACT.name) -> float:
        """Return C in FLOP of all rungs by a convention."""
        return sum(each.flops[convention] for each in self.rungs)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values: the contract of ``scalelaw ladder dry-run --json``."""
        return {
            "schema": "scalelaw.dry_run/1",
            "ladder": self.ladder.to_dict(),
            "device": {"name": self.device.name, "workers": self.workers, "sources": dict(self.device.sources)},
            "rungs": [each.to_dict() for each in self.rungs],
            "total": {
                "flops": {name: self.flops(name) for name in CONVENTIONS},
                "separate_flops": self.ladder.separate_flops,
                "steps": sum(each.steps for each in self.rungs),
                "hours": self.hours,
                "wall_hours": self.wall_hours,
                "energy_kwh": self.energy_kwh,
                "dollars": self.dollars,
                "unique_tokens": self.ladder.tokens,
            },
            "forecast": None if self.forecast is None else self.forecast.to_dict(),
            "findings": [each.to_dict() for each in self.findings],
        }

    def to_columns(self) -> Columns:
        """Return one row per rung."""
        return columns_of(each.to_dict() for each in self.rungs)

    def report(self) -> Report:
        """Return one row per rung, compute by every convention, and the expected precision of the forecast."""
        title = f"ladder {self.ladder.name} on {self.workers} x {self.device.name}; nothing is trained"
        parts: list[Table | Lines | Report] = [
            self._rungs(),
            Lines(self._details()),
            Report("C by convention", [self._conventions()]),
        ]
        if self.forecast is not None:
            parts.append(Report("Expected forecast", [Lines(self.forecast.lines(), width=16)]))
        warned = [("warn", f"{each} [{each.code}]") for each in self.findings]
        return Report(title, [*parts, *([Lines(warned)] if warned else [])])

    def _rungs(self) -> Table:
        head = ["rung", "N", "D", "seeds", "batch", "steps", "C", "hours", "memory", "energy", "money", ""]
        rows = [head]
        for each in self.rungs:
            rung = each.rung
            rows.append(
                [
                    rung.name,
                    format_number(rung.params),
                    " ".join(shown(tokens) for tokens in rung.horizons),
                    str(len(rung.seeds)),
                    f"{rung.trunk.batch_tokens}{f' in {each.parts}' if each.parts > 1 else ''}",
                    f"{each.steps:,}",
                    f"{each.flops[EXACT.name]:.3g}",
                    _hours(each.hours),
                    _bytes(each.memory_bytes),
                    _energy(each.energy_kwh),
                    _money(each.dollars),
                    "held out" if rung.held_out else "",
                ]
            )
        steps = sum(each.steps for each in self.rungs)
        rows.append(
            ["all", "", "", "", "", f"{steps:,}", f"{self.flops():.3g}", _hours(self.hours), "",
             _energy(self.energy_kwh), _money(self.dollars), ""]
        )  # fmt: skip
        return Table(rows, right=(1, 3, 4, 5, 6, 7, 8, 9, 10))

    def _details(self) -> list[tuple[str, str]]:
        ladder, saved = self.ladder, 1 - self.ladder.flops / self.ladder.separate_flops
        epochs = ladder.data.epochs
        price = self.device.sources.get("dollars_per_hour", "at the given price")
        return [
            ("C", f"FLOP by {EXACT.name}; branches save {saved:.0%} of the compute of separate runs"),
            ("clock", f"{_hours(self.wall_hours)}, estimated; rates {self.device.sources['rates']}"),
            (
                "energy",
                f"estimated: {UTILISATION:.0%} of rated power, x {NODE_OVERHEAD} for the node, PUE {POWER_USAGE}",
            ),
            ("money", f"{price}; {RESTARTS:.0%} more for restarts"),
            ("text", f"{format_number(ladder.tokens)} distinct training tokens, {epochs:g} epoch{'s' * (epochs != 1)}"),
        ]

    def _conventions(self) -> Table:
        head = ["", *CONVENTIONS]
        rows = [[each.rung.name, *(f"{each.flops[name]:.3g}" for name in CONVENTIONS)] for each in self.rungs]
        total = ["all", *(f"{self.flops(name):.3g}" for name in CONVENTIONS)]
        return Table([head, *rows, total], right=range(1, 1 + len(CONVENTIONS)))


def dry_run(ladder: "Ladder", device: str | Device, *, workers: int = 1, forecast: Forecast | None = None) -> DryRun:
    """Estimate the cost of a ladder on a device, without training.

    Args:
        ladder: the ladder.
        device: a device, or the name of one of ``accounting.hardware``.
        workers: number of devices in parallel.
        forecast: expected precision of the forecast, from ``expected_half_width``.

    Raises:
        UnknownName: unknown device.
        BadInput: fewer than one worker.

    Example:
        >>> from scalelaw.ladder.grid import Grid
        >>> from scalelaw.ladder import Grid, Ladder
        >>> ladder = Ladder("tiny", (Grid(widths=(16, 32), tokens=("0.5M", "1M")),))
        >>> dry_run(ladder, "cpu").rungs[0].steps
        1075
    """
    if workers < 1:
        raise BadInput(f"workers = {workers}: give at least 1")
    chosen = device_named(device) if isinstance(device, str) else device
    rungs = tuple(_cost(rung, chosen) for rung in ladder.rungs)
    return DryRun(ladder, chosen, workers, rungs, forecast, check_ladder(ladder, chosen))


def _cost(rung: Rung, device: Device) -> RungCost:
    tokens = rung.trunk.tokens * len(rung.seeds)
    hours = device.hours(rung.counts.count(EXACT.params), rung.spent)
    parts, needed = in_parts(rung, device)
    return RungCost(
        rung=rung,
        flops={name: rung.flops(tokens, name) for name in CONVENTIONS},
        steps=rung.trunk.steps * len(rung.seeds),
        hours=hours,
        parts=parts,
        memory_bytes=needed,
        energy_kwh=energy_kwh(hours, device),
        dollars=cost_dollars(hours, device),
    )


def _hours(hours: float) -> str:
    if hours < 1 / 60:
        return f"{hours * 3600:.2g} s"
    return f"{hours * 60:.2g} min" if hours < 1 else f"{hours:.3g} h"


def _bytes(count: float) -> str:
    return f"{count / 1e9:.3g} GB" if count >= 1e9 else f"{count / 1e6:.3g} MB"


def _energy(kwh: float | None) -> str:
    if kwh is None:
        return "unknown"
    return f"{kwh / 1000:.3g} MWh" if kwh >= 1000 else f"{kwh:.3g} kWh" if kwh >= 0.1 else f"{kwh * 1000:.2g} Wh"


def _money(dollars: float | None) -> str:
    return "unknown" if dollars is None else f"${dollars:,.0f}" if dollars >= 100 else f"${dollars:.2g}"
