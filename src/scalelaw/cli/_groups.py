"""Groups of options: a command takes a dataclass, and each field becomes an option."""

import inspect
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from functools import wraps
from typing import Any, get_type_hints


def grouped(command: Callable[..., None]) -> Callable[..., None]:
    """Turn each parameter whose default is a dataclass into options, one per field.

    The field's annotation describes the option; the dataclass instance gives the default. The command receives the
    dataclass filled from the command line.
    """
    signature = inspect.signature(command)
    hints = get_type_hints(command, include_extras=True)
    spread: list[inspect.Parameter] = []
    groups: dict[str, tuple[type, list[str]]] = {}
    for name, parameter in signature.parameters.items():
        if not is_dataclass(parameter.default):
            spread.append(parameter.replace(annotation=hints[name], kind=inspect.Parameter.KEYWORD_ONLY))
            continue
        group = type(parameter.default)
        members = get_type_hints(group, include_extras=True)
        groups[name] = (group, [field.name for field in fields(parameter.default)])
        spread += [
            inspect.Parameter(
                each, inspect.Parameter.KEYWORD_ONLY, default=getattr(parameter.default, each), annotation=members[each]
            )
            for each in groups[name][1]
        ]

    @wraps(command)
    def spread_command(**given: Any) -> None:
        filled = {
            name: group(**{each: given.pop(each) for each in members}) for name, (group, members) in groups.items()
        }
        command(**given, **filled)

    spread_command.__signature__ = signature.replace(parameters=spread)  # type: ignore[attr-defined]
    spread_command.__annotations__ = {parameter.name: parameter.annotation for parameter in spread} | {"return": None}
    return spread_command
