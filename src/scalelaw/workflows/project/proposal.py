"""The proposal of ``scalelaw init``: settings with reasons, as text and as a commented ``scalelaw.toml``."""

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
    """The findings of ``init`` about a source, and its proposed settings.

    Attributes:
        settings: keys of ``scalelaw.toml``.
        table: the runs; None if they cannot be read.
        rows: the rows of a fit; None if undecided.
        question: the open question with its answers, or None.
        refusal: why the rows cannot be fitted, or None.
        findings: findings about the runs.
    """

    settings: Mapping[str, Any]
    table: RunTable | None
    rows: Observations | None
    question: Finding | None
    refusal: str | None
    findings: tuple[Finding, ...]

    def toml(self) -> str:
        """Return the text of the proposed ``scalelaw.toml``."""
        rest = dict(self.settings)
        lines = [
            f"# How to read, reduce and fit {' '.join(rest['source'].split())};",
            "# `scalelaw` in this folder runs the whole study again.",
            f"# Written by `scalelaw init`, version {__version__}; edit as you like.",
            *self._question(),
            "",
            *spelt("source", rest.pop("source")),
            *_section('Columns: quantity = column; "" excludes a quantity.', "columns", rest),
            *_section("Units of bare numbers.", "units", rest),
            *_section("Quantities computed from columns.", "derive", rest),
            *_section("Score of guessing, by benchmark.", "chance", rest),
            *_remarks("Assumed or derived", () if self.table is None else self.table.notes),
            "",
            "# Rows to fit. use: endpoints (one row per run), best (of each sweep over `over`) or curves.",
        ]
        fitted = {"use": "endpoints"} | rest
        lines += [line for name, value in fitted.items() if name not in self._open() for line in spelt(name, value)]
        lines += (
            [] if "law" in rest else ["# Decide by one law instead of the ensemble of laws:", '# law = "chinchilla"']
        )
        lines += ["# Exclude published studies from the decision:", '# prior = "none"']
        lines += _remarks("Excluded", () if self.rows is None else _excluded(self.rows))
        lines += _remarks("Warnings", [str(each) for each in self.findings if each.grade is Grade.WARN])
        lines += _remarks("Cannot be fitted yet", [self.refusal] if self.refusal else [])
        lines += [
            "",
            "# Budget to plan for, in FLOP; by default ten times the largest run.",
            "# flops = 1e22",
            "# Folder of the figures, which need the extra `plot`.",
            f"{'' if find_spec('matplotlib') else '# '}{spelt('out', _OUT)[0]}",
            "",
            "# Runs to exclude: by name, by any column, or by rank (top.loss = 5). Every result shows the reason.",
            "# [[exclude]]",
            '# run = ["name"]',
            '# reason = "why"',
        ]
        return "\n".join(lines) + "\n"

    def _open(self) -> set[str]:
        """Return the settings that the answers would set."""
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
            BadInput: the file exists and ``force`` is not set, or it cannot be written.
        """
        path = Path(folder) / FILE
        try:
            return write_whole(path, self.toml(), over=force)
        except FileExistsError:
            raise BadInput(f"{path} already exists; edit it, or overwrite it with --force") from None

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

    def report(self) -> Report:
        """Return findings, proposed settings and the open question."""
        lines = []
        if self.table is not None:
            lines.append(("read", f"{counted(self.table.read, 'row')}, {counted(len(self.table), 'run')}"))
        for name in ("columns", "units", "derive", "where"):
            entries = [f"{key} = {value}" for key, value in self.settings.get(name, {}).items()]
            lines += [(name if at == 0 else "", each) for at, each in enumerate(entries)]
        if self.rows is not None:
            lines.append(("fitted", f"{counted(len(self.rows), 'row')} of {self.rows.target}, {self.rows.reduction}"))
            lines += [("", f"excluded: {each}") for each in _excluded(self.rows)]
        lines += [("warn", f"{each} [{each.code}]") for each in self.findings if each.grade is Grade.WARN]
        if self.refusal:
            lines.append(("refused", self.refusal))
        if self.question:
            lines.append(("question", f"{self.question.message} [{self.question.code}]"))
            lines += [("", f"{n} {each.says}") for n, each in enumerate(self.question.answers, 1)]
        return Report(str(self.settings["source"]), [Lines(lines)])


def _section(title: str, name: str, rest: dict[str, Any]) -> list[str]:
    entries = spelt(name, rest.pop(name, {}))
    return ["", f"# {title}", *entries] if entries else []


def _remarks(title: str, remarks: Iterable[str]) -> list[str]:
    lines = [f"#   {each}" for each in remarks]
    return [f"# {title}:", *lines] if lines else []


def _excluded(rows: Observations) -> list[str]:
    return [f"{part.n} {with_names(part.reason, part.n, rows.findings)}" for part in rows.set_aside]
