"""``scalelaw plan``: how to spend a budget, from a table, a saved fit or a published law."""

from typing import TYPE_CHECKING, Annotated

import typer

from scalelaw.cli import _options as options
from scalelaw.cli._groups import grouped
from scalelaw.cli._output import show
from scalelaw.cli._source import Source, known

if TYPE_CHECKING:
    from scalelaw.core.forecaster import Forecaster
    from scalelaw.planning.question import Asked

Flops = Annotated[str | None, typer.Option(help="Budget, e.g. 1e22.", metavar="C")]
Params = Annotated[str | None, typer.Option(help="Size, e.g. 8B: how many tokens suit it?", metavar="N")]
Tokens = Annotated[str | None, typer.Option(help="Tokens, e.g. 2T: which size suits them?", metavar="D")]
LossGoal = Annotated[str | None, typer.Option("--loss", help="Loss to reach at the least compute.", metavar="L")]
MaxParams = Annotated[str | None, typer.Option(help="Largest size allowed.", metavar="N")]
MaxTokens = Annotated[str | None, typer.Option(help="Most tokens there are.", metavar="D")]
TABLE = options.TableOptions()
DRAWS = options.DrawOptions()


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
    law: options.LawName = "chinchilla",
    table: options.TableOptions = TABLE,
    bootstrap: options.DrawOptions = DRAWS,
    json: options.Json = False,
) -> None:
    """Decide how to spend a budget: params, tokens and loss, with intervals, reach and assumptions."""
    from scalelaw.fitting import fit_observations, make_spec, observe
    from scalelaw.planning import ask, plan

    asked: Asked = {
        "flops": flops,
        "params": params,
        "tokens": tokens,
        "loss": loss,
        "level": bootstrap.level,
        "max_params": max_params,
        "max_tokens": max_tokens,
    }
    ask(**asked)
    forecaster: Forecaster | None = known(source)
    if forecaster is None:
        chosen, observed = observe(law, table.read(source), **table.reduced())
        forecaster = fit_observations(chosen, observed, make_spec(**bootstrap.chosen()))
    else:
        why = f"is for fitting a table, and {source} is fitted already"
        of_fits = ("law", *options.names_of(options.TableOptions), "draws", "seed", "intervals")
        options.refuse_with(context, of_fits, why)
    show(plan(forecaster, **asked), json)
