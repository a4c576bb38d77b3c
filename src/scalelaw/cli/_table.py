"""The table of a command: how a file is read, and which of its rows are fitted."""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Annotated, Any, TypedDict, cast, get_args

import typer

from scalelaw.cli._held import HELD
from scalelaw.cli._stdin import STDIN
from scalelaw.cli._values import option, pairs, real
from scalelaw.core.errors import BadInput, UnknownName

if TYPE_CHECKING:
    from scalelaw.runs.chance import Chance
    from scalelaw.runs.observations import Reduction
    from scalelaw.runs.table import RunTable

_TABLE = "The table"

File = Annotated[
    str,
    typer.Argument(
        help="Runs: CSV, TSV, JSON, JSONL or Parquet, a tracker's or trainer's logs; - for stdin.",
        metavar="FILE",
        parser=STDIN.path,
    ),
]


class Mapped(TypedDict):
    """Keyword arguments of ``load_runs`` that map columns to quantities."""

    columns: dict[str, str]
    units: dict[str, str]
    derive: dict[str, str]
    importer: str | None
    chance: "Chance | None"


class Reduced(TypedDict):
    """Keyword arguments that select the rows to fit."""

    target: str | None
    use: "Reduction | None"
    over: Sequence[str]


@dataclass(frozen=True)
class MappingOptions:
    """Options that map columns to quantities."""

    column: Annotated[
        list[str] | None, option("Read a quantity from this column.", "QUANTITY=COLUMN", _TABLE, "--column")
    ] = None
    unit: Annotated[
        list[str] | None,
        option("Read a quantity in this unit, e.g. tokens=B, loss=bits.", "QUANTITY=UNIT", _TABLE, "--unit"),
    ] = None
    derive: Annotated[
        list[str] | None,
        option("Compute a quantity, e.g. tokens='step * batch * seq_len'.", "QUANTITY=FORMULA", _TABLE),
    ] = None
    importer: Annotated[str | None, option("Read the logs of this tool, e.g. mlflow_folder.", "NAME", _TABLE)] = None
    chance: Annotated[
        list[str] | None,
        option("Score of guessing, e.g. 0.25, mmlu=0.25 or a TOML file.", "LEVEL|NAME=LEVEL|FILE", _TABLE),
    ] = None

    def arguments(self) -> "Mapped":
        """Return the keyword arguments of ``load_runs``.

        Raises:
            BadInput: a value is not NAME=VALUE.
        """
        return {
            "columns": pairs(self.column, "--column", empty=True),
            "units": pairs(self.unit, "--unit"),
            "derive": pairs(self.derive, "--derive"),
            "importer": self.importer,
            "chance": chance_of(self.chance),
        }


@dataclass(frozen=True)
class TableOptions(MappingOptions):
    """Options that read a table and select its rows."""

    target: Annotated[str | None, option("Fit this metric, e.g. loss@c4.", "METRIC@SET", _TABLE)] = None
    use: Annotated[
        str | None,
        option(
            "Fit the end of each run, the best of each swept setting, or all checkpoints.",
            "endpoints|best|curves",
            _TABLE,
        ),
    ] = None
    over: Annotated[str | None, option("Columns that were swept, for --use best.", "COLUMN,...", _TABLE)] = None
    per_byte: Annotated[
        bool,
        typer.Option("--per-byte", help="Convert losses to bits per byte and tokens to bytes.", rich_help_panel=_TABLE),
    ] = False
    exclude_top: Annotated[
        list[str] | None, option("Exclude the rows with the K highest values, e.g. loss=5.", "QUANTITY=K", _TABLE)
    ] = None
    where: Annotated[
        list[str] | None,
        option("Keep these runs, e.g. arch=llama, optimizer=adam,muon or params=1e6..1e9.", "COLUMN=VALUE", _TABLE),
    ] = None
    exclude: Annotated[
        list[str] | None,
        option("Exclude these runs, e.g. run=NAME, run='row 7' or lr=0.1,0.2.", "COLUMN=VALUE", _TABLE),
    ] = None
    reason: Annotated[str | None, option("Record why rows are excluded.", "TEXT", _TABLE)] = None
    strict: Annotated[
        bool, typer.Option("--strict", help="Refuse a table with any unusable row.", rich_help_panel=_TABLE)
    ] = False

    def read(self, file: str) -> "RunTable":
        """Load the table.

        Raises:
            BadInput: the file or an option is unusable.
        """
        from scalelaw.runs.reading.load import load_runs

        with HELD.reading():
            table = load_runs(file, **self.arguments(), strict=self.strict)
        for name, text in pairs(self.where, "--where").items():
            table = table.where(**{name: wanted(table, name, text)})
        why = self.reason or "excluded on the command line"
        for name, text in pairs(self.exclude, "--exclude").items():
            table = table.exclude(**{name: wanted(table, name, text)}, reason=why)
        for name, count in pairs(self.exclude_top, "--exclude-top").items():
            if not count.isdigit() or int(count) < 1:
                raise BadInput(f"--exclude-top {name}={count}: give a number of rows, like {name}=5")
            table = table.exclude_top(**{name: int(count)}, reason=why)
        if self.reason and not (self.exclude_top or self.exclude):
            how = "--exclude COLUMN=VALUE or --exclude-top QUANTITY=K"
            raise BadInput(f"--reason explains an exclusion, but no rows are excluded; add {how}")
        return table.per_byte() if self.per_byte else table

    def reduced(self) -> "Reduced":
        """Return the keyword arguments that select the rows to fit.

        Raises:
            BadInput: unknown reduction, or --over without --use best.
        """
        from scalelaw.runs.observations import Reduction
        from scalelaw.runs.reducing.sweeps import SWEPT

        if self.use is not None and self.use not in get_args(Reduction):
            raise UnknownName.among("reduction in --use", self.use, get_args(Reduction))
        if self.over and self.use != "best":
            raise BadInput("--over has no effect without --use best; add it")
        over = tuple(name.strip() for name in self.over.split(",") if name.strip()) if self.over else SWEPT
        return {"target": self.target, "use": cast("Reduction | None", self.use), "over": over}


def chance_of(values: Sequence[str] | None) -> "Chance | None":
    """Return the levels of ``--chance``: one for every score, levels by benchmark, or a TOML file.

    Raises:
        BadInput: a level is not a number, or a level for all stands beside others.
    """
    if not values:
        return None
    if len(values) == 1 and "=" not in values[0]:
        return values[0] if values[0].lower().endswith(".toml") else real(values[0])
    return {name: real(level) for name, level in pairs(values, "--chance").items()}


def wanted(table: "RunTable", name: str, text: str) -> Any:
    """Return a condition as ``RunTable.where`` takes it: a value, a list at commas, or a range LOW..HIGH.

    Raises:
        BadInput: unknown column.
    """
    values = table.values(name)
    if text in {str(value) for value in values.tolist()}:
        return text
    low, dots, high = text.partition("..")
    if dots and values.dtype.kind == "f":
        return (low.strip() or None, high.strip() or None)
    parts = [part.strip() for part in text.split(",") if part.strip()]
    return parts if len(parts) > 1 else text


def words_of(file: str, table: TableOptions) -> str:
    """Return a file and its table options as words of a command line."""
    words = [STDIN.named(file)]
    for each in fields(table):
        value, name = getattr(table, each.name), f"--{each.name.replace('_', '-')}"
        if isinstance(value, bool):
            words += [name] * value
        elif value is not None:
            words += [word for one in ([value] if isinstance(value, str) else value) for word in (name, one)]
    return shlex.join(words)
