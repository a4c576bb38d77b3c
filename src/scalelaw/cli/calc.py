"""``scalelaw calc``: what a run costs and what published laws say of it."""

from typing import Annotated

import typer

from scalelaw.cli import _options as options
from scalelaw.cli._output import show

Params = Annotated[str, typer.Argument(help="Parameters, e.g. 8B.", metavar="PARAMS")]
Tokens = Annotated[str, typer.Argument(help="Training tokens, e.g. 15T.", metavar="TOKENS")]
NonEmbedding = Annotated[
    str | None, typer.Option(help="Parameters without embeddings, for the laws that take those.", metavar="N")
]


def calc_command(
    params: Params,
    tokens: Tokens,
    params_non_embedding: NonEmbedding = None,
    json: options.Json = False,
) -> None:
    """Compute what a run costs and the loss that laws expect."""
    from scalelaw.planning.calc import calculate

    show(calculate(params, tokens, params_non_embedding=params_non_embedding), json)
