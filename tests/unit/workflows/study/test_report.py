"""The report: one file that holds everything, the decision and its doubts on the first screen."""

import html
import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

import scalelaw as sl
from scalelaw import datasets
from scalelaw.cli.main import app
from scalelaw.reporting.page import _command
from scalelaw.workflows.study.study import Study

pytestmark = pytest.mark.usefixtures("few_windows")


@pytest.fixture(scope="module")
def study() -> Study:
    return sl.study(datasets.load("synthetic-ladder"), draws=40, starts=8, flops=1e22)


@pytest.fixture(scope="module")
def written(study: Study, tmp_path_factory: pytest.TempPathFactory) -> str:
    return sl.report(study, tmp_path_factory.mktemp("report") / "report.html").read_text()


class Tags(HTMLParser):
    """Counts what is opened and closed, and gathers addresses and ids."""

    def __init__(self) -> None:
        super().__init__()
        self.opened: list[str] = []
        self.ids: list[str] = []
        self.addresses: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.opened.append(tag)
        said = dict(attrs)
        self.ids += [str(said["id"])] if "id" in said else []
        self.addresses += [str(said[name]) for name in ("src", "href", "xlink:href") if name in said]


def test_it_is_one_file_that_asks_for_no_other(written: str) -> None:
    tags = Tags()
    tags.feed(written)
    inside = [address[1:] for address in tags.addresses if address.startswith("#")]
    assert all(address.startswith(("#", "data:")) for address in tags.addresses)
    assert "script" not in tags.opened and "link" not in tags.opened and "@import" not in written
    assert tags.opened.count("svg") == 3 and len(set(tags.ids)) == len(tags.ids)
    assert set(inside) <= set(tags.ids)


def test_the_first_screen_is_the_answer_in_its_order(written: str, study: Study) -> None:
    first = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", written[written.index("</h1>") : written.index("<figure>")]))
    places = [first.index(html.escape(text)) for _, text in study.answer.lines()]
    assert places == sorted(places) and len(places) == 6


def test_everything_printed_is_in_it(written: str, study: Study) -> None:
    text = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", written))
    for coefficient in study.fit.coefficients().values():
        assert f"{coefficient['value']:.5g}" in text
    assert text.count("flops &lt;") == sum(cut.axis == "flops" for cut in study.backtest.cuts)


def test_a_table_that_cannot_be_planned_from_says_why() -> None:
    runs = {"tokens": [1e8 * 2**n for n in range(12)], "loss": [2 + 3 * 0.9**n for n in range(12)]}
    study = sl.study(sl.load_runs(runs), law="power[input=tokens]", draws=0)
    assert study.plan is None and study.decided.expected is not None
    assert study.answer.train.startswith("no size: the forecast uses tokens alone")
    assert study.answer.loss.startswith(f"{study.decided.expected.mean:.4g} nats/token at 2.05T tokens")
    assert study.answer.doubtful


def test_the_command_writes_it_and_says_where(tmp_path: Path) -> None:
    path = tmp_path / "out.html"
    result = CliRunner().invoke(app, ["report", "--demo", "--draws", "0", "--to", str(path)])
    assert result.exit_code == 0 and result.stdout.strip() == str(path)
    assert path.read_text().startswith("<!doctype html>")


@pytest.mark.parametrize(
    ("metric", "given"),
    [("loss", ("params",)), ("bpb", ("tokens",)), ("loss", ("flops",)),
     pytest.param("loss", ("flops", "params"), marks=pytest.mark.slow)],
)  # fmt: skip
def test_any_columns_that_study_takes_make_a_page(given: tuple[str, ...], metric: str, tmp_path: Path) -> None:
    rng = np.random.default_rng(len("".join(given)))
    table = {"params": np.exp(rng.uniform(16, 21, 24)), "tokens": np.exp(rng.uniform(20, 24, 24))}
    table["flops"] = 6 * table["params"] * table["tokens"]
    if given == ("flops",):
        table["flops"] = np.geomspace(1e17, 1e20, 24)
    axes = [table[name] for name in given]
    loss = (1.1 + sum(9 / axis**0.12 for axis in axes)) * np.exp(0.002 * rng.standard_normal(24))
    study = sl.study({**{name: table[name] for name in given}, metric: loss}, draws=40, starts=8)
    page = sl.report(study, tmp_path / "report.html").read_text()
    assert "<svg" in page
    text = html.unescape(page)
    assert ("bits/byte" in text) == (metric == "bpb") and not (metric == "bpb" and "nats/token)" in text)


def test_a_long_command_breaks_between_its_words_only() -> None:
    command = "scalelaw robustness /a/long/path/to/runs.csv --target loss@c4_val --flops 7.96e+22"
    shown = _command(command)
    assert re.sub("<[^>]+>", "", shown) == command
    assert re.findall(r"<span>([^<]*)</span>", shown) == command.split(" ")
