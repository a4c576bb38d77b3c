"""The calculator: what one (N, D) costs and reaches by every published law, with no data at all."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from scalelaw import laws
from scalelaw.accounting.flops import COUNTINGS, counting_for
from scalelaw.core.errors import BadInput
from scalelaw.core.forecaster import outside, reach
from scalelaw.core.nouns.brief import Brief
from scalelaw.core.nouns.tabular import Columns, Tabular, columns_of
from scalelaw.core.numbers import format_number, parse_number
from scalelaw.core.rendering import Lines, Renderable, Report, Table
from scalelaw.core.types import Array
from scalelaw.laws import Constants, Law
from scalelaw.planning.penalty import excess
from scalelaw.planning.surfaces.closed import ClosedForm, Solvable


@dataclass(frozen=True)
class Reading(Brief):
    """What one published law says of one (N, D).

    Attributes:
        law: law and source, as ``chinchilla@besiroglu2024``.
        n: the kind of N it takes.
        loss: in the law's unit, nats/token for losses.
        penalty: compute spent over compute needed for this loss, or None without a closed form.
        reach: asked over largest behind the constants, per quantity whose range is known.
        outside: whether N or D lies outside the runs behind the constants.
        note: what to know of the constants.
    """

    law: str
    n: str
    loss: float
    penalty: float | None
    reach: Mapping[str, float]
    outside: bool
    note: str = ""


@dataclass(frozen=True, eq=False)
class Calculation(Renderable, Tabular):
    """What one (N, D) costs and reaches.

    Attributes:
        params: N, embeddings included.
        tokens: D.
        flops: C in FLOP by each convention whose N is known, by name.
        tokens_per_param: D / N.
        losses: one reading for each published law that takes this N and D.
        skipped: law and source -> why it was not evaluated.
    """

    params: float
    tokens: float
    flops: Mapping[str, float]
    tokens_per_param: float
    losses: tuple[Reading, ...]
    skipped: Mapping[str, str] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, schema ``scalelaw.calc/1``."""
        return {
            "schema": "scalelaw.calc/1",
            "params": self.params,
            "tokens": self.tokens,
            "flops": dict(self.flops),
            "tokens_per_param": self.tokens_per_param,
            "losses": [asdict(reading) for reading in self.losses],
            "skipped": dict(self.skipped),
        }

    def to_columns(self) -> Columns:
        """Return one row a published law."""
        return columns_of(self.to_dict()["losses"])

    def sheet(self) -> Report:
        """Return cost and readings of the published laws."""
        cost = [("flops", f"{format_number(c):<12}C = 6 N D, {name}") for name, c in self.flops.items()]
        cost.append(("tokens per param", format_number(self.tokens_per_param)))
        rows = [["law", "loss", "compute / optimal", "N", "the runs behind it"]]
        for reading in self.losses:
            penalty = "" if reading.penalty is None else f"{reading.penalty:.4g}x"
            rows.append([reading.law, f"{reading.loss:.4f}", penalty, reading.n, _beyond(reading)])
        notes = [(f"note on {reading.law}", reading.note) for reading in self.losses if reading.note]
        notes += [(label, f"not evaluated: {why}") for label, why in self.skipped.items()]
        title = f"{format_number(self.params)} params on {format_number(self.tokens)} tokens"
        return Report(title, [Lines(cost, width=18), Table(rows), Lines(notes, width=0)])


def calculate(
    params: float | str, tokens: float | str, *, params_non_embedding: float | str | None = None
) -> Calculation:
    """Return compute, tokens per param, and by every published law loss and over-training penalty, of one (N, D).

    Args:
        params: N, embeddings included; a number or text such as ``8B``.
        tokens: D; a number or text such as ``15T``.
        params_non_embedding: N without embeddings; laws that take it are left out, with the reason, where it is None.

    Raises:
        BadNumber: a value that is no number or carries the unit of another quantity.
        BadInput: a value that is not positive, or more params without embeddings than with.

    Example:
        >>> round(calculate("8B", "15T").flops["6N_total"], -22)
        7.2e+23
    """
    known = {"params": parse_number(params, "params"), "tokens": parse_number(tokens, "tokens")}
    if params_non_embedding is not None:
        known["params_non_embedding"] = parse_number(params_non_embedding, "params_non_embedding")
    for name, value in known.items():
        if not value > 0:
            raise BadInput(f"{name} must be positive, got {value:g}")
    if known.get("params_non_embedding", 0.0) > known["params"]:
        raise BadInput(
            f"params_non_embedding {known['params_non_embedding']:g} exceeds params {known['params']:g}, "
            "which include the embeddings"
        )
    losses, skipped = [], {}
    for law, source, constants in _published():
        kind = next(name for name in law.inputs if name in COUNTINGS)
        if kind in known:
            losses.append(_reading(law, source, constants, {kind: known[kind], "tokens": known["tokens"]}))
        else:
            skipped[f"{law.spelling}@{source}"] = f"it takes {kind}; give {kind}= (CLI: --{kind.replace('_', '-')})"
    return Calculation(
        known["params"],
        known["tokens"],
        {c.name: float(c.flops(known[kind], known["tokens"])) for kind, c in COUNTINGS.items() if kind in known},
        known["tokens"] / known["params"],
        tuple(losses),
        skipped,
    )


def _published() -> Iterator[tuple[Law, str, Constants]]:
    """Yield each law over one kind of N and tokens, at each of its published constants."""
    for name in laws.names():
        law = laws.get(name)
        kinds = [quantity for quantity in law.inputs if quantity in COUNTINGS]
        if len(kinds) == 1 and set(law.inputs) == {*kinds, "tokens"} and law.output == "loss":
            for source, constants in law.published.items():
                yield law, source, constants


def _reading(law: Law, source: str, constants: Constants, at: Mapping[str, float]) -> Reading:
    """Return what one law at one source's constants says."""
    coef = law.vector(constants.coef)
    x = {name: np.full(1, value) for name, value in at.items()}
    kind = next(name for name in at if name in COUNTINGS)
    return Reading(
        f"{law.spelling}@{source}",
        kind,
        float(law.predict(coef, x)[0]),
        _penalty(law, coef, kind, at),
        reach(at, constants.domain),
        bool(outside(x, constants.domain)[0]),
        f"unverified: {constants.source}" if constants.unverified else constants.note,
    )


def _penalty(law: Law, coef: Array, kind: str, at: Mapping[str, float]) -> float | None:
    if not isinstance(law, Solvable):
        return None
    return float(excess(ClosedForm(law, coef[None, :], counting_for(kind)), at[kind], at["tokens"])[0])


def _beyond(reading: Reading) -> str:
    """Return how the point lies to the runs behind the constants, in words."""
    if not reading.reach:
        return "range unknown"
    far = ", ".join(f"{name} {times:.3g}x" for name, times in reading.reach.items() if times > 1)
    return f"outside: {far or 'below the smallest'}" if reading.outside else "inside"
