"""Read TOML with errors that name the file, and write it line by line."""

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from scalelaw.core.errors import BadInput
from scalelaw.core.reading import LARGEST_SETTINGS, one_line, read_limited


def read_toml(path: Path, hint: str) -> dict[str, Any]:
    """Return the content of a TOML file.

    Args:
        path: the file.
        hint: how to create such a file, for the message if it is missing.

    Raises:
        BadInput: the file cannot be read, or is not TOML.
    """
    with one_line(str(path)):
        try:
            return tomllib.loads(read_limited(path, LARGEST_SETTINGS).decode("utf-8"))
        except OSError as error:
            raise BadInput(f"{path}: {error.strerror}; {hint}") from error
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise BadInput(f"{path} is not TOML: {error}") from error


def spelt(name: str, value: Any) -> list[str]:
    """Return the TOML lines of one key: dotted keys for the entries of a table, no line for an empty table."""
    if isinstance(value, Mapping):
        return [line for key, each in value.items() for line in spelt(f"{name}.{_key(key)}", each)]
    return [f"{name} = {_value(value)}"]


def _key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else _value(name)


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, str):
        return '"' + "".join(_ESCAPES.get(sign, sign) for sign in value) + '"'
    return "[" + ", ".join(_value(each) for each in value) + "]"


_ESCAPES = {'"': '\\"', "\\": "\\\\"} | {chr(code): f"\\u{code:04x}" for code in (*range(32), 127)}
