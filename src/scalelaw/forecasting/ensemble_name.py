"""The ensemble of laws as it is named where a law may be: ``ensemble``, ``ensemble[n=params_active]``."""

import re
from dataclasses import dataclass

from scalelaw.accounting.flops import COUNTINGS
from scalelaw.core.errors import BadInput, UnknownName

_SPELT = re.compile(r"ensemble(?:\[(?P<shape>[^\]]*)\])?")


@dataclass(frozen=True)
class EnsembleName:
    """What a name of the ensemble says.

    Attributes:
        n: kind of N its laws take; None where the table has one.
    """

    n: str | None = None


def ensemble_named(law: object) -> EnsembleName | None:
    """Return what the name of a law says of the ensemble, None where one law is named; no name is the ensemble.

    Raises:
        BadInput: a shape that the ensemble has not.
        UnknownName: a kind of N that does not exist.

    Example:
        >>> ensemble_named("ensemble[n=params_active]"), ensemble_named("chinchilla")
        (EnsembleName(n='params_active'), None)
    """
    if law is None:
        return EnsembleName()
    match = _SPELT.fullmatch(law.strip()) if isinstance(law, str) else None
    if match is None:
        return None
    if not (match["shape"] or "").strip():
        return EnsembleName()
    name, _, kind = (part.strip() for part in match["shape"].partition("="))
    if name != "n":
        raise BadInput(f"{law!r}: the ensemble has the shape n alone, as in ensemble[n=params_active]")
    if kind not in COUNTINGS:
        raise UnknownName.among("kind of N", kind, COUNTINGS)
    return EnsembleName(kind)
