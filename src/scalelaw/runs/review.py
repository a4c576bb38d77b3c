"""Review a table of runs: collect every warning, question and refusal without raising."""

import warnings
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from scalelaw.accounting.pearce_song import check_embeddings
from scalelaw.core.errors import BadTable, NeedsAnswer, ScalelawWarning
from scalelaw.core.findings import Finding, Grade
from scalelaw.core.nouns.tabular import Columns, Tabular, columns_of
from scalelaw.core.numbers import counted
from scalelaw.core.rendering import Lines, Renderable, Report
from scalelaw.runs.chance import Chance
from scalelaw.runs.checking.scores import joined_by_code
from scalelaw.runs.choshen_rules import check_guide
from scalelaw.runs.grouping.one_run import time_of_one_run
from scalelaw.runs.observations import Observations, SetAside
from scalelaw.runs.reading.load import load_runs
from scalelaw.runs.reducing.pooling import check_pooling
from scalelaw.runs.table import RunTable

_SIZES = ("params", "tokens")
_OF_TIME = frozenset({"steps", "epochs", "planned_steps", "lr", "lr_now"})
_OF_NAMES = frozenset({"run", "label", "state", "seq_len"})
_ORDER = (Grade.REFUSE, Grade.ASK, Grade.WARN, Grade.SET_ASIDE)


@dataclass(frozen=True, eq=False)
class Review(Renderable, Tabular):
    """The findings on a table, most severe first.

    Attributes:
        source: file or object of the rows.
        table: its runs, None where it cannot be loaded.
        findings: each with code, grade and fix.
        usable: target -> number of runs with a usable end point.
        set_aside: target -> runs excluded from its end points, by reason.
        rules: advice by the ten rules of ``choshen_rules``; it never stops a fit.
    """

    source: str
    table: RunTable | None
    findings: tuple[Finding, ...]
    usable: Mapping[str, int] = field(default_factory=dict)
    set_aside: Mapping[str, tuple[SetAside, ...]] = field(default_factory=dict)
    rules: tuple[Finding, ...] = ()

    @property
    def stopped(self) -> bool:
        """Whether a finding refuses or asks the user."""
        return any(finding.grade in (Grade.REFUSE, Grade.ASK) for finding in self.findings)

    def adding(self, findings: Iterable[Finding]) -> "Review":
        """Return the review with more findings on the same table."""
        return replace(self, findings=_sorted([*self.findings, *findings]))

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, schema ``scalelaw.review/1``."""
        return {
            "schema": "scalelaw.review/1",
            "source": self.source,
            "rows": None if self.table is None else self.table.read,
            "runs": None if self.table is None else len(self.table),
            "findings": [finding.to_dict() for finding in self.findings],
            "usable": dict(self.usable),
            "set_aside": {target: [gone.to_dict() for gone in every] for target, every in self.set_aside.items()},
            "rules": [finding.to_dict() for finding in self.rules],
        }

    def to_columns(self) -> Columns:
        """Return one row per finding."""
        return columns_of(finding.to_dict() for finding in (*self.findings, *self.rules))

    def report(self) -> Report:
        """Return the findings as a report, most severe first, each with its fix."""
        table = self.table
        size = "cannot be loaded as it is" if table is None else _size(table)
        lines = []
        for target, count in self.usable.items():
            lines.append((target, f"{counted(count, 'run')} usable"))
            lines += [("  excluded", f"{gone.n}: {gone.reason}") for gone in self.set_aside[target]]
        if not self.findings:
            lines.append(("", "no findings"))
        rules = [Report("advice by the rules of Choshen et al. 2024", [_lines(self.rules)])] if self.rules else []
        return Report(f"{self.source}: {size}", [Lines(lines, width=0), _lines(self.findings), *rules])


def review_runs(
    source: Any,
    *,
    columns: Mapping[str, str | None] | None = None,
    units: Mapping[str, str] | None = None,
    derive: Mapping[str, str] | None = None,
    importer: str | None = None,
    chance: Chance | None = None,
) -> Review:
    """Return the findings of loading a table, taking its end points and fitting them; nothing is raised.

    Args:
        source: file or object; this and the options as in ``load_runs``.
        columns: quantity -> column.
        units: quantity -> unit.
        derive: quantity -> arithmetic over columns.
        importer: name of the importer to use.
        chance: score of guessing, as in ``load_runs``.

    Raises:
        BadInput: the source or an option cannot be read at all.

    Example:
        >>> review = review_runs({"params": [70, 410], "tokens": [1.4e9, 8.2e9], "loss": [3.6, 2.7]})
        >>> [finding.code for finding in review.findings], review.stopped
        (['RUNS_UNSAID_UNITS'], True)
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ScalelawWarning)  # reported as findings instead
        try:
            table = load_runs(source, columns=columns, units=units, derive=derive, importer=importer, chance=chance)
        except (BadTable, NeedsAnswer) as error:
            if not error.findings:
                raise
            return Review(_name(source), None, _sorted(error.findings))
        return _of_table(table)


def _size(table: RunTable) -> str:
    return f"{counted(table.read, 'row')}, {counted(len(table), 'run')}"


def _lines(findings: tuple[Finding, ...]) -> Lines:
    """Return each finding with its grade, followed by its fix."""
    found = []
    for each in findings:
        lead = "excluded" if each.grade is Grade.SET_ASIDE else str(each.grade)
        found.append((lead, f"{each.message} [{each.code}]"))
        found += [("  fix", each.fix)] if each.fix else []
    return Lines(found)


def _of_table(table: RunTable) -> Review:
    findings, without = [*table.findings, *_nothing_to_fit(table)], list[Finding]()
    usable: dict[str, int] = {}
    set_aside: dict[str, tuple[SetAside, ...]] = {}
    rules: tuple[Finding, ...] = ()
    for target in table.targets:
        try:
            observations = table.endpoints(target)
        except (BadTable, NeedsAnswer) as error:
            without += error.findings
            continue
        findings += [*observations.findings, *check_pooling(observations, _SIZES), *_embeddings(observations)]
        rules = rules or tuple(check_guide(table, observations))
        usable[target] = len(observations)
        set_aside[target] = observations.set_aside
    findings += [_milder(finding) if usable else finding for finding in without]
    return Review(table.source, table, _sorted(joined_by_code(findings)), usable, set_aside, rules)


def _nothing_to_fit(table: RunTable) -> list[Finding]:
    """Refuse losses over steps alone: a law needs size, tokens or compute."""
    if set(table.quantities()) - _OF_TIME - _OF_NAMES or "steps" not in table.quantities():
        return []
    hints = [note for note in table.notes if note.startswith("no column is ")]
    if "run" in table.runs and hints:
        message = f"the log{'s state' if len(table) > 1 else ' states'} no params, tokens or flops"
        return [Finding("RUNS_NOTHING_KNOWN", Grade.REFUSE, message, table.read, "; ".join(hints))]
    if time_of_one_run(table) != "steps":
        return []
    message = f"the {table.read} rows are readings of one run over steps, without params, tokens or flops"
    fix = (
        'state them with derive={"params": "124e6", "tokens": "steps * 524288"} '
        "(CLI: --derive params=124e6 --derive 'tokens=steps * 524288'); a law needs several runs, and "
        "`scalelaw extrapolate` forecasts the end of this one"
    )
    return [Finding("RUNS_NOTHING_KNOWN", Grade.REFUSE, message, table.read, fix)]


def _embeddings(observations: Observations) -> list[Finding]:
    columns = observations.columns
    if not {"params", "params_non_embedding"} <= set(columns):
        return []
    return check_embeddings(columns["params"], columns["params_non_embedding"])


def _milder(finding: Finding) -> Finding:
    """Return a warning instead of a refusal, for a target without usable runs beside others that have some."""
    return replace(finding, grade=Grade.WARN) if finding.code == "RUNS_NONE_LEFT" else finding


def _sorted(findings: Any) -> tuple[Finding, ...]:
    """Return each finding once, most severe first."""
    once = {(finding.code, finding.message): finding for finding in findings}
    return tuple(sorted(once.values(), key=lambda finding: _ORDER.index(finding.grade)))


def _name(source: Any) -> str:
    return str(source) if isinstance(source, str) or hasattr(source, "__fspath__") else type(source).__name__
