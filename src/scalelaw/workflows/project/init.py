"""Begin a project: look at a source of runs, propose how to read, reduce and fit it, ask at most one question."""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
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
"""An answer by number or words, or what gives one once it has seen the question."""

_READING = ("columns", "units", "derive", "importer", "strict")
"""The settings that a source is read by; under equal ones it is read once."""


def init(source: str, *, answer: Given | None = None, **settings: Any) -> Proposal:
    """Look at a source of runs and propose a project: columns, units, target, reduction and law.

    What can be told from the table is proposed; where only the user can know, one question stands open in the
    proposal with its answers, unless ``answer`` gives one.

    Args:
        source: file, folder or address, as ``load_runs`` takes it.
        answer: number (from 1) or words of the answer to the one question, where there is one; or a function that
            returns it and is called with the proposal only where something is asked.
        **settings: keys of ``scalelaw.toml`` that are settled already.

    Raises:
        BadInput: nothing can be read, or there is no such answer.
    """
    said: dict[str, Any] = {"source": source, **settings}
    read: dict[str, RunTable] = {}
    while True:
        found = _look(said, read)
        if found.question is not None and answer is not None:
            given = answer(found) if callable(answer) else answer
            said, answer = _merged(said, _chosen(found.question, given)), None
        elif found.question is None and "use" not in said and (better := _offered(found)):
            said = _merged(said, better)
        elif answer is not None and not callable(answer):
            raise BadInput(f"--answer {answer}: nothing is asked about {source}")
        else:
            return found


def _offered(found: Proposal) -> Answer | None:
    """Return what answers a warning about the reduction."""
    warned = (each for each in found.findings if each.grade is Grade.WARN and each.code not in (SPLIT, REPEATED))
    return next((each.answers[0] for each in warned if each.answers), None)


def _look(said: Mapping[str, Any], read: dict[str, RunTable]) -> Proposal:
    """Read and reduce the source as far as it goes, and tell what stopped; ``read`` keeps what was read."""
    project, how = read_project(said), repr([said.get(name) for name in _READING])
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
    if question is None and (question := _kind_asked(findings, said)):
        findings = [left for each in findings for left in _not_asked(each, question)]
    settings = dict(said)
    if table is not None:
        settings = _merged(settings, Answer("", {"columns": _mapping(table) | dict(said.get("columns", {}))}))
    return Proposal(settings, table, rows, question, None if question else refusal, tuple(findings))


def _kind_asked(findings: Sequence[Finding], said: Mapping[str, Any]) -> Finding | None:
    """Return the question which kind of runs is meant, where a column splits the table and nothing selects runs yet.

    One column is asked about; the others stand as a warning.
    """
    if said.get("where"):
        return None
    return next((replace(parts_of(each)[0], grade=Grade.ASK) for each in findings if each.code == SPLIT), None)


def _not_asked(finding: Finding, question: Finding) -> list[Finding]:
    """Return what is left of a finding beside the question that one of its columns raises."""
    if finding.code != SPLIT:
        return [finding] if finding.message != question.message else []
    return joined([each for each in parts_of(finding) if each.message != question.message])


def _rows(project: Project, table: RunTable) -> tuple[Law, Observations]:
    """Return the rows a project fits, and the law it names; Chinchilla's stands for the ensemble."""
    named = ensemble_named(project.law)
    if named is None and project.law is not None:
        return observe(project.law, table, target=project.target, use=project.use, over=project.over)
    rows = observe_rows(table, project.target, project.use, project.over)
    if named is not None and named.n is not None:
        return observe(get("chinchilla", n=named.n), rows, use=rows.reduction)
    enforce(check_which_params(rows, ("params", "tokens")))
    return observe("chinchilla", rows, use=rows.reduction)


def _mapping(table: RunTable) -> dict[str, str]:
    """Return the columns that stand under another name than their quantity's."""
    derived = {name for name in table.origins for note in table.notes if note.startswith(f"{name} = ")}
    return {name: column for name, column in table.origins.items() if name != column and name not in derived}


def _chosen(question: Finding, answer: int | str) -> Answer:
    """Return the answer of this number, or of these words.

    Raises:
        BadInput: there is none.
    """
    offered = question.answers
    text = str(answer).strip()
    if text.isdecimal() and 1 <= int(text) <= len(offered):
        return offered[int(text) - 1]
    alike = [each for each in offered if text and text.lower() in each.says.lower()]
    if len(alike) == 1:
        return alike[0]
    known = "; ".join(f"{n} {each.says}" for n, each in enumerate(offered, 1))
    raise BadInput(f"answer {text!r} is {'several' if alike else 'none'} of: {known}")


def _merged(said: Mapping[str, Any], answer: Answer) -> dict[str, Any]:
    merged = dict(said)
    for name, value in answer.settings.items():
        merged[name] = {**merged.get(name, {}), **value} if isinstance(value, Mapping) else value
    return merged


def relative(source: str, folder: str | Path = ".") -> str:
    """Return a path as the ``scalelaw.toml`` of a folder should hold it; an address stays as it is."""
    if "://" in source:
        return source
    path, within = Path(source).expanduser(), Path(folder).resolve()
    if path.is_absolute() and not path.is_relative_to(within):
        return str(path)
    return os.path.relpath(path, within if path.is_absolute() else folder)
