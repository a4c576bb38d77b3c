"""The demo's ladder on ten seeds: an hour of two cores, once, since what lies in ``build`` is not trained again."""

import re
from collections.abc import Iterator

from evidence._row import Row, run


def measure() -> Iterator[Row]:
    """Yield the rows; the sentence below the table of the trials holds the figures."""
    said, seconds = run("python", "benchmarks/demo_trials.py")
    last = said.splitlines()[-1]
    found = re.fullmatch(
        r"Inside in (\d+) of (\d+), at ([\d.]+) times.*mixture of laws ([\d.]+)%.*half-width (.*)", last
    )
    assert found is not None, last
    inside, trials, reach, error = int(found[1]), int(found[2]), float(found[3]), float(found[4])
    yield Row(
        "demo on 10 seeds: inside the frozen 90 % band in >= 8, at >= 4 times the dearest run fitted",
        f"{inside} of {trials} at {reach:g} times", inside >= 8 and reach >= 4, "make trials", seconds,
    )  # fmt: skip
    yield Row("median error <= 2 % of the loss, beside a power law in C and the last value",
              last.partition("median error: ")[2].partition(";")[0], error <= 2, "make trials", 0.0)  # fmt: skip
    within = [float(each) for each in re.findall(r"([\d.]+)%", found[5])]
    yield Row("half-width <= 5 % of the loss and <= half of the drop, in every trial", f"half-width {found[5]}",
              within[0] <= 5 and within[1] <= 50, "make trials", 0.0)  # fmt: skip
