"""``scalelaw calc``: the cost of a run, and its loss by published laws."""

from typing import Annotated

import typer

from scalelaw.cli._output import Json, show
from scalelaw.core.errors import BadInput

Params = Annotated[str, typer.Argument(help="Parameters, e.g. 8B.", metavar="PARAMS")]
Tokens = Annotated[str, typer.Argument(help="Training tokens, e.g. 15T.", metavar="TOKENS")]
NonEmbedding = Annotated[
    str | None, typer.Option(help="Parameters without embeddings, for the laws that take those.", metavar="N")
]
_MOST_PARAMS_PER_TOKEN = 10.0


def calc_command(
    params: Params,
    tokens: Tokens,
    params_non_embedding: NonEmbedding = None,
    json: Json = False,
) -> None:
    """Compute what a run costs and the loss that laws expect.

    Each published law also shows the best split of the same compute. No data needed.
    """
    from scalelaw.planning.calc import calculate

    _check_order(params, tokens)
    show(calculate(params, tokens, params_non_embedding=params_non_embedding), json)


def _check_order(params: str, tokens: str) -> None:
    """Refuse more than ten parameters per token, unless the arguments name their units.

    Raises:
        BadInput: the arguments seem swapped.
    """
    from scalelaw.core.numbers import format_number, parse_number

    size, data = parse_number(params, "params"), parse_number(tokens, "tokens")
    plain = all(text.strip()[-1:].isdigit() or text.strip()[-2:-1].isdigit() for text in (params, tokens))
    if plain and size > _MOST_PARAMS_PER_TOKEN * data > 0:
        raise BadInput(
            f"{format_number(size)} parameters on {format_number(data)} tokens: parameters come first; "
            f"try: scalelaw calc {tokens} {params} "
            f"(if you mean it, name the units: scalelaw calc {params}params {tokens}tokens)"
        )
