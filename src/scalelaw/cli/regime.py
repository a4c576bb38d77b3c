"""``scalelaw regime``: whether parameters, data, steps or compute limit a run."""

from typing import Annotated

import typer

from scalelaw.cli._output import Json, show
from scalelaw.cli._source import known
from scalelaw.cli._stdin import STDIN
from scalelaw.cli._values import real
from scalelaw.core.errors import BadInput

Source = Annotated[
    str,
    typer.Argument(
        help="A saved fit or a published law; - for stdin.", metavar="FIT.json|LAW@SOURCE", parser=STDIN.path
    ),
]
Params = Annotated[str, typer.Option(help="Parameters, e.g. 8B.", metavar="N")]
Tokens = Annotated[str, typer.Option(help="Training tokens seen, e.g. 15T.", metavar="D")]
Unique = Annotated[str | None, typer.Option(help="Distinct tokens; all tokens unless given.", metavar="U")]
Ratio = Annotated[float | None, typer.Option(help="Batch size over critical batch size.", metavar="RATIO", parser=real)]


def regime_command(
    source: Source,
    params: Params,
    tokens: Tokens,
    unique_tokens: Unique = None,
    batch_ratio: Ratio = None,
    json: Json = False,
) -> None:
    """Find what limits a run: parameters, data, steps or compute."""
    from scalelaw.diagnosing.regimes import regime

    forecaster = known(source)
    if forecaster is None:
        raise BadInput(f"{source} is a table; fit it first: scalelaw fit {source} --law chinchilla --save fit.json")
    show(regime(forecaster, params=params, tokens=tokens, unique_tokens=unique_tokens, batch_ratio=batch_ratio), json)
