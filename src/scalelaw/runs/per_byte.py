"""Convert losses per token to bits per byte, which are comparable across tokenizers."""

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from scalelaw.accounting.units import bits_from_nats
from scalelaw.core.errors import BadInput
from scalelaw.core.types import frozen

if TYPE_CHECKING:
    from scalelaw.runs.table import RunTable


def per_byte(table: "RunTable") -> "RunTable":
    """Return the table with losses in bits per byte and data in bytes; see ``RunTable.per_byte``."""
    if "bytes_per_token" not in table.runs:
        fix = 'name it with columns={"bytes_per_token": "..."}, or give it with derive={"bytes_per_token": "4.2"}'
        raise BadInput(f"{table.source} has no bytes_per_token, which losses per byte need; {fix}")
    losses = [target for target in table.targets if target.partition("@")[0] == "loss"]
    if not losses:
        raise BadInput(
            f"{table.source} has no loss to convert to bits per byte; its targets: {', '.join(table.targets)}"
        )
    renamed = {target: "bpb" + target.removeprefix("loss") for target in losses}
    targets = table.evals["target"].tolist()
    measured = set(targets)
    known = np.array([target not in renamed or renamed[target] not in measured for target in targets], dtype=bool)
    evals = {name: values[known] for name, values in table.evals.items()}
    factor = table.runs["bytes_per_token"][evals["run"]]
    was_loss = np.array([target in renamed for target in evals["target"].tolist()], dtype=bool)
    for name in ("value", "se"):
        evals[name] = np.where(was_loss, bits_from_nats(evals[name]) / factor, evals[name])
    evals["target"] = np.array([renamed.get(target, target) for target in evals["target"].tolist()])
    runs = dict(table.runs)
    if "tokens" in runs:
        runs["bytes"] = frozen(runs["tokens"] * runs["bytes_per_token"])
    if "tokens" in evals:
        evals["bytes"] = evals["tokens"] * factor
    scaled = f"{', '.join(renamed.values())} = {', '.join(losses)} / (ln 2 x bytes_per_token)"
    note = f"{scaled}; bytes = tokens x bytes_per_token"
    return replace(
        table,
        runs=runs,
        evals={name: frozen(values) for name, values in evals.items()},
        origins={**table.origins, **{new: table.origins.get(old, old) for old, new in renamed.items()}},
        absent={renamed.get(name, name): why for name, why in table.absent.items()},
        notes=(*table.notes, note),
    )
