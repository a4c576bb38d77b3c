"""``scalelaw plan``: how to spend a budget, from a table, a saved fit or a published law."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from scalelaw.cli import _options as options
from scalelaw.core.errors import BadInput, UnknownName

if TYPE_CHECKING:
    from scalelaw.core.forecaster import Forecaster

Source = Annotated[
    str, typer.Argument(help="Table of runs, saved fit, or published law.", metavar="FILE|FIT.json|LAW@SOURCE")
]
Flops = Annotated[str | None, typer.Option(help="Budget, e.g. 1e22.", metavar="C")]
Params = Annotated[str | None, typer.Option(help="Size, e.g. 8B: how many tokens suit it?", metavar="N")]
Tokens = Annotated[str | None, typer.Option(help="Tokens, e.g. 2T: which size suits them?", metavar="D")]
LossGoal = Annotated[str | None, typer.Option("--loss", help="Loss to reach at the least compute.", metavar="L")]
MaxParams = Annotated[str | None, typer.Option(help="Largest size allowed.", metavar="N")]
MaxTokens = Annotated[str | None, typer.Option(help="Most tokens there are.", metavar="D")]


def plan_command(
    source: Source,
    flops: Flops = None,
    params: Params = None,
    tokens: Tokens = None,
    loss: LossGoal = None,
    max_params: MaxParams = None,
    max_tokens: MaxTokens = None,
    law: options.LawName = "chinchilla",
    target: options.Target = None,
    column: options.Columns = None,
    unit: options.Units = None,
    derive: options.Derive = None,
    exclude_top: options.ExcludeTop = None,
    reason: options.Reason = None,
    strict: options.Strict = False,
    per_byte: options.PerByte = False,
    use: options.Use = None,
    over: options.Over = None,
    draws: options.Draws = 1000,
    seed: options.Seed = 0,
    level: options.Level = 0.9,
    json: options.Json = False,
) -> None:
    """Decide how to spend a budget: params, tokens and loss, with intervals, reach and assumptions."""
    from scalelaw.fitting import fit
    from scalelaw.planning import plan

    forecaster = _ready_made(source)
    if forecaster is None:
        table = options.read_table(
            source,
            columns=column,
            units=unit,
            derive=derive,
            exclude_top=exclude_top,
            reason=reason,
            strict=strict,
            per_byte=per_byte,
        )
        reduced = options.reduction(use, over)
        forecaster = fit(law, table, target=target, draws=draws, seed=seed, level=level, **reduced)
    answer = plan(
        forecaster,
        flops=flops,
        params=params,
        tokens=tokens,
        loss=loss,
        level=level,
        max_params=max_params,
        max_tokens=max_tokens,
    )
    options.show(answer, json)


def _ready_made(source: str) -> "Forecaster | None":
    """Return the published law or saved fit of this name, None where it is a file of runs.

    Raises:
        BadInput: it is none of them.
    """
    from scalelaw.fitting import is_fit, load_fit, published
    from scalelaw.laws import parse

    if not Path(source).exists() and "@" in source:
        named, of = parse(source)
        if of is None:
            raise UnknownName.among(f"source of {named.spelling}", source, named.published)
        return published(named, of)
    if source.endswith(".json") and is_fit(source):
        return load_fit(source)
    if not Path(source).exists():
        raise BadInput(f"{source}: no such file; a published law is written LAW@SOURCE, like chinchilla@besiroglu2024")
    return None
