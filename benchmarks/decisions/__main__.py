"""Score the decisions of the ensemble by the protocol: `python -m decisions --data FOLDER` from benchmarks/."""

import argparse
import warnings
from pathlib import Path

from decisions.scoring import bias, means, scored
from decisions.tables import cases, protocol
from decisions.truths import simulated


def main() -> None:
    """Score published and simulated tables and print the means."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of published tables")
    parser.add_argument("--tables", type=int, default=None, help="simulated tables to make")
    asked = parser.parse_args()
    rules = protocol()
    level, far = rules["score"]["level"], rules["simulated"]["far"]
    warnings.simplefilter("ignore")
    rows = scored(cases(asked.data), level)
    print("open", means(rows), flush=True)
    for by in dict.fromkeys(row.by for row in rows):
        print(f"  {by}", means([row for row in rows if row.by == by]), flush=True)
    made = scored(simulated(rules["simulated"], tables=asked.tables), level)
    parts = {
        "simulated": made,
        "  ratio far from 20": [row for row in made if not far[0] <= row.ratio <= far[1]],
        "  grids": [row for row in made if row.design == "grid"],
    }
    for name, part in parts.items():
        print(name, means(part), flush=True)
    for low, high in ((0.8, 2.0), (100.0, 400.0)):
        print(f"  bias of ln N* at {low:g} to {high:g}: {bias(made, low, high):+.3f}")


if __name__ == "__main__":
    main()
