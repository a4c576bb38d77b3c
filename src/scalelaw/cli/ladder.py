"""``scalelaw ladder``: design ladders of small runs, and train them."""

import typer

from scalelaw.cli import sweep

app = typer.Typer(no_args_is_help=True, help="Train ladders of small runs.")
app.command("run")(sweep.run_command)
