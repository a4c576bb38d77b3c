"""Parse the names of the ensemble, accepted where a law is: ``ensemble``, ``ensemble[n=params_active]``."""

import re
from dataclasses import dataclass

from scalelaw.accounting.flops import COUNTINGS
from scalelaw.core.errors import BadInput, UnknownName

_SPELT = re.compile(r"ensemble(?:\[(?P<shape>[^\]]*)\])?")


@dataclass(frozen=True)
class EnsembleName:
    """A parsed name of the ensemble.

    Attributes:
        n: kind of N its laws take; None if the table has only one kind.
    """

    n: str | None = None


def ensemble_named(law: object) -> EnsembleName | None:
    """Parse a name: None if it names a single law; without a name, the ensemble.

    Raises:
        BadInput: an option other than ``n``.
        UnknownName: an unknown kind of N.

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
        raise BadInput(f"{law!r}: the ensemble has only the option n, as in ensemble[n=params_active]")
    if kind not in COUNTINGS:
        raise UnknownName.among("kind of N", kind, COUNTINGS)
    return EnsembleName(kind)
