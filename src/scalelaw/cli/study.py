"""``scalelaw study``: fit, backtest, plan and figures of one table."""

from typing import Annotated

import typer

from scalelaw.cli import _options as options
from scalelaw.core.errors import BadInput

MaybeFile = Annotated[str | None, typer.Argument(help="File of runs.", metavar="FILE")]
Flops = Annotated[
    str | None, typer.Option(help="Budget to plan for; ten times the dearest run unless given.", metavar="C")
]
Out = Annotated[str | None, typer.Option(help="Folder for the figures.", metavar="DIR")]
Demo = Annotated[bool, typer.Option("--demo", help="Study the shipped synthetic ladder instead of a file.")]


def study_command(
    file: MaybeFile = None,
    law: options.LawName = "chinchilla",
    flops: Flops = None,
    out: Out = None,
    demo: Demo = False,
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
    """Fit, backtest, plan and draw from one table, printed together."""
    from scalelaw import datasets
    from scalelaw.workflows import study

    if demo == (file is not None):
        raise BadInput("study takes either a FILE of runs or --demo; try: scalelaw study --demo")
    table = (
        datasets.load("synthetic-ladder")
        if file is None
        else options.read_table(
            file,
            columns=column,
            units=unit,
            derive=derive,
            exclude_top=exclude_top,
            reason=reason,
            strict=strict,
            per_byte=per_byte,
        )
    )
    result = study(
        table,
        law=law,
        target=target,
        flops=flops,
        out=out,
        draws=draws,
        seed=seed,
        level=level,
        **options.reduction(use, over),
    )
    options.show(result, json)
