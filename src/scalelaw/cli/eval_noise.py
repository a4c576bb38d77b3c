"""``scalelaw eval-noise``: the noise of benchmark scores, and which tasks are worth forecasting."""

from typing import Annotated

import typer

from scalelaw.cli._groups import grouped
from scalelaw.cli._output import Json, show
from scalelaw.cli._table import File, MappingOptions
from scalelaw.cli._values import pairs, real
from scalelaw.core.errors import BadInput

MAPPING = MappingOptions()


@grouped
def eval_noise_command(
    file: File,
    target: Annotated[
        list[str] | None,
        typer.Option(
            help="A task, e.g. score@mmlu, or a metric for all of its tasks; may be repeated.", metavar="METRIC[@SET]"
        ),
    ] = None,
    gain: Annotated[str, typer.Option(help="Difference of two scores to resolve.", metavar="NUMBER")] = "0.01",
    level: Annotated[str, typer.Option(help="Level of tests and intervals, between 0 and 1.", metavar="LEVEL")] = "0.9",
    n_items: Annotated[
        list[str] | None,
        typer.Option(help="Items of every task, e.g. 1000, or of one, e.g. mmlu=14042.", metavar="NUMBER|NAME=NUMBER"),
    ] = None,
    cluster_size: Annotated[
        str | None, typer.Option(help="Items that belong together, e.g. questions about one text.", metavar="NUMBER")
    ] = None,
    correlation: Annotated[
        str | None, typer.Option(help="Correlation of such items, 0 to 1.", metavar="NUMBER")
    ] = None,
    items: Annotated[
        str | None,
        typer.Option(
            help="Per-item answers: columns item, correct, and where needed model, task, cluster.", metavar="FILE"
        ),
    ] = None,
    recipe: Annotated[
        str | None, typer.Option(help="Column of the recipes to compare; usually found.", metavar="COLUMN")
    ] = None,
    mapping: MappingOptions = MAPPING,
    json: Json = False,
) -> None:
    """Find the noise of scores and the tasks worth forecasting.

    Splits the noise into items, seeds and checkpoints, shows the gains it hides, and compares recipes at small and
    large sizes.
    """
    from scalelaw.diagnosing.evaluation_noise import eval_noise
    from scalelaw.runs.reading.load import load_runs

    if (cluster_size is None) != (correlation is None):
        raise BadInput("--cluster-size and --correlation belong together; give both")
    clusters = None if cluster_size is None or correlation is None else (real(cluster_size), real(correlation))
    one = n_items is not None and len(n_items) == 1 and "=" not in n_items[0]
    found = eval_noise(
        load_runs(file, **mapping.arguments()),
        target,
        gain=real(gain),
        level=real(level),
        n_items=real(n_items[0])
        if n_items and one
        else {name: real(count) for name, count in pairs(n_items, "--n-items").items()} or None,
        clusters=clusters,
        items=items,
        recipe=recipe,
    )
    show(found, json)
