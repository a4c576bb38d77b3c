"""Read the scoring protocol: which tables, where to cut them, interval levels, and the half held back from tuning."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from scalelaw.backtesting.windows import Window, WindowRules, windows
from scalelaw.core.errors import BadInput
from scalelaw.core.nouns.brief import Brief
from scalelaw.core.reading import one_line
from scalelaw.core.toml import read_toml
from scalelaw.fitting.observe import observe
from scalelaw.laws import Law
from scalelaw.runs.observations import Observations
from scalelaw.runs.table import RunTable
from scalelaw.workflows.project.project import Project, read_project

_RULES = ("min_train", "min_test", "min_sizes", "min_params", "min_decades", "most_reach")
_OURS = ("by", "split", "skip", "why")


@dataclass(frozen=True, eq=False)
class Part:
    """One table, or one part of a split table.

    Attributes:
        name: name of the part.
        by: source of the table; scores average over sources.
        project: how to read it.
        runs: the runs.
    """

    name: str
    by: str
    project: Project
    runs: RunTable

    def observe(self) -> tuple[Law, Observations]:
        """Return the law of the project, by default chinchilla, and its rows.

        Raises:
            ScalelawError: the table cannot be reduced as described.
        """
        how = self.project
        return observe(how.law or "chinchilla", self.runs, target=how.target, use=how.use, over=how.over)


@dataclass(frozen=True, eq=False)
class Case(Brief):
    """One cut of one table.

    Attributes:
        table: name of the table.
        by: source of the table.
        window: fitted and scored rows.
    """

    table: str
    by: str
    window: Window

    @property
    def name(self) -> str:
        """Name of the case."""
        return f"{self.table} {self.window.axis} < {self.window.below:.3g}"


@dataclass(frozen=True, eq=False)
class Protocol(Brief):
    """The content of ``protocol.toml``.

    Attributes:
        tables: name -> keys of a scalelaw.toml, with ``by`` and ``split``.
        most_cuts: axis -> largest number of cuts.
        rules: requirements for a cut.
        levels: levels of the scored intervals.
        reach: edges of the bins of reach.
        halves: name of a half -> sources.
        baselines: name -> description.
    """

    tables: Mapping[str, Mapping[str, Any]]
    most_cuts: Mapping[str, int]
    rules: WindowRules
    levels: tuple[float, ...]
    reach: tuple[float, ...]
    halves: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    baselines: Mapping[str, str] = field(default_factory=dict)

    def parts(self, data: Path, half: str | None = None) -> Iterator[Part]:
        """Load the tables one by one, of all sources or of one half.

        Args:
            data: folder of the sources.
            half: ``development`` or ``left_out``; None for all sources.
        """
        if half is not None and half not in self.halves:
            raise BadInput(f"unknown half {half!r}; the protocol has {', '.join(self.halves)}")
        for name, how in self.tables.items():
            if "skip" not in how and (half is None or how["by"] in self.halves[half]):
                yield from parts(name, how, data)

    def cases(self, data: Path, half: str | None = None) -> Iterator[Case]:
        """Yield every cut of every table."""
        for part in self.parts(data, half):
            yield from self.cases_of(part)

    def cases_of(self, part: Part) -> Iterator[Case]:
        """Yield every cut of one table."""
        _, observed = part.observe()
        observed = observed.complete(("params", "tokens")) if "params" in observed.columns else observed
        for axis, most in self.most_cuts.items():
            for window in windows(observed, (axis,), self.rules.with_most(most)):
                yield Case(part.name, part.by, window)


def read_protocol(path: str | Path) -> Protocol:
    """Load a protocol.

    Raises:
        BadInput: the file cannot be read or lacks a part.
    """
    file = Path(path)
    with one_line(str(path)):
        content = read_toml(file, "the protocol cannot be read; see benchmarks/forecast/protocol.toml")
        include = content.get("include")
        tables = {} if include is None else read_toml(file.parent / include, "the protocol includes it")
        try:
            return _protocol(content, tables)
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            lacks = f"{error} is missing" if isinstance(error, KeyError) else str(error)
            raise BadInput(f"{path} is not a protocol: {lacks}; see benchmarks/forecast/protocol.toml") from None


def _protocol(content: Mapping[str, Any], tables: Mapping[str, Any]) -> Protocol:
    cuts = dict(content["windows"])
    return Protocol(
        {**tables, **content.get("table", {})},
        {axis: cuts["most_cuts"][axis] for axis in cuts["axes"]},
        WindowRules(
            **{
                name: cuts[name]
                for name in ("min_train", "min_test", "min_sizes", "min_params", "min_decades", "most_reach")
            }
        ),
        tuple(content["scores"]["levels"]),
        tuple(content["scores"]["reach"]),
        {name: tuple(sources) for name, sources in content.get("halves", {}).items()},
        content.get("baselines", {}),
    )


def parts(name: str, how: Mapping[str, Any], data: Path) -> Iterator[Part]:
    """Load one table and yield it, or each of its parts."""
    project = read_project({key: value for key, value in how.items() if key not in _OURS}, data)
    runs, split = project.table, how.get("split", [])
    if not split:
        yield Part(name, how["by"], project, runs)
        return
    named = [runs.values(column).tolist() for column in split]
    for key in dict.fromkeys(zip(*named, strict=True)):
        part = runs.where(**dict(zip(split, key, strict=True)))
        yield Part(f"{name} {' '.join(map(str, key))}", how["by"], project, part)
