"""Every bad input gives one line and exit status 2."""

from collections.abc import Iterator

from evidence._row import Row, run


def measure() -> Iterator[Row]:
    out, seconds = run("pytest", "-q", "-p", "no:cacheprovider", "tests/unit/cli/test_bad_inputs.py")
    closing = out.strip().splitlines()[-1]
    yield Row("every bad input: status 2, one line", closing, "failed" not in closing,
              "pytest tests/unit/cli/test_bad_inputs.py", seconds)  # fmt: skip
