"""``scalelaw fit``: one law, one table, coefficients with intervals."""

from typing import Annotated

import typer

from scalelaw.cli import _options as options
from scalelaw.cli._output import show

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
    from scalelaw.fitting import fit_observations, make_spec
    from scalelaw.laws import as_law

    if save is not None:
        options.check_writable(save, "--save")
    table = options.read_table(
        file, columns=column, units=unit, derive=derive, exclude_top=exclude_top, reason=reason, strict=strict
    )
    chosen = options.fit_options(loss=loss, delta=delta, on=on, draws=draws, starts=starts, seed=seed, level=level)
    result = fit_observations(as_law(law), table.endpoints(target), make_spec(**chosen))
    if save is not None:
        result.save(save)
    show(result, json)
