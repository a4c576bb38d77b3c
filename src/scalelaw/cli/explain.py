"""``scalelaw explain``: the compute-optimal exponent after each correction."""

from typing import Annotated

import typer

from scalelaw.cli import _isoflop
from scalelaw.cli._fitting import ResampleOptions
from scalelaw.cli._groups import grouped
from scalelaw.cli._output import Json, show, write_figure
from scalelaw.cli._places import Figure, check_figure
from scalelaw.cli._table import File, MappingOptions
from scalelaw.cli._values import pairs
from scalelaw.core.errors import BadInput

Base = Annotated[
    list[str] | None,
    typer.Option("--base", help="Start with these runs, e.g. warmup=long.", metavar="COLUMN=VALUE,..."),
]
Step = Annotated[
    list[str] | None,
    typer.Option(
        "--step", help="Add a correction: its name and the conditions it changes.", metavar="NAME:COLUMN=VALUE,..."
    ),
]
MAPPING = MappingOptions()
SWEEP = _isoflop.SweepOptions()
DRAWS = ResampleOptions()


@grouped
def explain_command(
    file: File,
    base: Base = None,
    step: Step = None,
    flops: _isoflop.Flops = None,
    figure: Figure = None,
    target: _isoflop.Target = None,
    mapping: MappingOptions = MAPPING,
    sweep: _isoflop.SweepOptions = SWEEP,
    bootstrap: ResampleOptions = DRAWS,
    json: Json = False,
) -> None:
    """Explain why an exponent differs from Chinchilla's.

    Refits N* ~ C^a after each correction between Kaplan's and Chinchilla's set-ups.
    """
    from scalelaw.allocation.explanation import explain
    from scalelaw.runs.reading.load import load_runs

    if figure is not None:
        check_figure(figure, "--figure")
    steps = None
    if step:
        steps = {}
        for text in step:
            name, colon, changes = text.partition(":")
            if not colon or not name.strip():
                raise BadInput(f"--step {text!r}: write it as NAME:COLUMN=VALUE,...")
            steps[name.strip()] = pairs(changes.split(","), "--step")
    chosen = pairs(",".join(base).split(","), "--base") if base else None
    table = load_runs(file, **mapping.arguments())
    how = sweep.chosen(bootstrap)
    found = explain(table, base=chosen, steps=steps, flops=flops, target=target, **how)
    write_figure("waterfall", found, figure)
    show(found, json)
