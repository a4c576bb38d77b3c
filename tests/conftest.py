"""What every test runs under: no network, no display, one thread, fixed seeds, and in CI no unlisted skip."""

import importlib
import os
import socket
import sys
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

os.environ.setdefault("MPLBACKEND", "Agg")
for threads in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "POLARS_MAX_THREADS"):
    os.environ.setdefault(threads, "1")  # before NumPy is imported: two test processes share two cores

if sys.dont_write_bytecode:  # compile modules once, outside the source: otherwise every process takes 10 s for it
    sys.dont_write_bytecode = False
    compiled = str(Path(__file__).parents[1] / "build" / "pycache")
    sys.pycache_prefix = os.environ.setdefault("PYTHONPYCACHEPREFIX", compiled)
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # commands that tests start write there too

import numpy as np
import pytest
import typer.testing
from hypothesis import HealthCheck, settings

settings.register_profile(
    "scalelaw", deadline=None, derandomize=True, max_examples=50, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("scalelaw")

_READ_ONLY = "tests/unit/core/test_files.py::test_a_file_that_may_not_be_written_is_not_replaced"
MAY_SKIP_IN_CI = frozenset({f"{_READ_ONLY}[nameless]", f"{_READ_ONLY}[named]"})
"""Node ids of tests, or of modules, that may skip in CI even though the data is there: root may write any file."""

_SKIP_IS_FAILURE = os.environ.get("CI") == "true" and "SCALELAW_DATA" in os.environ
Report = TypeVar("Report", pytest.TestReport, pytest.CollectReport)
_HERE = {"127.0.0.1", "::1", "localhost"}


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """The folder of published tables; the test is skipped where it is not known."""
    if "SCALELAW_DATA" not in os.environ:
        pytest.skip("SCALELAW_DATA is not set")
    return Path(os.environ["SCALELAW_DATA"])


@pytest.fixture
def rng() -> np.random.Generator:
    """A generator that draws the same numbers in every run."""
    return np.random.default_rng(20240415)


@pytest.fixture(scope="module")
def few_windows() -> Iterator[None]:
    """Backtests of one cut an axis, for modules that run whole studies and mean something else."""
    from scalelaw.backtesting.windows import WindowRules

    @dataclass(frozen=True)
    class OneCut(WindowRules):
        most_cuts: int = 1

    with pytest.MonkeyPatch.context() as patch:
        for module in ("backtest", "ensemble_backtest"):
            patch.setattr(importlib.import_module(f"scalelaw.backtesting.{module}"), "WindowRules", OneCut)
        yield


@pytest.fixture(scope="session", autouse=True)
def _no_network() -> Iterator[None]:
    """Refuse names and addresses of other machines; nothing in scalelaw may reach for one unasked."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("connect", "connect_ex"):
            patch.setattr(socket.socket, name, _local_only(getattr(socket.socket, name), address_at=1))
        patch.setattr(socket, "getaddrinfo", _local_only(socket.getaddrinfo, address_at=0))
        yield


@pytest.fixture(scope="session", autouse=True)
def _commands_built_once() -> Iterator[None]:
    """Build the tree of commands once, and not in each of the hundreds of invocations: 50 ms each."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(typer.testing, "_get_command", cache(typer.main.get_command))
        yield


def _local_only(call: Any, address_at: int) -> Any:
    def guarded(*args: Any, **options: Any) -> Any:
        address = args[address_at]
        host = address[0] if isinstance(address, tuple) else address
        is_path = address_at == 1 and isinstance(address, str | bytes)
        if not is_path and host not in _HERE:
            raise RuntimeError(f"a test reached for the network: {address!r}")
        return call(*args, **options)

    return guarded


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Turn a skip that is not listed into a failure, in CI where the data is there."""
    return _without_skip((yield), item.nodeid)


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """The same for a module that skips itself as a whole."""
    return _without_skip((yield), collector.nodeid)


def _without_skip(report: Report, nodeid: str) -> Report:
    expected = hasattr(report, "wasxfail") or nodeid in MAY_SKIP_IN_CI
    if _SKIP_IS_FAILURE and report.skipped and not expected:
        report.outcome = "failed"
        report.longrepr = f"skipped in CI, where a skip is a failure: {report.longrepr}"
    return report
