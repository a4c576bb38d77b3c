"""``scalelaw plan``: splits a budget, by a table, a saved fit or a published law."""

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from scalelaw.cli._deciding import OneLaw, OneLawOptions, PriorName, given_of
from scalelaw.cli._fitting import DrawOptions
from scalelaw.cli._given import names_of, refuse_with
from scalelaw.cli._groups import grouped
from scalelaw.cli._output import Json, show, show_answered
from scalelaw.cli._scores import forecast_asked, goal_of
from scalelaw.cli._source import Source, known
from scalelaw.cli._table import TableOptions, words_of
from scalelaw.cli._values import real
from scalelaw.core.errors import BadInput

if TYPE_CHECKING:
    from scalelaw.core.forecaster import Forecaster
    from scalelaw.planning.question import QuestionOptions

Flops = Annotated[str | None, typer.Option(help="Budget, e.g. 1e22.", metavar="C")]
Params = Annotated[str | None, typer.Option(help="Size, e.g. 8B, to find its tokens.", metavar="N")]
Tokens = Annotated[str | None, typer.Option(help="Tokens, e.g. 2T, to find their size.", metavar="D")]
LossGoal = Annotated[str | None, typer.Option("--loss", help="Loss to reach with the least compute.", metavar="L")]
ScoreGoal = Annotated[
    str | None, typer.Option("--score", help="Score to reach, e.g. mmlu=0.6.", metavar="BENCHMARK=SCORE")
]
Probability = Annotated[float, typer.Option(help="Probability to reach the score with.", parser=real, metavar="SHARE")]
MaxParams = Annotated[str | None, typer.Option(help="Largest size allowed.", metavar="N")]
MaxTokens = Annotated[str | None, typer.Option(help="Most tokens available.", metavar="D")]
TABLE = TableOptions()
ONE = OneLawOptions()
DRAWS = DrawOptions()
_DRAWS = 200


@grouped
def plan_command(
    context: typer.Context,
    source: Source,
    flops: Flops = None,
    params: Params = None,
    tokens: Tokens = None,
    loss: LossGoal = None,
    score: ScoreGoal = None,
    probability: Probability = 0.9,
    max_params: MaxParams = None,
    max_tokens: MaxTokens = None,
    law: OneLaw = None,
    prior: PriorName = None,
    table: TableOptions = TABLE,
    one: OneLawOptions = ONE,
    bootstrap: DrawOptions = DRAWS,
    json: Json = False,
) -> None:
    """Split a budget into parameters and tokens, with intervals.

    The budget is ten times the largest run, unless --flops, --params, --tokens or --loss is given. --score finds the
    smallest budget that reaches a score of a benchmark.
    """
    from scalelaw.accounting.budget import default_budget
    from scalelaw.fitting.result import FitResult
    from scalelaw.planning.solve import plan
    from scalelaw.workflows.study.decide import decide

    asked: QuestionOptions = {
        "flops": flops,
        "params": params,
        "tokens": tokens,
        "loss": loss,
        "max_params": max_params,
        "max_tokens": max_tokens,
    }
    if score is not None:
        _for_score(context, source, score, probability, table, json)
        return
    forecaster: Forecaster | None = known(source)
    if forecaster is None:
        chosen = given_of(context, bootstrap, one, prior)
        found = decide(table.read(source), law=one.applied(law), asked=asked, **table.reduced(), **chosen)
        if found.plan is None:
            raise BadInput(found.skipped["plan"])
        answer = replace(found, words=words_of(source, table)).answer
        show_answered(answer, found.plan if json else answer.below(found.plan), json, found.fitted)
        return
    why = f"applies to tables only; {source} is already fitted"
    of_fits = ("law", "prior", "fix", *names_of(TableOptions), "draws", "seed", "intervals")
    refuse_with(context, of_fits, why)
    if values := one.values():
        if not isinstance(forecaster, FitResult):
            raise BadInput(f"--at applies to tables and saved fits only; {source} has published constants")
        forecaster = forecaster.at(**values)
    if all(each is None for each in (flops, params, tokens, loss)):
        asked["flops"] = default_budget(forecaster.domain)
    asked["level"] = bootstrap.level
    show(plan(forecaster, **asked), json)


def _for_score(
    context: typer.Context, source: str, score: str, probability: float, table: TableOptions, json: bool
) -> None:
    """Print the smallest budget that reaches a score."""
    from scalelaw.planning.score_plan import plan_score

    others = ("flops", "params", "tokens", "loss", "max_params", "max_tokens", "law", "prior", "fix")
    refuse_with(context, others, "does not apply to --score, which asks for a budget; leave it out")
    runs = table.read(source)
    target, goal = goal_of(score, runs)
    made = forecast_asked(runs, [target], None, None, _DRAWS, 0)
    show(plan_score(made.each[target], goal, probability=probability), json)
