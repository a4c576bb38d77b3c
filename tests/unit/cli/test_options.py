"""The options of every command, listed, so that a new one is a decision."""

import typer

from scalelaw.cli.main import app

TABLE = {
    "--target",
    "--column",
    "--unit",
    "--derive",
    "--exclude-top",
    "--reason",
    "--strict",
    "--per-byte",
    "--use",
    "--over",
    "--importer",
}
REFIT = {"--draws", "--seed", "--level"}
SEARCH = {"--loss", "--delta", "--on", "--starts"}

COMMANDS = {
    "study": {"FILE", "--law", "--flops", "--out", "--demo", "--json", *TABLE, *REFIT},
    "fit": {"FILE", "--law", "--save", "--json", *TABLE, *REFIT, *SEARCH},
    "backtest": {"FILE", "--law", "--json", *TABLE, *REFIT, *SEARCH},
    "plan": {
        "FILE|FIT.json|LAW@SOURCE", "--law", "--json", *TABLE, *REFIT,
        "--flops", "--params", "--tokens", "--loss", "--max-params", "--max-tokens",
    },
    "laws": {"NAME", "--json"},
    "calc": {"PARAMS", "TOKENS", "--params-non-embedding", "--json"},
}  # fmt: skip


def test_every_command_and_option_is_listed_here() -> None:
    group = typer.main.get_command(app)
    found = {
        name: {
            spelling
            for option in command.params
            for spelling in (option.opts if option.opts[0].startswith("-") else [option.metavar])
        }
        for name, command in group.commands.items()  # type: ignore[attr-defined]
    }
    assert found == COMMANDS
    assert {spelling for option in group.params for spelling in option.opts} == {"--version"}
