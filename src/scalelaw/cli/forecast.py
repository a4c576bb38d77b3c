"""``scalelaw forecast``: the loss or the scores of larger runs, by a calibrated ensemble of laws."""

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from scalelaw.cli._deciding import PriorName, with_prior
from scalelaw.cli._groups import grouped
from scalelaw.cli._output import Json, show, show_answered
from scalelaw.cli._scores import forecast_asked, scores_asked
from scalelaw.cli._table import File, TableOptions, words_of
from scalelaw.cli._values import real
from scalelaw.core.errors import BadInput
from scalelaw.core.numbers import format_number, parse_number

if TYPE_CHECKING:
    from scalelaw.fitting.spec import FitOptions
    from scalelaw.planning.question import QuestionOptions
    from scalelaw.runs.table import RunTable

Params = Annotated[str | None, typer.Option(help="Size of the run to forecast, e.g. 8B.", metavar="N")]
Tokens = Annotated[str | None, typer.Option(help="Tokens of the run to forecast, e.g. 2T.", metavar="D")]
Flops = Annotated[
    str | None,
    typer.Option(help="Budget, split compute-optimally; 3, 10 and 30 times the largest run unless given."),
]
Kind = Annotated[str | None, typer.Option(help="Kind of N the laws take, e.g. params_active.", metavar="KIND")]
Draws = Annotated[int, typer.Option(help="Draws of each law.", metavar="COUNT")]
Seed = Annotated[int, typer.Option(help="Seed of the draws.", metavar="NUMBER")]
Level = Annotated[float, typer.Option(help="Level of the intervals.", parser=real, metavar="SHARE")]
From = Annotated[
    str | None, typer.Option("--from", help="Measured loss that a score follows, e.g. loss@c4.", metavar="METRIC@SET")
]
Calibrated = Annotated[
    str | None, typer.Option("--calibration", help="Calibration that `scalelaw calibrate` wrote.", metavar="FILE")
]
TABLE = TableOptions()


@grouped
def forecast_command(
    file: File,
    params: Params = None,
    tokens: Tokens = None,
    flops: Flops = None,
    params_kind: Kind = None,
    level: Level = 0.9,
    draws: Draws = 200,
    seed: Seed = 0,
    prior: PriorName = None,
    calibration: Calibrated = None,
    from_: From = None,
    table: TableOptions = TABLE,
    json: Json = False,
) -> None:
    """Forecast losses or scores of larger runs, with intervals.

    An ensemble of laws forecasts. Its intervals were calibrated on larger runs of other studies. --target score
    forecasts every score of the table.
    """
    from scalelaw.core.forecaster import check_level
    from scalelaw.forecasting.calibration import load_calibration
    from scalelaw.forecasting.forecast import check_draws
    from scalelaw.planning.larger_runs import predict_larger
    from scalelaw.workflows.study.decide import EnsembleRules, decide

    check_level(level)
    check_draws(draws)
    if (params is None) != (tokens is None) or (params is not None and flops is not None):
        raise BadInput("give --params and --tokens together for one run, or only --flops for a compute-optimal run")
    size, data, budget = (None if text is None else parse_number(text) for text in (params, tokens, flops))
    runs = table.read(file)
    if targets := scores_asked(runs, table.target):
        kinds = params_kind or "params"
        _scores(runs, targets, from_, words_of(file, table), json,
                kind=params_kind, draws=draws, seed=seed, level=level, flops=budget,
                at=None if size is None or data is None else {kinds: size, "tokens": data})  # fmt: skip
        return
    if from_ is not None:
        raise BadInput("--from names the loss that a score follows; choose a score with --target score@...")
    how: FitOptions = {"draws": draws, "seed": seed, "level": level}
    how = with_prior(how, prior)
    known = None if calibration is None else load_calibration(calibration)
    asked: QuestionOptions = {"flops": budget}
    rules = EnsembleRules(params_kind, known, False)
    found = decide(runs, **table.reduced(), ensemble=rules, asked=asked, **how)
    mixture = found.forecaster
    kind = params_kind or next((name for name in mixture.inputs if name.startswith("params")), "params")
    point = {} if size is None or data is None else {kind: size, "tokens": data}
    seen = predict_larger(
        mixture, flops=budget, level=level, at=point, prior="none" if prior == "none" else "literature"
    )
    if point:
        found = replace(found, plan=None, expected=seen.runs[0], skipped={"plan": _as_asked(size, data)})
    show_answered(replace(found, words=words_of(file, table)).answer, seen, json, found.fitted)


def _scores(
    runs: "RunTable", targets: list[str], loss: str | None, words: str, json: bool, *, kind: str | None, draws: int,
    seed: int, level: float, flops: float | None, at: "dict[str, float] | None",
) -> None:  # fmt: skip
    """Print the forecast of scores."""
    from scalelaw.planning.score_outlook import score_outlook

    made = forecast_asked(runs, targets, loss, kind, draws, seed)
    show(score_outlook(made, at=at, flops=flops, level=level, command=words), json)


def _as_asked(params: float | None, tokens: float | None) -> str:
    return f"{format_number(params or 0)} parameters on {format_number(tokens or 0)} tokens, as asked"
