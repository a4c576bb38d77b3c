"""Read fit files: one JSON document holds a fit bit for bit, with draws and provenance."""

import base64
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from scalelaw.accounting.cost import StatedCost
from scalelaw.core.errors import BadInput, BadTable
from scalelaw.core.findings import Finding, Grade
from scalelaw.core.nouns.coefficients import named_array
from scalelaw.core.reading import LARGEST_DOCUMENT, Allowance, one_line, parse_json, read_text
from scalelaw.core.types import AnyArray
from scalelaw.fitting.checks.status import FitStatus
from scalelaw.fitting.fitted_rows import FittedRows
from scalelaw.fitting.result import FitResult
from scalelaw.fitting.saving import _STATUS, SCHEMA, _content
from scalelaw.fitting.solver.noise import Noise
from scalelaw.fitting.spec import FitSpec
from scalelaw.fitting.uncertainty.variance import VarianceFunction
from scalelaw.laws import parse
from scalelaw.runs.observations import SetAside

_FIRST = "scalelaw.fit/1"
_MOST_UNPACKED = 2**27
"""Most bytes of all arrays of one fit."""


_LISTS = ("at_bounds", "undetermined")


def load_fit(path: str | Path) -> FitResult:
    """Read a fit that ``save_fit`` wrote.

    Raises:
        BadInput: absent, not a fit file, written by a newer version, or edited since it was written.
    """
    with one_line(str(path)):
        return _loaded(Path(path))


def _loaded(path: Path) -> FitResult:
    document = _read(path)
    try:
        if document["content"] != _content(document):
            raise BadInput(f"{path} was edited since it was written; fit the runs again")
        allowance = Allowance(str(path), path.stat().st_size, _MOST_UNPACKED)
        fit = _fit(document if document["schema"] == SCHEMA else _from_first(document), allowance)
    except BadInput:
        raise
    except (LookupError, TypeError, AttributeError, ValueError, ArithmeticError, RecursionError, zlib.error) as error:
        raise BadInput(f"{path} is not a whole {SCHEMA} file ({error}); fit the runs again") from error
    if document["schema"] == SCHEMA and fit.digest != document["digest"]:
        raise BadInput(f"{path} states digest {document['digest']}, but its rows and spec give {fit.digest}; fit again")
    return fit


def _read(path: Path) -> Mapping[str, Any]:
    try:
        document = parse_json(read_text(path, LARGEST_DOCUMENT))
    except OSError as error:
        raise BadInput(f"cannot read {path}: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        if isinstance(error, BadInput) and not isinstance(error, BadTable):
            raise
        raise BadInput(f"{path} is not JSON; a fit file is written with fit.save(...)") from error
    schema = document.get("schema") if isinstance(document, dict) else None
    if schema in (SCHEMA, _FIRST):
        return dict(document)
    if isinstance(schema, str) and schema.startswith("scalelaw.fit/"):
        raise BadInput(f"{path} has schema {schema}; this version reads up to {SCHEMA}: upgrade scalelaw")
    raise BadInput(f"{path} is not a fit file (schema {schema!r}); a fit file is written with fit.save(...)")


def _from_first(document: Mapping[str, Any]) -> Mapping[str, Any]:
    """Convert a document of the first schema: rename ``resample`` to ``intervals`` and add an empty noise scale."""
    spec = {("intervals" if name == "resample" else name): value for name, value in document["spec"].items()}
    return {**document, "spec": spec, "noise": None, "spread": None}


def _status(values: Mapping[str, Any]) -> FitStatus:
    lists = {name: tuple(values.get(name, ())) for name in _LISTS}
    return FitStatus(**{**values, **lists})


def _spread(values: Mapping[str, Any] | None, allowance: Allowance) -> VarianceFunction | None:
    return (
        None if values is None else VarianceFunction(**{**values, "relative": _unpack(values["relative"], allowance)})
    )


def _fit(document: Mapping[str, Any], allowance: Allowance) -> FitResult:
    _check_forms(document)
    law, _ = parse(document["law"])
    if law.revision != document["revision"] or list(law.coef_names) != document["coefficients"]:
        raise BadInput(f"{law.spelling} has changed since this fit was written")
    rows, status = document["rows"], document["status"]
    return FitResult(
        law=law,
        coef=named_array(_unpack(document["coef"], allowance), law.coef_names),
        draws=None if document["draws"] is None else _unpack(document["draws"], allowance),
        objective=document["objective"],
        status=_status(status),
        spec=FitSpec.from_dict(document["spec"]),
        rows=FittedRows(
            x={name: _unpack(values, allowance) for name, values in rows["x"].items()},
            y=_unpack(rows["y"], allowance),
            weight=_unpack(rows["weight"], allowance),
            cluster=np.array(rows["cluster"]),
            read=rows["read"],
            set_aside=tuple(SetAside(**part) for part in rows["set_aside"]),
            digest=rows["digest"],
            levels={name: tuple(levels) for name, levels in rows.get("levels", {}).items()},
            names=np.array(rows["names"], dtype=object) if "names" in rows else None,
            setting=np.array(rows["setting"]) if "setting" in rows else None,
        ),
        target=document["target"],
        domain={name: (ends[0], ends[1]) for name, ends in document["domain"].items()},
        findings=tuple(Finding(**{**each, "grade": Grade(each["grade"])}) for each in document["findings"]),
        notes=tuple(document["notes"]),
        noise=None if document["noise"] is None else Noise(**document["noise"]),
        spread=_spread(document["spread"], allowance),
        version=document["version"],
        conditions=document.get("conditions", {}),
        cost=StatedCost.from_dict(document["cost"]) if "cost" in document else None,
    )


def _check_forms(document: Mapping[str, Any]) -> None:
    """Check that numbers are not text and that rows have equal lengths.

    Raises:
        ValueError: they do not.
    """
    rows = document["rows"]
    n = rows["y"]["shape"]
    columns = {"weight": rows["weight"]["shape"], "cluster": list(np.shape(rows["cluster"]))}
    columns |= {f"x.{name}": values["shape"][:1] for name, values in rows["x"].items()}
    columns |= {name: list(np.shape(rows[name])) for name in ("names", "setting") if name in rows}
    for name, shape in columns.items():
        if len(n) != 1 or shape != n:
            raise ValueError(f"rows.{name} has the shape {shape}, and rows.y has {n}")
    for name, ends in document["domain"].items():
        if len(ends) != 2 or not all(isinstance(end, int | float) for end in ends):
            raise ValueError(f"domain.{name} is {str(ends)[:40]}, not two numbers")
        _ = [float(end) for end in ends]  # an integer too large for a float overflows here
    texts = {name: document[name] for name in ("target", "version", "digest")} | {"rows.digest": rows["digest"]}
    texts |= {f"notes.{number}": note for number, note in enumerate(document["notes"], 1)}
    for name, text in texts.items():
        if not isinstance(text, str):
            raise ValueError(f"{name} is {str(text)[:40]}, not text")
    if not isinstance(rows["read"], int) or not isinstance(document.get("conditions", {}), dict):
        raise ValueError("rows.read is not an integer, or conditions is not an object")
    _check_numbers(document)


def _check_numbers(document: Mapping[str, Any]) -> None:
    """Check that single values are numbers, and that runs are identified by integers or by text alone.

    Raises:
        ValueError: they are not.
    """
    rows, status = document["rows"], document["status"]
    numbers = {"objective": document["objective"]}
    numbers |= {f"status.{name}": status.get(name, 0) for name in _STATUS if name not in _LISTS}
    for name, value in numbers.items():
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise ValueError(f"{name} is {str(value)[:40]}, not a number")
        float(value)
    if not np.isfinite(_unpack(document["coef"], Allowance("coef", 0))).all():
        raise ValueError("coef holds a value that is not finite")
    for name in ("cluster", "setting"):
        kinds = set(map(type, rows.get(name, ())))
        if len(kinds) > 1 or not kinds <= {int, str}:
            raise ValueError(f"rows.{name} holds {', '.join(sorted(kind.__name__ for kind in kinds))}")


def _unpack(packed: Mapping[str, Any], allowance: Allowance) -> AnyArray:
    data = np.frombuffer(allowance.inflate(base64.b64decode(packed["float64"])), "<f8").reshape(packed["shape"])
    return data.astype(float)
