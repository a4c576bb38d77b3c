"""What ``scalelaw init`` proposes: settings with their reasons, as text and as a commented ``scalelaw.toml``."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from scalelaw.core.errors import BadInput
from scalelaw.core.files import write_whole
from scalelaw.core.findings import Finding, Grade
from scalelaw.core.numbers import counted
from scalelaw.core.rendering import Lines, Renderable, Report
from scalelaw.core.toml import spelt
from scalelaw.core.version import __version__
from scalelaw.runs.checking.missing import with_names
from scalelaw.runs.observations import Observations
from scalelaw.runs.table import RunTable
from scalelaw.workflows.project.project import FILE

_OUT = "study"


@dataclass(frozen=True, eq=False)
class Proposal(Renderable):
    """What ``init`` found out about a source, and what it proposes.

    Attributes:
        settings: keys of ``scalelaw.toml``.
        table: the runs, where they can be read.
        rows: what a fit would see, where that is settled.
        question: what only the user can know, with its answers; None where nothing is open.
        refusal: why nothing can be fitted, None where something can.
        findings: what was noticed.
    """

    settings: Mapping[str, Any]
    table: RunTable | None
    rows: Observations | None
    question: Finding | None
    refusal: str | None
    findings: tuple[Finding, ...]

    def toml(self) -> str:
        """Return the text of the proposed ``scalelaw.toml``."""
        said = dict(self.settings)
        lines = [
            f"# How {' '.join(said['source'].split())} is read, reduced and fitted;",
            "# `scalelaw` in this folder remakes the whole study.",
            f"# Written by `scalelaw init`, version {__version__}; yours to edit.",
            *self._question(),
            "",
            *spelt("source", said.pop("source")),
            *_section('What the columns are: quantity = column. A quantity is left out with "".', "columns", said),
            *_section("Units of bare numbers.", "units", said),
            *_section("Quantities computed from columns.", "derive", said),
            *_remarks("Assumed or derived", () if self.table is None else self.table.notes),
            "",
            "# What is fitted. use: endpoints (one row a run), best (of each cell swept over `over`) or curves.",
        ]
        fitted = {"use": "endpoints"} | said
        lines += [line for name, value in fitted.items() if name not in self._open() for line in spelt(name, value)]
        lines += (
            [] if "law" in said else ["# Decide by one law alone, not by the ensemble of laws:", '# law = "chinchilla"']
        )
        lines += ["# Leave published studies out of the decision:", '# prior = "none"']
        lines += _remarks("Set aside", () if self.rows is None else _aside(self.rows))
        lines += _remarks("Warnings", [str(each) for each in self.findings if each.grade is Grade.WARN])
        lines += _remarks("Refused as it stands", [self.refusal] if self.refusal else [])
        lines += [
            "",
            "# Budget to plan for, in FLOP; ten times the largest run unless given.",
            "# flops = 1e22",
            "# Folder of the figures; they need the extra `plot`.",
            f"{'' if find_spec('matplotlib') else '# '}{spelt('out', _OUT)[0]}",
            "",
            "# Runs to leave out: by name, by any column, or by rank (top.loss = 5). Every result shows the reason.",
            "# [[exclude]]",
            '# run = ["name"]',
            '# reason = "why"',
        ]
        return "\n".join(lines) + "\n"

    def _open(self) -> set[str]:
        """Return the settings that an answer would give."""
        return {name for answer in self.question.answers for name in answer.settings} if self.question else set()

    def _question(self) -> list[str]:
        """Return the open question with its answers as lines to uncomment."""
        if self.question is None:
            return []
        lines = ["", f"# QUESTION: {self.question.message}. Uncomment the lines of one answer:"]
        for answer in self.question.answers:
            lines.append(f"# - {answer.says}:")
            lines += [f"# {line}" for name, value in answer.settings.items() for line in spelt(name, value)]
        return lines

    def write(self, folder: str | Path = ".", *, force: bool = False) -> Path:
        """Write ``scalelaw.toml`` into a folder and return its path.

        Raises:
            BadInput: it stands there already and ``force`` is not set, or it cannot be written.
        """
        path = Path(folder) / FILE
        try:
            return write_whole(path, self.toml(), over=force)
        except FileExistsError:
            raise BadInput(f"{path} is there already; edit it, or say --force to write it anew") from None

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        question = self.question
        return {
            "schema": "scalelaw.proposal/1",
            "settings": dict(self.settings),
            "runs": None if self.table is None else len(self.table),
            "fitted": None if self.rows is None else len(self.rows),
            "question": None
            if question is None
            else {
                **question.to_dict(),
                "answers": [{"says": each.says, "settings": dict(each.settings)} for each in question.answers],
            },
            "refusal": self.refusal,
            "findings": [each.to_dict() for each in self.findings],
        }

    def sheet(self) -> Report:
        """Return what was found, what is proposed and what is asked."""
        lines = []
        if self.table is not None:
            lines.append(("read", f"{counted(self.table.read, 'row')}, {counted(len(self.table), 'run')}"))
        for name in ("columns", "units", "derive", "where"):
            said = [f"{key} = {value}" for key, value in self.settings.get(name, {}).items()]
            lines += [(name if at == 0 else "", each) for at, each in enumerate(said)]
        if self.rows is not None:
            lines.append(("fitted", f"{counted(len(self.rows), 'row')} of {self.rows.target}, {self.rows.reduction}"))
            lines += [("", f"set aside: {each}") for each in _aside(self.rows)]
        lines += [("warn", f"{each} [{each.code}]") for each in self.findings if each.grade is Grade.WARN]
        if self.refusal:
            lines.append(("refused", self.refusal))
        if self.question:
            lines.append(("question", f"{self.question.message} [{self.question.code}]"))
            lines += [("", f"{n} {each.says}") for n, each in enumerate(self.question.answers, 1)]
        return Report(str(self.settings["source"]), [Lines(lines)])


def _section(title: str, name: str, said: dict[str, Any]) -> list[str]:
    entries = spelt(name, said.pop(name, {}))
    return ["", f"# {title}", *entries] if entries else []


def _remarks(title: str, remarks: Iterable[str]) -> list[str]:
    lines = [f"#   {each}" for each in remarks]
    return [f"# {title}:", *lines] if lines else []


def _aside(rows: Observations) -> list[str]:
    return [f"{part.n} {with_names(part.reason, part.n, rows.findings)}" for part in rows.set_aside]
