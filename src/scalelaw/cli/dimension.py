"""``scalelaw dimension``: the intrinsic dimension of data, a prior on an exponent."""

from typing import Annotated

import typer

from scalelaw.cli._output import Json, show
from scalelaw.cli._stdin import STDIN

Neighbours = Annotated[int, typer.Option(help="Neighbours in the Levina-Bickel estimate, 5 to 50.", metavar="K")]
Points = Annotated[
    str,
    typer.Argument(
        help="A table with one point per row, one feature per column; - for stdin.", metavar="FILE", parser=STDIN.path
    ),
]


def dimension_command(file: Points, neighbours: Neighbours = 20, json: Json = False) -> None:
    """Estimate the intrinsic dimension d of data.

    4/d is a prior on a scaling exponent, not a prediction.
    """
    import numpy as np

    from scalelaw.core.errors import BadInput
    from scalelaw.diagnosing.dimension import intrinsic_dimension
    from scalelaw.runs.reading.io_source import read_source

    columns = [column.values for column in read_source(file).columns.values() if column.numeric]
    if not columns:
        raise BadInput(f"{file} has no numeric column; give one feature per column")
    show(intrinsic_dimension(np.column_stack(columns), neighbours=neighbours), json)
