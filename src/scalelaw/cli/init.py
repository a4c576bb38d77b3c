"""``scalelaw init``: looks at runs, asks at most one question, writes ``scalelaw.toml``."""

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from scalelaw.cli._groups import grouped
from scalelaw.cli._output import Json, echo, show
from scalelaw.cli._stdin import STDIN
from scalelaw.cli._table import File, MappingOptions
from scalelaw.core.errors import BadInput

if TYPE_CHECKING:
    from scalelaw.workflows.project.proposal import Proposal

Force = Annotated[bool, typer.Option("--force", help="Overwrite an existing scalelaw.toml.")]
AnswerOption = Annotated[
    str | None,
    typer.Option("--answer", help="Answer the one question in advance, by number or words.", metavar="N|TEXT"),
]
Dry = Annotated[bool, typer.Option("--dry-run", help="Show the scalelaw.toml without writing it.")]
MAPPING = MappingOptions()


@grouped
def init_command(
    source: File,
    answer: AnswerOption = None,
    force: Force = False,
    dry_run: Dry = False,
    mapping: MappingOptions = MAPPING,
    json: Json = False,
) -> None:
    """Start a project in this folder: write its scalelaw.toml.

    Looks at the runs and asks at most one question. Plain `scalelaw` then makes the study.
    """
    from scalelaw.workflows.project.init import init, relative

    if STDIN.holds(source):
        raise BadInput("a project reads its runs again and again; write them to a file, then: scalelaw init FILE")
    given = {name: value for name, value in mapping.arguments().items() if value}
    reply = _asked if answer is None and sys.stdin.isatty() and not json else answer
    proposal = init(relative(source), answer=reply, **given)
    written = None if dry_run else proposal.write(force=force)
    show(proposal, json)
    if json:
        return
    if written is None:
        echo(f"\n{proposal.toml()}")
    elif proposal.refusal is not None:
        echo(f"\n{written} written; `scalelaw` refuses it until this is corrected")
    elif proposal.question is None:
        echo(f"\n{written} written; run `scalelaw` here for the study")
    else:
        echo(f"\n{written} written without an answer; uncomment one answer in this file, then run `scalelaw`")


def _asked(proposal: "Proposal") -> int:
    """Ask the question until the user types the number of an answer; return it."""
    echo(str(proposal))
    answers = len(proposal.question.answers) if proposal.question else 0
    while True:
        number: int = typer.prompt(f"Which, 1 to {answers} (Ctrl-C leaves without writing)", type=int)
        if 1 <= number <= answers:
            return number
