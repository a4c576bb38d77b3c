"""The ``scalelaw`` program: its commands, and what happens to errors and warnings."""

import sys
import warnings
from collections.abc import Callable, Sequence
from typing import Any, cast

import typer
from typer.core import TyperGroup

from scalelaw.cli import (  # fmt: skip
    approaches,
    backtest,
    benchmark,
    calc,
    critical_batch,
    demo,
    dimension,
    envelope,
    explain,
    extrapolate,
    fit,
    forecast,
    forecasts,
    influence,
    init,
    isoflop,
    ladder,
    laws,
    local_slope,
    plan,
    regime,
    reproduce,
    robustness,
    runs,
    study,
    watch,
)
from scalelaw.cli._held import HELD
from scalelaw.core.errors import BadInput, MissingExtra, ScalelawError, ScalelawWarning
from scalelaw.core.version import __version__

_USAGE = cast("type[typer.BadParameter]", typer.BadParameter.__mro__[1])
"""Base of what typer raises for a command line it cannot read."""
_INTERRUPTED = 130


class Guarded(TyperGroup):
    """Turns every error of ours, and every misuse, into one line on stderr; other exceptions show their traceback.

    Status 2 is for bad usage or input, 1 for a failure, 130 for Ctrl-C.
    """

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        windows_expand_args: bool = True,
        **extra: Any,
    ) -> Any:
        """Run a command line and leave with its status."""
        with warnings.catch_warnings():
            warnings.simplefilter("always", ScalelawWarning)
            warnings.showwarning = _shown_by(warnings.showwarning)
            try:
                try:
                    status = super().main(args, prog_name, complete_var, False, windows_expand_args, **extra)
                finally:
                    HELD.let_go(_warn)
            except (ScalelawError, _USAGE, typer.Abort, KeyboardInterrupt) as error:
                status = _explained(error)
            except ImportError as error:
                if not isinstance(error.__cause__ or error.__context__, KeyboardInterrupt):
                    raise
                status = _INTERRUPTED  # Ctrl-C while a compiled module was being loaded
        sys.exit(status if isinstance(status, int) else 0)


def _explained(error: BaseException) -> int:
    """Print an error in one line, and return the status to leave with."""
    if isinstance(error, ScalelawError):
        _say(str(error))
        return 2 if isinstance(error, BadInput | MissingExtra) else 1
    if isinstance(error, _USAGE):
        where = getattr(getattr(error, "ctx", None), "command_path", "scalelaw")
        _say(f"{error.format_message().rstrip('.')} (see {where} --help)")
        return 2
    return _INTERRUPTED


def _shown_by(plain: Callable[..., None]) -> Callable[..., None]:
    """Return what prints our warnings in one line, and every other as Python does."""

    def shown(message: Warning | str, *where: Any, **more: Any) -> None:
        if isinstance(message, ScalelawWarning):
            if not HELD.takes(str(message)):
                _warn(str(message))
        else:
            plain(message, *where, **more)

    return shown


def _warn(message: str) -> None:
    _say(f"warning: {message}")


def _say(message: str) -> None:
    typer.echo(f"scalelaw: {' '.join(message.split())}", err=True)


app = typer.Typer(
    cls=Guarded,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Fit scaling laws to small training runs, measure how far to believe them, and plan the large one.",
)
app.command("demo")(demo.demo_command)
app.command("init")(init.init_command)
app.command("study")(study.study_command)
app.command("report")(study.report_command)
app.command("fit")(fit.fit_command)
app.command("backtest")(backtest.backtest_command)
app.command("forecast")(forecast.forecast_command)
app.command("extrapolate")(extrapolate.extrapolate_command)
app.command("isoflop")(isoflop.isoflop_command)
app.command("envelope")(envelope.envelope_command)
app.command("approaches")(approaches.approaches_command)
app.command("explain")(explain.explain_command)
app.command("plan")(plan.plan_command)
app.command("watch")(watch.watch_command)
app.command("robustness")(robustness.robustness_command)
app.command("influence")(influence.influence_command)
app.command("benchmark")(benchmark.benchmark_command)
app.command("calibrate")(benchmark.calibrate_command)
app.add_typer(ladder.app, name="ladder")
app.command("regime")(regime.regime_command)
app.command("local-slope")(local_slope.local_slope_command)
app.command("critical-batch")(critical_batch.critical_batch_command)
app.command("dimension")(dimension.dimension_command)
app.command("reproduce")(reproduce.reproduce_command)
app.command("calc")(calc.calc_command)
app.add_typer(laws.app, name="laws")
app.add_typer(runs.app, name="runs")
app.add_typer(forecasts.app, name="forecasts")


@app.callback(invoke_without_command=True)
def version_option(
    context: typer.Context, version: bool = typer.Option(False, "--version", help="Print the version.")
) -> None:
    """Fit scaling laws to small training runs, measure how far to believe them, and plan the large one.

    In a folder with a scalelaw.toml, which `scalelaw init` writes, plain `scalelaw` remakes its study.
    """
    if version:
        typer.echo(__version__)
        raise typer.Exit
    if context.invoked_subcommand is not None:
        return
    if study.project_here():
        study.study_project(json=False)
    else:
        typer.echo(context.get_help())
