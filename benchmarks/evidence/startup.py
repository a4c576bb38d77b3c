"""Start-up time of Python and of the command line."""

from collections.abc import Iterator

from evidence._row import Row, run


def measure() -> Iterator[Row]:
    numerics = min(run("python", "-c", "import numpy, scipy")[1] for _ in range(3))
    for what, code in (("import scalelaw", "scalelaw"), ("the same with fit loaded", "scalelaw; scalelaw.fit")):
        whole = min(run("python", "-c", f"import numpy, scipy, {code}")[1] for _ in range(3))
        beyond = whole - numerics
        yield Row(f"{what} <= 0.3 CPU s beyond numpy and scipy", f"{beyond:.2f} s", beyond <= 0.3,
                  f"python -c 'import {code}'", whole)  # fmt: skip
    for promise, limit, command in (
        ("scalelaw --help <= 0.6 CPU s", 0.6, ("scalelaw", "--help")),
        ("scalelaw calc <= 1 s", 1.0, ("scalelaw", "calc", "8B", "15T")),
    ):
        seconds = min(run(*command)[1] for _ in range(3))
        yield Row(promise, f"{seconds:.2f} s", seconds <= limit, " ".join(command), seconds)
