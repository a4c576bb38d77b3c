"""The report of a study: one HTML file with the decision on the first screen and the details below."""

from pathlib import Path

from scalelaw.core.files import write_whole
from scalelaw.reporting import Block, page
from scalelaw.reporting.page import inlined
from scalelaw.viz import svg
from scalelaw.workflows.study.figures import CAPTIONS, draw
from scalelaw.workflows.study.study import Study

_IN_WORDS = {"loss_vs_compute, iso_loss": "figure of loss against compute, and none of contours"}
"""Names of figures -> their description."""


def report(study: Study, path: str | Path) -> Path:
    """Write the report of a study and return its path.

    Args:
        study: the study.
        path: the HTML file to write.

    Raises:
        BadInput: the file cannot be written.
        MissingExtra: matplotlib is not installed.
    """
    return write_whole(path, rendered(study))


def rendered(study: Study) -> str:
    """Return the report as HTML text."""
    drawn, undrawn = study.drawn or draw(study.decided, study.fit)
    figures = {
        name: Block("", figure=inlined(svg(figure), name), caption=CAPTIONS[name]) for name, figure in drawn.items()
    }
    blocks = [
        *(figures.pop(name) for name in ("loss_vs_compute",) if name in figures),
        *([Block("Further doubts", prose=study.answer.others)] if study.answer.others else []),
        *([Block("The plan", report=study.answer.below(study.plan).report())] if study.plan else []),
        *(figures.pop(name) for name in ("iso_loss",) if name in figures),
        Block("How it forecast your larger runs", report=study.backtest.report()),
        *([Block("The laws", report=study.answer.beside(study.ensemble.report()))] if study.ensemble else []),
        Block("One law fitted", report=study.once().report()),
        *figures.values(),
        *(Block("", prose=[f"No {_IN_WORDS.get(name, name)}: {why}."]) for name, why in undrawn.items()),
        Block("The runs", report=study.answer.beside(study.runs.report())),
        Block("Methods", prose=[study.fit.methods()], code=study.fit.bibtex()),
    ]
    who = study.decided.forecaster.label
    return page(f"Scaling study of {study.runs.source}", f"{study.fit.target} by {who}", study.answer, blocks)
