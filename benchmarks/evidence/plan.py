"""The plan at Gopher's budget from Epoch's constants."""

import json
from collections.abc import Iterator

from evidence._row import Row, run


def measure() -> Iterator[Row]:
    out, seconds = run("scalelaw", "plan", "chinchilla@besiroglu2024", "--flops", "5.76e23", "--json")
    told = json.loads(out)
    command = "scalelaw plan chinchilla@besiroglu2024 --flops 5.76e23 --json"
    for name, promised, digits in (("params", 7.225e10, 4), ("tokens", 1.329e12, 4), ("loss", 1.9744, 5)):
        value = told[name]["value"]
        holds = f"{value:.{digits - 1}e}" == f"{promised:.{digits - 1}e}"
        yield Row(f"{name} {promised:g}", f"{value:.6g}", holds, command, seconds)
