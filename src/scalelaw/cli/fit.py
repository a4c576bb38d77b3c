"""``scalelaw fit``: one law, one table, coefficients with intervals."""

from typing import Annotated

import typer

from scalelaw.cli import _options as options

Save = Annotated[str | None, typer.Option(help="Write the fit, draws included.", metavar="FIT.json")]


def fit_command(
    file: options.File,
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
    loss: options.Loss = "huber",
    delta: options.Delta = 1e-3,
    on: options.On = "log",
    draws: options.Draws = 1000,
    starts: options.Starts = 64,
    seed: options.Seed = 0,
    level: options.Level = 0.9,
    save: Save = None,
    json: options.Json = False,
) -> None:
    """Fit a law to runs: coefficients, intervals, status, and what was set aside and why."""
    from scalelaw.fitting import fit_observations, make_spec, observe

    table = options.read_table(
        file,
        columns=column,
        units=unit,
        derive=derive,
        exclude_top=exclude_top,
        reason=reason,
        strict=strict,
        per_byte=per_byte,
    )
    chosen = options.fit_options(loss=loss, delta=delta, on=on, draws=draws, starts=starts, seed=seed, level=level)
    named, observed = observe(law, table, target=target, **options.reduction(use, over))
    result = fit_observations(named, observed, make_spec(**chosen))
    if save:
        result.save(save)
    options.show(result, json)
