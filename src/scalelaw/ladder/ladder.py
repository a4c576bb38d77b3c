"""A ladder: planned runs from one family of shapes, one recipe and a few grids."""

import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from functools import cached_property
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from scalelaw.core.digest import digest
from scalelaw.core.errors import BadInput
from scalelaw.core.files import write_whole
from scalelaw.core.nouns.tabular import Columns, Tabular, columns_of
from scalelaw.core.rendering import Lines, Renderable, Report, Table
from scalelaw.ladder.data import Data
from scalelaw.ladder.grid import EXACT, Grid, Rung, shown
from scalelaw.ladder.recipe import Recipe
from scalelaw.ladder.recipes import RECIPES
from scalelaw.ladder.shapes import Shapes
from scalelaw.ladder.trunk import Branch
from scalelaw.runs.schedule import Schedule

if TYPE_CHECKING:
    from scalelaw.accounting.hardware import Device
    from scalelaw.ladder.dry_run import DryRun, Forecast


@dataclass(frozen=True)
class Intent:
    """One planned run: a rung, a seed, a branch.

    Attributes:
        rung: its model and trunk.
        seed: seed of initial weights and data order.
        branch: its horizon.
    """

    rung: Rung
    seed: int
    branch: Branch

    @property
    def name(self) -> str:
        """Short name, unique in the ladder."""
        return f"{self.rung.name}-s{self.seed}-{shown(self.branch.tokens)}"


@dataclass(frozen=True)
class Ladder(Renderable, Tabular):
    """A series of small runs, for fitting a law that extrapolates.

    Attributes:
        name: name of the ladder.
        grids: widths with horizons and seeds.
        shapes: the family of models.
        recipe: training recipe.
        data: training data.
        target: C in FLOP of the run to forecast; None for the held-out rungs, or ten times the largest.

    Example:
        >>> ladder = Ladder("tiny", (Grid(widths=(16, 32), tokens=("0.5M", "1M")),))
        >>> len(list(ladder.runs())), ladder.rungs[1].counts.total
        (4, 57506)
    """

    name: str
    grids: tuple[Grid, ...]
    shapes: Shapes = field(default_factory=Shapes)
    recipe: Recipe = RECIPES["muon-cpu"]
    data: Data = field(default_factory=Data)
    target: float | None = None

    def __post_init__(self) -> None:
        if not self.grids:
            raise BadInput("a ladder needs a [[rungs]] with widths and horizons")
        if self.target is not None and not self.target > 0:
            raise BadInput(f"target = {self.target!r}: give C in FLOP, e.g. 1e22")
        for held_out in (False, True):
            widths = Counter(width for grid in self.grids if grid.held_out is held_out for width in grid.widths)
            for width, times in widths.items():
                if times > 1:
                    raise BadInput(f"width {width} is in {times} [[rungs]] tables; keep it in one")
        if all(grid.held_out for grid in self.grids):
            raise BadInput("every [[rungs]] is held out; remove held_out from the rungs to fit")
        longest = max(self.rungs, key=lambda rung: rung.trunk.unique_tokens)
        self.data.check(longest.trunk.unique_tokens, f"width {longest.shape.width}")

    @cached_property
    def rungs(self) -> tuple[Rung, ...]:
        """All rungs: the fitted ones first, each group from narrow to wide."""
        rungs = [rung for grid in self.grids for rung in grid.rungs(self.shapes, self.recipe, self.data.seq_len)]
        return tuple(sorted(rungs, key=lambda rung: (rung.held_out, rung.shape.width)))

    @property
    def fitted(self) -> tuple[Rung, ...]:
        """The fitted rungs."""
        return tuple(rung for rung in self.rungs if not rung.held_out)

    @property
    def held_out(self) -> tuple[Rung, ...]:
        """The held-out rungs, forecast before training."""
        return tuple(rung for rung in self.rungs if rung.held_out)

    @property
    def tokens(self) -> int:
        """Distinct training tokens that the longest run needs with ``data.epochs`` passes."""
        return math.ceil(max(rung.trunk.unique_tokens for rung in self.rungs) / self.data.epochs)

    @property
    def flops(self) -> float:
        """C in FLOP of the whole ladder, including seeds and held-out rungs."""
        return sum(rung.spent for rung in self.rungs)

    @property
    def separate_flops(self) -> float:
        """C in FLOP of a separate run per horizon."""
        return sum(rung.flops(rung.trunk.separate_tokens) * len(rung.seeds) for rung in self.rungs)

    def runs(self) -> Iterator[Intent]:
        """Yield every run, by rung, seed and horizon (shortest first)."""
        for rung in self.rungs:
            for seed in rung.seeds:
                for branch in rung.trunk.branches:
                    yield Intent(rung, seed, branch)

    def settings(self, run: Intent) -> dict[str, Any]:
        """Return the settings of a run by quantity, as ``record`` and ``RunSpec`` take them."""
        rung, branch, counts = run.rung, run.branch, run.rung.counts
        warm, cool = rung.trunk.warmup / branch.steps, branch.cooldown / branch.steps
        return {
            "label": run.name,
            "family": self.name,
            "recipe": self.recipe.label,
            "params": counts.total,
            "params_non_embedding": counts.non_embedding,
            "width": rung.shape.width,
            "layers": rung.shape.layers,
            "vocab_size": rung.shape.vocab_size,
            "planned_tokens": branch.tokens,
            "planned_steps": branch.steps,
            "planned_flops": rung.flops(branch.tokens),
            "batch_tokens": rung.trunk.batch_tokens,
            "seq_len": rung.seq_len,
            "lr": rung.hyper.lr["matrices"],
            "schedule": str(Schedule("wsd", warmup=warm, end=0.0, decay=cool)),
            "tokenizer": f"{self.data.tokenizer}-{rung.shape.vocab_size}",
            "dataset": self.data.source,
            "seed": run.seed,
        }

    @property
    def digest(self) -> str:
        """Digest of everything that affects losses; excludes name, target and corpus size."""
        parts = {
            "grids": [asdict(grid) for grid in self.grids],
            "shapes": asdict(self.shapes),
            "recipe": self.recipe.constants,
            "data": asdict(self.data) | {"unique_tokens": None},
        }
        return digest(parts)

    @classmethod
    def load(cls, path: str | PathLike[str]) -> Self:
        """Load a ladder from a ``ladder.toml``.

        Raises:
            BadInput: the file cannot be read or is invalid.
        """
        from scalelaw.ladder.files import load_ladder

        return load_ladder(Path(path), cls)

    def dry_run(
        self, device: "str | Device" = "cpu", *, workers: int = 1, forecast: "Forecast | None" = None
    ) -> "DryRun":
        """Estimate compute, steps, time, memory, energy, money and text on a device, without training.

        Args:
            device: a device, or the name of one.
            workers: number of devices in parallel.
            forecast: expected precision of the forecast, from ``expected_half_width``.

        Raises:
            UnknownName: unknown device.
            BadInput: fewer than one worker.
        """
        from scalelaw.ladder.dry_run import dry_run

        return dry_run(self, device, workers=workers, forecast=forecast)

    def save(self, path: str | PathLike[str]) -> None:
        """Write its ``ladder.toml`` to a file.

        Raises:
            BadInput: the file cannot be written.
        """
        write_whole(path, self.toml())

    def toml(self) -> str:
        """Return the text of its ``ladder.toml``, with comments for editing."""
        from scalelaw.ladder.writing import written

        return written(self)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {
            "schema": "scalelaw.ladder/1",
            "name": self.name,
            "digest": self.digest,
            "target": self.target,
            "recipe": self.recipe.label,
            "shapes": asdict(self.shapes),
            "data": asdict(self.data),
            "rungs": [
                {
                    "name": rung.name,
                    "width": rung.shape.width,
                    "held_out": rung.held_out,
                    "params": asdict(rung.counts) | {"total": rung.counts.total},
                    "lr": dict(rung.hyper.lr),
                    "batch_tokens": rung.trunk.batch_tokens,
                    "tokens": list(rung.horizons),
                    "seeds": list(rung.seeds),
                    "steps": rung.trunk.steps,
                    "flops": rung.spent,
                }
                for rung in self.rungs
            ],
        }

    def to_columns(self) -> Columns:
        """Return one row per rung."""
        return columns_of(self.to_dict()["rungs"])

    def report(self) -> Report:
        """Return the rungs with shape, parameters by group, horizons and seeds."""
        head = ["width", "heads", "embedding", "head", "attention", "mlp", "norms", "N", "tokens", "D/N", "seeds", ""]
        rows = [_row(rung) for rung in self.rungs]
        data, saved = self.data, 1 - self.flops / self.separate_flops
        lines = [
            ("models", f"{self.shapes.layers} layers, heads of {self.shapes.head_dim}, V = {self.shapes.vocab_size}"),
            ("recipe", self.recipe.label),
            ("text", f"{data.source}, {data.tokenizer}, {data.seq_len} tokens per sequence"),
            ("runs", f"{len(list(self.runs()))} on {sum(len(rung.seeds) for rung in self.rungs)} trunks"),
            ("compute", f"{self.flops:.3g} FLOP ({EXACT.name}); {saved:.0%} less than separate runs"),
            ("digest", self.digest),
        ]
        return Report(f"ladder {self.name}", [Table([head, *rows], right=range(8)), Lines(lines)])


def _row(rung: Rung) -> list[str]:
    counts = rung.counts
    groups = (counts.input_embedding, counts.head, counts.attention, counts.mlp, counts.norms, counts.total)
    ratios = [tokens / counts.count(EXACT.params) for tokens in rung.horizons]
    spread = f"{min(ratios):.3g}" if len(ratios) == 1 else f"{min(ratios):.3g} to {max(ratios):.3g}"
    return [
        str(rung.shape.width),
        str(rung.shape.heads),
        *(f"{each:,}" for each in groups),
        " ".join(shown(tokens) for tokens in rung.horizons),
        spread,
        str(len(rung.seeds)),
        "held out" if rung.held_out else "",
    ]
