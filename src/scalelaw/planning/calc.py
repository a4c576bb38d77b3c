"""Calculator: the compute of one (N, D), and its loss under every published law; needs no data."""

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
from scalelaw.core.quantities import quantity
from scalelaw.core.rendering import Lines, Renderable, Report, Table
from scalelaw.laws import Constants, Law
from scalelaw.planning.penalty import excess
from scalelaw.planning.surfaces.closed import ClosedForm, Solvable


@dataclass(frozen=True)
class Reading(Brief):
    """The result of one published law at one (N, D).

    Attributes:
        law: law and source, as ``chinchilla@besiroglu2024``.
        n: the kind of N it takes.
        loss: predicted loss, nats/token.
        penalty: compute over the least compute that reaches this loss; None without a closed form.
        best: ``params``, ``tokens`` and ``loss`` of the best split of the same compute; None without a closed form.
        reach: quantity -> value over the largest one behind the constants.
        outside: whether N or D lies outside the range of the runs behind the constants.
        note: caveat about the constants.
    """

    law: str
    n: str
    loss: float
    penalty: float | None
    best: Mapping[str, float] | None
    reach: Mapping[str, float]
    outside: bool
    note: str = ""


@dataclass(frozen=True, eq=False)
class Calculation(Renderable, Tabular):
    """Compute and predicted losses of one (N, D).

    Attributes:
        params: N, embeddings included.
        tokens: D.
        flops: convention -> C in FLOP, for conventions whose N is given.
        tokens_per_param: D / N.
        losses: result of each published law that takes this N and D.
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
        """Return one row per published law."""
        return columns_of(self.to_dict()["losses"])

    def report(self) -> Report:
        """Return compute and the results of the published laws."""
        kinds = {counting.name: kind for kind, counting in COUNTINGS.items()}
        cost = [
            ("flops", f"{format_number(c):<12}C = 6 N D, N: {quantity(kinds[name]).meaning}")
            for name, c in self.flops.items()
        ]
        cost.append(("tokens per param", format_number(self.tokens_per_param, 4)))
        cost.append(("excess", "compute of this run over that of the cheapest run with the same loss"))
        rows = [["law", "loss", "best split, same flops", "its loss", "excess", "beside the fitted runs"]]
        for reading in self.losses:
            best = reading.best or {}
            split = f"{format_number(best['params'], 3)} on {format_number(best['tokens'], 3)}" if best else ""
            least = f"{best['loss']:.4f}" if best else ""
            excess = "" if reading.penalty is None else f"{reading.penalty:.3g}x"
            rows.append([reading.law, f"{reading.loss:.4f}", split, least, excess, _beyond(reading)])
        notes = [(f"note on {reading.law}", reading.note) for reading in self.losses if reading.note]
        notes += [(label, f"not evaluated: {why}") for label, why in self.skipped.items()]
        title = f"{format_number(self.params)} params on {format_number(self.tokens)} tokens"
        return Report(title, [Lines(cost, width=18), Table(rows), Lines(notes, width=0)])


def calculate(
    params: float | str, tokens: float | str, *, params_non_embedding: float | str | None = None
) -> Calculation:
    """Compute the FLOP of one (N, D), and its loss and over-training penalty under every published law.

    Args:
        params: N, embeddings included; a number or text such as ``8B``.
        tokens: D; a number or text such as ``15T``.
        params_non_embedding: N without embeddings; without it, laws that need it are skipped.

    Raises:
        BadNumber: a value that is not a number, or has the unit of another quantity.
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
    """Yield each law of one kind of N and tokens, with each set of its published constants."""
    for name in laws.names():
        law = laws.get(name)
        kinds = [quantity for quantity in law.inputs if quantity in COUNTINGS]
        if len(kinds) == 1 and set(law.inputs) == {*kinds, "tokens"} and law.output == "loss":
            for source, constants in law.published.items():
                yield law, source, constants


def _reading(law: Law, source: str, constants: Constants, at: Mapping[str, float]) -> Reading:
    """Evaluate one law with the constants of one source."""
    kind = next(name for name in at if name in COUNTINGS)
    coef = law.vector(constants.coef)
    surface = ClosedForm(law, coef[None, :], counting_for(kind)) if isinstance(law, Solvable) else None
    x = {name: np.full(1, value) for name, value in at.items()}
    return Reading(
        f"{law.spelling}@{source}",
        kind,
        float(law.predict(coef, x)[0]),
        None if surface is None else float(excess(surface, at[kind], at["tokens"])[0]),
        None if surface is None else _best(surface, at[kind], at["tokens"]),
        reach(at, constants.domain),
        bool(outside(x, constants.domain)[0]),
        f"unverified: {constants.source}" if constants.unverified else constants.note,
    )


def _best(surface: ClosedForm, params: float, tokens: float) -> dict[str, float] | None:
    """Return the compute-optimal N and D at the compute of a run, and the loss there; None if no split is best."""
    flops = surface.counting.flops(params, tokens)
    best, loss = (float(each[0, 0]) for each in surface.optimum(np.full(1, float(flops))))
    if not np.isfinite(best):
        return None
    return {"params": best, "tokens": float(surface.counting.tokens(best, flops)), "loss": loss}


def _beyond(reading: Reading) -> str:
    """Return whether the point is inside the range of the runs behind the constants, as text."""
    if not reading.reach:
        return "range unknown"
    far = ", ".join(f"{name} {times:.3g}x" for name, times in reading.reach.items() if times > 1)
    return f"outside: {far or 'below the smallest'}" if reading.outside else "inside"
