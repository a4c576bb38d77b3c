"""``scalelaw init``: look at runs, ask at most one question, write ``scalelaw.toml``."""

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from scalelaw.cli._groups import grouped
from scalelaw.cli._output import Json, show
from scalelaw.cli._stdin import STDIN
from scalelaw.cli._table import File, MappingOptions
from scalelaw.core.errors import BadInput

if TYPE_CHECKING:
    from scalelaw.workflows.project.proposal import Proposal

Force = Annotated[bool, typer.Option("--force", help="Overwrite a scalelaw.toml that is there.")]
AnswerOption = Annotated[
    str | None,
    typer.Option("--answer", help="Answer to the one question, by number or words, where it asks.", metavar="N|TEXT"),
]
Dry = Annotated[bool, typer.Option("--dry-run", help="Say what would be written, and write nothing.")]
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
    said = {name: value for name, value in mapping.arguments().items() if value}
    given = _asked if answer is None and sys.stdin.isatty() and not json else answer
    proposal = init(relative(source), answer=given, **said)
    written = None if dry_run else proposal.write(force=force)
    show(proposal, json)
    if json:
        return
    if written is None:
        typer.echo(f"\n{proposal.toml()}")
    elif proposal.refusal is not None:
        typer.echo(f"\n{written} written; `scalelaw` will refuse it until that is mended")
    elif proposal.question is None:
        typer.echo(f"\n{written} written; run `scalelaw` here for the study")
    else:
        typer.echo(f"\n{written} written with the question open; uncomment an answer in it, then run `scalelaw`")


def _asked(proposal: "Proposal") -> int:
    """Show the question and return the number of the answer typed, asking again until it is one."""
    typer.echo(str(proposal))
    answers = len(proposal.question.answers) if proposal.question else 0
    while True:
        number: int = typer.prompt(f"Which, 1 to {answers} (Ctrl-C leaves without writing)", type=int)
        if 1 <= number <= answers:
            return number
