"""The settings of a run, and the digest that names it."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from scalelaw.core.digest import digest
from scalelaw.core.errors import BadInput

RESERVED = frozenset({"run", "state", "time", "session", "error"})
"""Names that the store itself sets."""


@dataclass(frozen=True)
class RunSpec:
    """The settings of one run as canonical JSON; equal settings have equal digests in any order.

    Attributes:
        text: the settings as canonical JSON; made by ``RunSpec.of``.

    Example:
        >>> RunSpec.of({"params": 1e6, "seed": 0}).digest == RunSpec.of({"seed": 0, "params": 1_000_000}).digest
        True
    """

    text: str

    @classmethod
    def of(cls, settings: Mapping[str, Any]) -> Self:
        """Make the spec of these settings.

        Args:
            settings: name -> number, text, flag, None, or a list or dict of those. Whole floats count as
                integers: 1e6 equals 1000000.

        Raises:
            BadInput: a name that the store sets itself, or a value of another type.
        """
        for name in settings:
            if not isinstance(name, str) or not name.strip():
                raise BadInput(f"setting {name!r}: give a name that is text and not empty")
            if name in RESERVED:
                raise BadInput(f"setting {name}={settings[name]!r}: the store sets {name} itself; choose another name")
        plain = {name: canonical(value, name) for name, value in settings.items()}
        return cls(json.dumps(plain, sort_keys=True, separators=(",", ":"), ensure_ascii=False))

    @property
    def settings(self) -> dict[str, Any]:
        """The settings as plain values."""
        return dict(json.loads(self.text))

    @property
    def digest(self) -> str:
        """Digest of the settings, 16 hexadecimal digits; the name of the run."""
        return digest(self.settings)


def canonical(value: Any, name: str) -> Any:
    """Return the value in canonical JSON types; ``name`` is for the message.

    Raises:
        BadInput: JSON cannot store it.
    """
    if isinstance(value, Mapping):
        if bad := next((key for key in value if not isinstance(key, str)), None):
            raise BadInput(f"{name}: the key {bad!r} is not text")
        return {key: canonical(item, f"{name}.{key}") for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [canonical(item, name) for item in value]
    found = plain(value, name)
    if isinstance(found, float):
        if not math.isfinite(found):
            raise BadInput(f"{name}={found}: give a finite number")
        return int(found) if found.is_integer() and abs(found) < 2**53 else found
    return found


def plain(value: Any, name: str) -> bool | int | float | str | None:
    """Return a single value as a Python type; accepts NumPy and torch scalars.

    Raises:
        BadInput: not a single number, text or flag.
    """
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return float(value)
    item = getattr(value, "item", None)
    if callable(item):
        try:
            return plain(item(), name)
        except (ValueError, RuntimeError, TypeError) as error:  # several elements, or without data
            raise BadInput(
                f"{name}: {_shown(value)} is not one number; log a mean, or each number under a separate name"
            ) from error
    raise BadInput(f"{name}={_shown(value)}: give a number, text, a flag or None")


def _shown(value: Any) -> str:
    return f"{str(value)[:40]} ({type(value).__name__})"
