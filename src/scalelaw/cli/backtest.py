"""``scalelaw backtest``: how a law forecast the dearer runs of a table."""

from scalelaw.cli import _options as options


def backtest_command(
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
    draws: options.Draws = 400,
    starts: options.Starts = 64,
    seed: options.Seed = 0,
    level: options.Level = 0.9,
    json: options.Json = False,
) -> None:
    """Fit a law to the cheaper runs and score it on the dearer ones, cut by cut."""
    from scalelaw.backtesting import backtest

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
    options.show(backtest(law, table, target=target, **options.reduction(use, over), **chosen), json)
