"""Write a fit as one JSON document, whole or not at all."""

import base64
import json
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from scalelaw.core.digest import digest
from scalelaw.core.files import write_whole
from scalelaw.core.types import AnyArray

if TYPE_CHECKING:
    from scalelaw.fitting.result import FitResult

SCHEMA = "scalelaw.fit/2"


def save_fit(fit: "FitResult", path: str | Path) -> None:
    """Write a fit; the file appears whole or not at all."""
    status, rows = fit.status, fit.rows
    document = {
        "schema": SCHEMA,
        "version": fit.version,
        "law": fit.law.spelling,
        "revision": fit.law.revision,
        "coefficients": list(fit.law.coef_names),
        "coef": _pack(fit.coef),
        "draws": None if fit.draws is None else _pack(fit.draws),
        "objective": fit.objective,
        "status": {name: getattr(status, name) for name in _STATUS},
        "spec": fit.spec.to_dict(),
        "noise": None if fit.noise is None else fit.noise.to_dict(),
        "spread": None
        if fit.spread is None
        else fit.spread.to_dict()
        | {
            "relative": _pack(fit.spread.relative),
            "log_reference": fit.spread.log_reference,
            **({} if fit.spread.items is None else {"items": fit.spread.items}),
        },
        "rows": {
            "x": {name: _pack(values) for name, values in rows.x.items()},
            "y": _pack(rows.y),
            "weight": _pack(rows.weight),
            "cluster": np.asarray(rows.cluster).tolist(),
            "read": rows.read,
            "set_aside": [part.to_dict() for part in rows.set_aside],
            "digest": rows.digest,
            **({"levels": {name: list(levels) for name, levels in rows.levels.items()}} if rows.levels else {}),
            **({} if rows.names is None else {"names": rows.names.tolist()}),
            **({} if rows.setting is None else {"setting": np.asarray(rows.setting).tolist()}),
        },
        "target": fit.target,
        "domain": {name: list(ends) for name, ends in fit.domain.items()},
        "findings": [finding.to_dict() for finding in fit.findings],
        "notes": list(fit.notes),
        "digest": fit.digest,
        "conditions": dict(fit.conditions),
        **({} if fit.cost is None else {"cost": fit.cost.to_dict()}),
    }
    document["content"] = _content(document)
    write_whole(path, json.dumps(document, indent=1) + "\n")


_STATUS = ("starts", "agreeing", "decrement", "condition", "at_bounds", "spare", "undetermined")


def _content(document: Mapping[str, Any]) -> str:
    """Return the digest of everything in the file except this digest."""
    return digest({name: value for name, value in document.items() if name != "content"})


def _pack(values: AnyArray) -> dict[str, Any]:
    """Return an array as its shape and its compressed little-endian float64 bytes."""
    data = np.ascontiguousarray(values, "<f8")
    return {"shape": list(data.shape), "float64": base64.b64encode(zlib.compress(data.tobytes(), 9)).decode()}
