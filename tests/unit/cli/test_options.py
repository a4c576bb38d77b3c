"""The options of every command, listed, so that a new one is a decision."""

from typing import Any

import typer

from scalelaw.cli.main import app

COMMON = {"-q", "--quiet"}
MAPPING = {"--column", "--unit", "--derive", "--importer", "--chance"}
TABLE = {
    *MAPPING, "--target", "--where", "--exclude", "--exclude-top", "--reason", "--strict", "--per-byte",
    "--use", "--over",
}  # fmt: skip
RESAMPLED = {"--draws", "--seed", "--level"}
REFIT = {*RESAMPLED, "--intervals"}
SEARCH = {"--loss", "--delta", "--on", "--scale", "--starts", "--prior"}
SWEEP = {"--profile", "--params-kind", "--budgets", "--tolerance", "--window", "--noise"}

COMMANDS = {
    "init": {"FILE", "--answer", "--force", "--dry-run", "--json", *MAPPING},
    "study": {
        "FILE", "--law", "--at", "--fix", "--prior", "--verbose", "--flops", "--out", "--demo", "--plot", "--json",
        *TABLE, *REFIT,
    },
    "report": {"FILE", "--to", "--law", "--at", "--fix", "--prior", "--flops", "--demo", *TABLE, *REFIT},
    "fit": {"--from", "FILE", "--law", "--fix", "--save", "--plot", "--json", *TABLE, *REFIT, *SEARCH},
    "backtest": {"FILE", "--law", "--fix", "--json", *TABLE, *REFIT, *SEARCH},
    "plan": {
        "FILE|FIT.json|LAW@SOURCE", "--law", "--at", "--fix", "--prior", "--json", *TABLE, *REFIT,
        "--flops", "--params", "--tokens", "--loss", "--max-params", "--max-tokens", "--score",
        "--probability",
    },
    "emergence": {
        "FILE", "--target", "--continuous", "--axis", "--use", "--level", "--figure", "--json", *MAPPING,
    },
    "extrapolate": {"FILE", "--at", "--end", "--schedule", "--target", "--level", "--figure", "--json", *MAPPING},
    "robustness": {"FILE", "--flops", "--law", "--fix", "--figure", "--json", *TABLE, *REFIT, *SEARCH},
    "influence": {
        "FILE", "--law", "--at", "--fix", "--quantity", "--flops", "--rate", "--figure", "--json", *TABLE, *SEARCH,
    },
    "isoflop": {"FILE", "--figure", "--json", *TABLE, *SWEEP, *RESAMPLED},
    "envelope": {"FILE", "--params-kind", "--smooth", "--target", "--json", *MAPPING, *RESAMPLED},
    "approaches": {"FILE", "--flops", "--figure", "--target", "--json", *MAPPING, *SWEEP, *RESAMPLED},
    "explain": {"FILE", "--base", "--step", "--flops", "--figure", "--target", "--json", *MAPPING, *SWEEP, *RESAMPLED},
    "calc": {"PARAMS", "TOKENS", "--params-non-embedding", "--json"},
    "demo": {"--minutes", "--synthetic", "--out", "--ladder", "--workers", "--json"},
    "ladder design": {
        "--target", "--half-width", "--device", "--workers", "--assume", "--level", "--like", "--to", "--json",
    },
    "ladder show": {"LADDER.toml", "--json"},
    "ladder dry-run": {"LADDER.toml", "--device", "--workers", "--target", "--assume", "--level", "--json"},
    "ladder recipes": {"NAME", "--json"},
    "forecast": {
        "--from", "FILE", "--calibration", "--prior", "--flops", "--json", "--params", "--params-kind", "--tokens",
        *TABLE, *RESAMPLED,
    },
    "watch": {
        "FORECAST.json", "--end", "--entry", "--every", "--json", "--level", "--log", "--once", "--run", "--schedule",
        *MAPPING,
    },
    "benchmark": {"PROTOCOL", "--data", "--half", "--json", "--processes", "--store", "--to"},
    "calibrate": {"PROTOCOL", "--data", "--json", "--processes", "--store", "--to"},
    "regime": {"FIT.json|LAW@SOURCE", "--batch-ratio", "--json", "--params", "--tokens", "--unique-tokens"},
    "local-slope": {"FILE", "--along", "--floor", "--json", *TABLE},
    "critical-batch": {"FILE", "--json"},
    "dimension": {"FILE", "--json", "--neighbours"},
    "eval-noise": {
        "FILE", "--target", "--gain", "--level", "--n-items", "--cluster-size", "--correlation", "--items", "--recipe",
        "--json", *MAPPING,
    },
    "reproduce": {"[NAME]...", "--data", "--json", "--to"},
    "ladder run": {"LADDER", "--device", "--json", "--noise-scale", "--out", "--workers"},
    "ladder tune": {
        "LADDER", "--batch", "--device", "--json", "--out", "--seed", "--tokens", "--trials", "--width", "--within",
        "--workers", "--to",
    },
    "laws list": {"--json"},
    "laws show": {"NAME", "--json", "--figure"},
    "laws new": {"NAME", "--folder", "--json"},
    "registry freeze": {
        "FILE|FIT.json|LAW@SOURCE", "--at", "--flops", "--json", "--law", "--fix", "--to", "--params", "--registry",
        "--run", "--say", "--tokens", *TABLE, *REFIT, *SEARCH,
    },
    "registry list": {"FILE", "--json"},
    "registry verify": {"FILE", "--head", "--json"},
    "registry score": {"FILE", "RUNS", "--entry", "--json", "--run", "--say", *MAPPING},
    "runs list": {"SOURCE", "--json", *MAPPING},
    "runs show": {"SOURCE", "RUN", "--json", *MAPPING},
    "runs check": {"SOURCE", "--json", *MAPPING},
    "runs export": {"SOURCE", "FILE", *MAPPING},
    "runs pack": {"FOLDER", "--to", "--json"},
    "runs unpack": {"FILE", "--out", "--json"},
}  # fmt: skip


def commands(group: Any, above: str = "") -> dict[str, Any]:
    """Return every command, those of groups under the name of the group and their own."""
    found = {}
    for name, command in group.commands.items():
        inner = commands(command, f"{above}{name} ") if hasattr(command, "commands") else {f"{above}{name}": command}
        found.update(inner)
    return found


def test_every_command_and_option_is_listed_here() -> None:
    group = typer.main.get_command(app)
    found = {
        name: {
            spelling
            for option in command.params
            for spelling in (option.opts if option.opts[0].startswith("-") else [option.metavar])
        }
        for name, command in commands(group).items()
    }
    assert all(found[name] >= COMMON for name in found)
    assert {name: options - COMMON for name, options in found.items()} == COMMANDS
    of_program = {spelling for option in group.params for spelling in option.opts}
    assert of_program == {"--version", "--install-completion", "--show-completion", *COMMON}
