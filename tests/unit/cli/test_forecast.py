"""``scalelaw forecast`` refuses in one line what it cannot mean."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from scalelaw import datasets
from scalelaw.cli.main import app

LADDER = str(datasets.path("synthetic-ladder"))


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--params", "1B"], "--params and --tokens together"),
        (["--params", "1B", "--tokens", "many"], "'many' is not a number"),
        (["--params", "1B", "--tokens", "1B", "--flops", "1e20"], "only --flops for a"),
        (["--flops", "0"], "flops must be positive"),
        (["--level", "90"], "level must lie strictly between 0 and 1"),
        (["--draws", "1"], "draws must be 10 or more"),
        (["--params-kind", "params_active"], "use n=params"),
        (["--calibration", "nowhere.json"], "cannot be read"),
        (["--target", "score@mmlu"], "mmlu"),
    ],
)
def test_what_it_cannot_mean_is_one_line(words: list[str], message: str) -> None:
    result = CliRunner().invoke(app, ["forecast", LADDER, *words])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exc_info
    assert result.exit_code == 2 and result.stdout == ""
    assert len(result.stderr.splitlines()) == 1 and message in result.stderr


def test_a_calibration_that_is_none_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "other.json"
    path.write_text('{"schema": "scalelaw.fit/2"}')
    result = CliRunner().invoke(app, ["forecast", LADDER, "--calibration", str(path)])
    assert result.exit_code == 2 and "not a calibration" in result.stderr
