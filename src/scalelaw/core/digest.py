"""Digests over canonical inputs: equal facts have equal digests in any order or spelling."""

import hashlib
import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from scalelaw.core.types import AnyArray


def digest(value: Any) -> str:
    """Return 16 hexadecimal digits of the SHA-256 of the value's canonical JSON."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), default=_plain)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def digest_rows(columns: Mapping[str, AnyArray]) -> str:
    """Return the digest of a table that does not depend on the order of rows or columns.

    File formats differ in the last digits of a number, so numbers are compared to seven significant digits, and whole
    numbers exactly.
    """
    names = sorted(columns)
    rows = zip(*(_rounded(np.asarray(columns[name]).tolist()) for name in names), strict=True)
    return digest({"columns": names, "rows": sorted(json.dumps(row) for row in rows)})


def _rounded(values: Any) -> Any:
    if isinstance(values, list):
        return [_rounded(value) for value in values]
    if not isinstance(values, float) or (values.is_integer() and abs(values) < _EXACT):
        return values
    return float(f"{values:.7g}")


_EXACT = 1e15
"""Every format writes whole numbers below this exactly."""


@cache
def source_digest() -> str:
    """Return 16 hexadecimal digits of the SHA-256 over every source file of the running package."""
    package = Path(__file__).parents[1]
    total = hashlib.sha256()
    for path in sorted(package.rglob("*.py")):
        total.update(f"{path.relative_to(package).as_posix()}\0".encode() + path.read_bytes() + b"\0")
    return total.hexdigest()[:16]


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    raise TypeError(f"cannot digest a {type(value).__name__}")
