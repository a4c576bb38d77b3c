"""Start a project: propose how to read, reduce and fit a source of runs, with at most one open question."""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from os import PathLike, fspath
from pathlib import Path
from typing import Any

from scalelaw.core.errors import BadInput, ScalelawError
from scalelaw.core.findings import Answer, Finding, Grade, enforce
from scalelaw.fitting.checks.suspects import noted
from scalelaw.fitting.fit import fit_observations
from scalelaw.fitting.observe import observe, observe_rows
from scalelaw.fitting.spec import FitSpec
from scalelaw.forecasting.ensemble_name import ensemble_named
from scalelaw.laws import Law, get
from scalelaw.runs.checking.repeated import CODE as REPEATED
from scalelaw.runs.checking.values import check_design
from scalelaw.runs.observations import Observations
from scalelaw.runs.reducing.pooling import check_pooling, check_which_params
from scalelaw.runs.reducing.split import CODE as SPLIT
from scalelaw.runs.reducing.split import joined, parts_of
from scalelaw.runs.table import RunTable
from scalelaw.workflows.project.project import Project, read_project
from scalelaw.workflows.project.proposal import Proposal

Given = int | str | Callable[[Proposal], int | str]
"""An answer by number or text, or a function that returns one for a proposal."""

_READING = ("columns", "units", "derive", "importer", "chance", "strict")
"""Settings that affect the reading of a source; it is read once per combination."""


def init(source: str | PathLike[str], *, answer: Given | None = None, **settings: Any) -> Proposal:
    """Propose a project for a source of runs: columns, units, target, reduction and law.

    If the table leaves a choice to the user, the proposal has one open question with its answers, unless ``answer``
    resolves it.

    Args:
        source: file, folder or address, as ``load_runs`` takes it.
        answer: number (from 1) or text of the answer to an open question, or a function that returns it for a
            proposal; it is called only if there is a question.
        **settings: given keys of ``scalelaw.toml``.

    Raises:
        BadInput: the source cannot be read, or the answer does not exist.
    """
    known: dict[str, Any] = {"source": fspath(source), **settings}
    read: dict[str, RunTable] = {}
    while True:
        found = _look(known, read)
        if found.question is not None and answer is not None:
            given = answer(found) if callable(answer) else answer
            known, answer = _merged(known, _chosen(found.question, given)), None
        elif found.question is None and "use" not in known and (better := _offered(found)):
            known = _merged(known, better)
        elif answer is not None and not callable(answer):
            raise BadInput(f"--answer {answer}: {source} leaves no open question; omit --answer")
        else:
            return found


def _offered(found: Proposal) -> Answer | None:
    """Return the first answer to a warning about the reduction."""
    warned = (each for each in found.findings if each.grade is Grade.WARN and each.code not in (SPLIT, REPEATED))
    return next((each.answers[0] for each in warned if each.answers), None)


def _look(known: Mapping[str, Any], read: dict[str, RunTable]) -> Proposal:
    """Read and reduce the source as far as possible, and report what stopped it; ``read`` caches loaded tables."""
    project, how = read_project(known), repr([known.get(name) for name in _READING])
    findings: list[Finding] = []
    table = rows = refusal = None
    try:
        if how not in read:
            read[how] = project.loaded
        table = project.prepared(read[how])
        law, rows = _rows(project, table)
        rows = rows.complete(law.inputs)
        findings = [
            *noted(rows.findings, law, rows, FitSpec(), fit_observations),
            *check_pooling(rows, law.inputs),
            *check_design(rows, law.inputs, len(law.coefs)),
        ]
        refused = [each for each in findings if each.grade is Grade.REFUSE]
        refusal = "; ".join(str(each) for each in refused) or None
    except ScalelawError as error:
        findings = list(getattr(error, "findings", ()))
        refusal = str(error)
        if table is None and not any(each.answers for each in findings):
            raise
    question = next((each for each in findings if each.grade in (Grade.ASK, Grade.REFUSE) and each.answers), None)
    if question is None and (question := _kind_asked(findings, known)):
        findings = [left for each in findings for left in _not_asked(each, question)]
    settings = dict(known)
    if table is not None:
        settings = _merged(settings, Answer("", {"columns": _mapping(table) | dict(known.get("columns", {}))}))
    return Proposal(settings, table, rows, question, None if question else refusal, tuple(findings))


def _kind_asked(findings: Sequence[Finding], known: Mapping[str, Any]) -> Finding | None:
    """Return the question about the kind of runs, if a column splits the table and no setting selects runs.

    The question is about one column; the others remain a warning.
    """
    if known.get("where"):
        return None
    return next((replace(parts_of(each)[0], grade=Grade.ASK) for each in findings if each.code == SPLIT), None)


def _not_asked(finding: Finding, question: Finding) -> list[Finding]:
    """Return the rest of a finding without the part that became the question."""
    if finding.code != SPLIT:
        return [finding] if finding.message != question.message else []
    return joined([each for each in parts_of(finding) if each.message != question.message])


def _rows(project: Project, table: RunTable) -> tuple[Law, Observations]:
    """Return the law of a project, by default chinchilla, and its rows."""
    named = ensemble_named(project.law)
    if named is None and project.law is not None:
        return observe(project.law, table, target=project.target, use=project.use, over=project.over)
    rows = observe_rows(table, project.target, project.use, project.over)
    if named is not None and named.n is not None:
        return observe(get("chinchilla", n=named.n), rows, use=rows.reduction)
    enforce(check_which_params(rows, ("params", "tokens")))
    return observe("chinchilla", rows, use=rows.reduction)


def _mapping(table: RunTable) -> dict[str, str]:
    """Return quantity -> column, for columns with another name than their quantity."""
    derived = {name for name in table.origins for note in table.notes if note.startswith(f"{name} = ")}
    return {name: column for name, column in table.origins.items() if name != column and name not in derived}


def _chosen(question: Finding, answer: int | str) -> Answer:
    """Return the answer with this number or text.

    Raises:
        BadInput: no answer matches, or several do.
    """
    offered = question.answers
    text = str(answer).strip()
    if text.isdecimal() and 1 <= int(text) <= len(offered):
        return offered[int(text) - 1]
    alike = [each for each in offered if text and text.lower() in each.says.lower()]
    if len(alike) == 1:
        return alike[0]
    answers = "; ".join(f"{n} {each.says}" for n, each in enumerate(offered, 1))
    raise BadInput(f"answer {text!r} matches {'several' if alike else 'none'} of: {answers}")


def _merged(known: Mapping[str, Any], answer: Answer) -> dict[str, Any]:
    merged = dict(known)
    for name, value in answer.settings.items():
        merged[name] = {**merged.get(name, {}), **value} if isinstance(value, Mapping) else value
    return merged


def relative(source: str, folder: str | Path = ".") -> str:
    """Return a path relative to a folder, for its ``scalelaw.toml``; addresses are unchanged."""
    if "://" in source:
        return source
    path, within = Path(source).expanduser(), Path(folder).resolve()
    if path.is_absolute() and not path.is_relative_to(within):
        return str(path)
    return os.path.relpath(path, within if path.is_absolute() else folder)
