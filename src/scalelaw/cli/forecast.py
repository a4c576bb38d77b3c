"""``scalelaw forecast``: what larger runs are expected to reach, by every law the runs allow, calibrated."""

from typing import Annotated

import typer

from scalelaw.cli import _options as options
from scalelaw.cli._groups import grouped
from scalelaw.cli._output import show
from scalelaw.core.errors import BadInput
from scalelaw.core.numbers import parse_number

Params = Annotated[str | None, typer.Option(help="Size of the run to forecast, e.g. 8B.", metavar="N")]
Tokens = Annotated[str | None, typer.Option(help="Tokens of the run to forecast, e.g. 2T.", metavar="D")]
Flops = Annotated[
    str | None,
    typer.Option(help="Budget to forecast, spent compute-optimally; 3, 10 and 30 times the dearest run unless given."),
]
Kind = Annotated[str | None, typer.Option("--n", help="Kind of N the laws take, e.g. params_active.", metavar="KIND")]
Draws = Annotated[int, typer.Option(help="Draws of each law.", metavar="COUNT")]
Seed = Annotated[int, typer.Option(help="Seed of the draws.", metavar="NUMBER")]
Level = Annotated[float, typer.Option(help="Level of the intervals.", parser=options.real, metavar="SHARE")]
Calibrated = Annotated[
    str | None, typer.Option("--calibration", help="Calibration that `scalelaw calibrate` wrote.", metavar="FILE")
]
TABLE = options.TableOptions()


@grouped
def forecast_command(
    file: options.File,
    params: Params = None,
    tokens: Tokens = None,
    flops: Flops = None,
    n: Kind = None,
    level: Level = 0.9,
    draws: Draws = 200,
    seed: Seed = 0,
    calibration: Calibrated = None,
    table: options.TableOptions = TABLE,
    json: options.Json = False,
) -> None:
    """Forecast larger runs by a mixture of laws, with intervals that held on larger runs of other studies."""
    from scalelaw.backtesting import forecast, load_calibration
    from scalelaw.core.forecaster import check_level
    from scalelaw.planning import ahead

    check_level(level)
    if (params is None) != (tokens is None) or (params is not None and flops is not None):
        raise BadInput("a run is --params and --tokens together; --flops alone spends a budget compute-optimally")
    size, data, budget = (None if text is None else parse_number(text) for text in (params, tokens, flops))
    known = None if calibration is None else load_calibration(calibration)
    mixture = forecast(table.read(file), **table.reduced(), n=n, calibration=known, draws=draws, seed=seed)
    kind = n or next((name for name in mixture.inputs if name.startswith("params")), "params")
    point = {} if size is None or data is None else {kind: size, "tokens": data}
    show(ahead(mixture, flops=budget, level=level, at=point), json)
