"""Import runs from the Weights & Biases service: ``wandb://entity/project``, or the page in a browser.

The ``wandb`` package sends the requests with the credentials it finds; scalelaw never sees, prints or stores them. The
whole history is scanned, since the service's ``history`` is a sample of 500 points.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from scalelaw.core.errors import BadInput, BadTable
from scalelaw.core.numbers import counted
from scalelaw.core.optional import require
from scalelaw.runs.importers._parsing.files import number
from scalelaw.runs.importers._parsing.history import MOST_POINTS, LoggedRun, tabulate
from scalelaw.runs.importers._parsing.wandb import add_row, settings_of, state_of
from scalelaw.runs.raw import RawTable

_SCHEME = "wandb://"
_PAGE = "https://wandb.ai/"


@dataclass(frozen=True)
class WandbApi:
    """Reads every run of a project, or one run: ``wandb://entity/project/run``.

    Attributes:
        connect: returns the service; None uses the ``wandb`` package.
    """

    connect: Callable[[], Any] | None = None

    name = "wandb_api"
    reads = "runs of a Weights & Biases project, wandb://entity/project"

    def recognises(self, source: str) -> bool:
        """Return whether the address has this scheme or is a page of the service."""
        return source.startswith((_SCHEME, _PAGE))

    def read(self, source: str) -> RawTable:
        """Return the rows of every run of the project; only this uses the network."""
        parts = _parts(source)
        if not 2 <= len(parts) <= 3 or not all(parts) or any(set(part) & set("?#@") for part in parts):
            raise BadInput("a W&B address is wandb://entity/project or wandb://entity/project/run, without a key in it")
        api = (self.connect or _connect)()
        try:
            asked = [api.run("/".join(parts))] if len(parts) == 3 else api.runs("/".join(parts))
            runs = _read_runs(asked)
        except (BadInput, MemoryError):
            raise
        except Exception as error:  # its text may hold a key, so only its type is shown
            raise BadInput(
                f"W&B did not give {'/'.join(parts)} ({type(error).__name__}); check the name and `wandb login`"
            ) from None
        if not runs:
            raise BadTable(f"{'/'.join(parts)} has no runs")
        return tabulate(runs, "/".join(parts), [f"read: {counted(len(runs), 'run')} of W&B"])


IMPORTER = WandbApi()


def _parts(source: str) -> list[str]:
    """Return entity, project and, if named, run from an address or page."""
    if source.startswith(_SCHEME):
        return source.removeprefix(_SCHEME).strip("/").split("/")
    parts = source.removeprefix(_PAGE).partition("?")[0].strip("/").split("/")
    return parts[:2] + (parts[3:4] if parts[2:3] == ["runs"] else [])


def _connect() -> Any:
    return require("wandb", extra="wandb", why="ask W&B for runs").Api()


def _read_runs(asked: Iterable[Any]) -> list[LoggedRun]:
    found, values = [], 0
    for each in asked:
        columns = {"state": state_of(each.state), "created_at": str(each.created_at) if each.created_at else None}
        run = LoggedRun(str(each.name), str(each.id), config=settings_of(dict(each.config)), columns=columns)
        for row in each.scan_history():
            step = number(row.get("_step"))
            if step is not None:
                add_row(run, dict(row), step)
                values += len(row)
            if values > MOST_POINTS:
                raise BadInput(f"more than {MOST_POINTS} logged values; name one run, wandb://entity/project/run")
        summary = dict(getattr(each, "summary", {}) or {})
        run.config |= {key: value for key, value in summary.items() if key.endswith("parameter_count")}
        found.append(run)
    return found
