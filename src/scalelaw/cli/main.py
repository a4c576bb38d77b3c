"""The ``scalelaw`` program: every command with its panel."""

import typer

from scalelaw.cli import (  # fmt: skip
    approaches,
    backtest,
    benchmark,
    calc,
    critical_batch,
    demo,
    dimension,
    emergence,
    envelope,
    eval_noise,
    explain,
    extrapolate,
    fit,
    forecast,
    influence,
    init,
    isoflop,
    ladder,
    laws,
    local_slope,
    plan,
    regime,
    registry,
    reproduce,
    robustness,
    runs,
    study,
    watch,
)
from scalelaw.cli._command import Commands, Quiet
from scalelaw.cli._output import echo
from scalelaw.cli._program import Program
from scalelaw.core.version import __version__

app = Commands(
    cls=Program,
    add_completion=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("study", rich_help_panel="Start")(study.study_command)
app.command("init", rich_help_panel="Start")(init.init_command)
app.command("report", rich_help_panel="Start")(study.report_command)
app.command("calc", rich_help_panel="Start")(calc.calc_command)
app.command("demo", rich_help_panel="Start")(demo.demo_command)
app.add_typer(runs.app, name="runs", rich_help_panel="Runs")
app.command("fit", rich_help_panel="Fit")(fit.fit_command)
app.add_typer(laws.app, name="laws", rich_help_panel="Fit")
app.command("plan", rich_help_panel="Forecast and plan")(plan.plan_command)
app.command("forecast", rich_help_panel="Forecast and plan")(forecast.forecast_command)
app.command("extrapolate", rich_help_panel="Forecast and plan")(extrapolate.extrapolate_command)
app.add_typer(registry.app, name="registry", rich_help_panel="Forecast and plan")
app.command("watch", rich_help_panel="Forecast and plan")(watch.watch_command)
app.command("isoflop", rich_help_panel="Best size")(isoflop.isoflop_command)
app.command("envelope", rich_help_panel="Best size")(envelope.envelope_command)
app.command("approaches", rich_help_panel="Best size")(approaches.approaches_command)
app.command("explain", rich_help_panel="Best size")(explain.explain_command)
app.command("backtest", rich_help_panel="How sure")(backtest.backtest_command)
app.command("robustness", rich_help_panel="How sure")(robustness.robustness_command)
app.command("influence", rich_help_panel="How sure")(influence.influence_command)
app.command("eval-noise", rich_help_panel="How sure")(eval_noise.eval_noise_command)
app.add_typer(ladder.app, name="ladder", rich_help_panel="Small runs")
app.command("regime", rich_help_panel="Diagnose")(regime.regime_command)
app.command("local-slope", rich_help_panel="Diagnose")(local_slope.local_slope_command)
app.command("critical-batch", rich_help_panel="Diagnose")(critical_batch.critical_batch_command)
app.command("emergence", rich_help_panel="Diagnose")(emergence.emergence_command)
app.command("dimension", rich_help_panel="Diagnose")(dimension.dimension_command)
app.command("benchmark", rich_help_panel="Method")(benchmark.benchmark_command)
app.command("calibrate", rich_help_panel="Method")(benchmark.calibrate_command)
app.command("reproduce", rich_help_panel="Method")(reproduce.reproduce_command)


@app.callback(invoke_without_command=True)
def scalelaw_command(
    context: typer.Context,
    version: bool = typer.Option(False, "--version", help="Print the version."),
    quiet: Quiet = False,
) -> None:
    """Fit scaling laws to small runs, plan the large one; alone: remake a project."""
    if version:
        echo(__version__)
        raise typer.Exit
    if context.invoked_subcommand is not None:
        return
    if study.project_here():
        study.study_project(json=False)
    else:
        echo(context.get_help())
