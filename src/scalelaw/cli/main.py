"""The ``scalelaw`` program: its commands, and what happens to errors and warnings."""

import sys
import warnings
from typing import Any

import typer
from typer.core import TyperGroup

import scalelaw
from scalelaw.cli import backtest, calc, fit, laws, plan, runs, study
from scalelaw.core.errors import BadInput, MissingExtra, ScalelawError


class Guarded(TyperGroup):
    """Turns every error of ours into one line on stderr: status 2 for bad input, 1 for a failure."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command named on the command line."""
        warnings.showwarning = _warn
        try:
            return super().invoke(ctx)
        except ScalelawError as error:
            line = " ".join(str(error).split())
            typer.echo(f"scalelaw: {line}", err=True)
            raise typer.Exit(2 if isinstance(error, BadInput | MissingExtra) else 1) from error


def _warn(message: Warning | str, *_: object, **__: object) -> None:
    typer.echo(f"warning: {message}", err=True)


app = typer.Typer(
    cls=Guarded,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Fit scaling laws to small training runs, measure how far to believe them, and plan the large one.",
)
app.command("study")(study.study_command)
app.command("fit")(fit.fit_command)
app.command("backtest")(backtest.backtest_command)
app.command("plan")(plan.plan_command)
app.command("laws")(laws.laws_command)
app.command("calc")(calc.calc_command)
app.add_typer(runs.app, name="runs")


@app.callback(invoke_without_command=True)
def version_option(version: bool = typer.Option(False, "--version", help="Print the version.")) -> None:
    """Fit scaling laws to small training runs, measure how far to believe them, and plan the large one."""
    if version:
        typer.echo(scalelaw.__version__)
        sys.exit(0)
