"""``scalelaw plan``: splits a budget, by a table, a saved fit or a published law."""

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from scalelaw.cli._deciding import OneLaw, OneLawOptions, PriorName, given_of
from scalelaw.cli._fitting import DrawOptions
from scalelaw.cli._given import names_of, refuse_with
from scalelaw.cli._groups import grouped
from scalelaw.cli._output import Json, show, show_answered
from scalelaw.cli._source import Source, known
from scalelaw.cli._table import TableOptions, words_of
from scalelaw.core.errors import BadInput

if TYPE_CHECKING:
    from scalelaw.core.forecaster import Forecaster
    from scalelaw.planning.question import QuestionOptions

Flops = Annotated[str | None, typer.Option(help="Budget, e.g. 1e22.", metavar="C")]
Params = Annotated[str | None, typer.Option(help="Size, e.g. 8B, to find its tokens.", metavar="N")]
Tokens = Annotated[str | None, typer.Option(help="Tokens, e.g. 2T, to find their size.", metavar="D")]
LossGoal = Annotated[str | None, typer.Option("--loss", help="Loss to reach with the least compute.", metavar="L")]
MaxParams = Annotated[str | None, typer.Option(help="Largest size allowed.", metavar="N")]
MaxTokens = Annotated[str | None, typer.Option(help="Most tokens available.", metavar="D")]
TABLE = TableOptions()
ONE = OneLawOptions()
DRAWS = DrawOptions()


@grouped
def plan_command(
    context: typer.Context,
    source: Source,
    flops: Flops = None,
    params: Params = None,
    tokens: Tokens = None,
    loss: LossGoal = None,
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

    The budget is ten times the largest run, unless --flops, --params, --tokens or --loss is given.
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
