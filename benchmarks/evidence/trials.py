"""The demo's ladders on ten seeds: an hour on two cores the first time; later calls reuse the runs in ``build``."""

import re
from collections.abc import Iterator

from evidence._row import Row, run

_SECTION = re.compile(
    r"## (demo-\w+): .*?\n(The band contains the measured loss in (\d+) of \d+ trials\. .*? has ([\d.]+) times .*?)"
    r"(?=\n\n|\Z)",
    re.DOTALL,
)


def measure() -> Iterator[Row]:
    """Yield the rows; the sentence below the table of each ladder holds its figures."""
    said, seconds = run("python", "benchmarks/demo_trials.py")
    for name, last, inside, reach in _SECTION.findall(said):
        first, second, third = last.strip().splitlines()
        error = re.search(r"ensemble of laws ([\d.]+)%", second)
        assert error is not None, last
        yield Row(
            f"{name} on 10 seeds: inside the frozen 90 % band in >= 8, at >= 4 times the compute of the "
            "largest fitted run",
            first, int(inside) >= 8 and float(reach) >= 4, "make trials", seconds,
        )  # fmt: skip
        yield Row(f"{name}: median error <= 2 % of the loss; two baselines for comparison",
                  second.strip(), float(error[1]) <= 2, "make trials", 0.0)  # fmt: skip
        of_loss, of_drop = (float(each) for each in re.findall(r"([\d.]+)%", third))
        yield Row(f"{name}: half-width <= 5 % of the loss and <= half of the drop, in every trial",
                  third.strip().rstrip("."), of_loss <= 5 and of_drop <= 50, "make trials", 0.0)  # fmt: skip
