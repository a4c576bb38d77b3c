"""``scalelaw.toml``: what it may say, what it refuses in one line, and exclusions with their reasons."""

import re
import sys
import tomllib
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

import scalelaw as sl
from scalelaw import datasets
from scalelaw.cli import study
from scalelaw.cli.main import app
from scalelaw.core.errors import BadInput
from scalelaw.core.toml import spelt
from scalelaw.workflows.project.init import relative
from scalelaw.workflows.project.project import read_project

LADDER = str(datasets.path("synthetic-ladder"))
SOURCE = f"source = '{LADDER}'\n"
BAD = {
    "no source": ("law = 'chinchilla'", r"source is missing"),
    "a typo": (SOURCE + "targt = 'loss'", r"unknown key 'targt'\. Did you mean 'target'\?"),
    "not TOML": ("source = ", r"is not TOML"),
    "text for draws": (SOURCE + "draws = 'many'", r"draws = 'many': give a number"),
    "true for draws": (SOURCE + "draws = true", r"draws = True: give a number"),
    "a number for strict": (SOURCE + "strict = 1", r"strict = 1: give true or false"),
    "draws out of range": (SOURCE + "draws = 1", r"draws must be 0"),
    "a number for a column": (SOURCE + "columns.params = 3", r"columns\.params = 3: give text"),
    "noise of no kind": (SOURCE + "noise.kind = 'hubber'", r"unknown loss function 'hubber'"),
    "noise of no key": (SOURCE + "noise.dleta = 1", r"unknown key of noise 'dleta'"),
    "no reason": (SOURCE + "[[exclude]]\nrun = 'r3'", r"every \[\[exclude\]\] needs a reason"),
    "no run": (SOURCE + "[[exclude]]\nreason = 'bad'", r"names no run"),
    "an exclusion of nobody": (SOURCE + "[[exclude]]\nparams = 3\nreason = 'bad'", r"matches none of the 42"),
    "an exclusion of all": (SOURCE + "[[exclude]]\nparams.from = 1\nreason = 'bad'", r"matches all of the 42 runs"),
    "a range of no end": (SOURCE + "where.params.above = 3", r"give a range \{ from = 1e6, to = 1e9 \}"),
    "one bound": (SOURCE + "bounds.alpha = [0.1]", r"bounds\.alpha = \[0\.1\]: give two numbers"),
    "bounds of text": (SOURCE + "bounds.alpha = ['a', 'b']", r"give two numbers"),
    "bounds that are no list": (SOURCE + "bounds.alpha = 3", r"bounds\.alpha = 3: give a list"),
    "fixed at text": (SOURCE + "fixed.E = 'x'", r"fixed\.E = 'x': give a number"),
    "fixed where the law is not": (SOURCE + "fixed.E = -3.0", r"fixed of E \(-3\.0\) .*name a law .*e\.g\. law="),
    "tied in an ensemble": (
        SOURCE + "law = 'ensemble'\nties.beta = 'alpha'",
        r"ties of beta .*or omit ties",
    ),
    "fixed beyond the law": (
        SOURCE + "law = 'chinchilla'\nfixed.E = -3.0",
        r"E is fixed at -3; the law needs 0",
    ),
    "swept numbers": (SOURCE + "use = 'best'\nover = [1]", r"over = 1: give text"),
    "a column called self": (SOURCE + "where.self = 2", r"unknown column 'self'"),
    "no file": ("source = 'nosuch.csv'", r"nosuch\.csv"),
    "no column": (SOURCE + "columns.tokens = 'nosuch'", r"unknown column for tokens 'nosuch'"),
    "no law": (SOURCE + "law = 'chincila'", r"Did you mean 'chinchilla'\?"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_file_ends_in_one_line_and_status_two(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text, message = BAD[name]
    (tmp_path / "scalelaw.toml").write_text(text)
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(app, [])
    assert isinstance(result.exception, SystemExit) and result.exit_code == 2
    assert result.stdout == "" and len(result.stderr.splitlines()) == 1
    assert re.search(message, result.stderr), result.stderr


def project(tmp_path: Path, text: str) -> Any:
    (tmp_path / "scalelaw.toml").write_text(SOURCE + text)
    return sl.load_project(tmp_path)


def test_exclusions_are_counted_with_their_reasons(tmp_path: Path) -> None:
    largest = sl.load_runs(LADDER).runs["params"].max()
    found = project(
        tmp_path,
        f"""
        [[exclude]]
        params.from = {largest}
        reason = "another cluster"
        [[exclude]]
        top.loss = 2
        reason = "diverged late"
        """,
    ).table
    reasons = {part.reason: part.n for part in found.set_aside}
    assert reasons == {
        "another cluster": int(sum(sl.load_runs(LADDER).runs["params"] == largest)),
        "2 highest loss: diverged late": 2,
    }
    assert found.runs["params"].max() < largest


def test_a_range_a_list_and_a_value_keep_runs(tmp_path: Path) -> None:
    table = sl.load_runs(LADDER)
    sizes = sorted(set(table.runs["params"].tolist()))
    kept = project(tmp_path, f"where.params = {sizes[:3]}").table
    assert set(kept.runs["params"]) == set(sizes[:3])
    kept = project(tmp_path, f"where.params.to = {sizes[2]}").table
    assert set(kept.runs["params"]) == set(sizes[:3])


def test_options_of_the_fit_reach_it(tmp_path: Path) -> None:
    text = "law = 'chinchilla'\ndraws = 0\nstarts = 8\nlevel = 0.8\nnoise.kind = 'squared'\nfixed.alpha = 0.34\n"
    spec = project(tmp_path, text).study().fit.spec
    assert (spec.draws, spec.starts, spec.level, spec.noise.kind, spec.fixed) == (0, 8, 0.8, "squared", {"alpha": 0.34})


def test_paths_start_in_the_folder_of_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "mine.csv").write_bytes(Path(LADDER).read_bytes())
    (tmp_path / "there" / "scalelaw.toml").write_text('source = "mine.csv"')
    monkeypatch.chdir(tmp_path)
    assert len(sl.load_project("there").table) == 42


def test_a_folder_without_a_project_says_how_to_begin_one(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="`scalelaw init RUNS` writes one"):
        sl.load_project(tmp_path)


def test_init_overwrites_nothing_unless_told(tmp_path: Path) -> None:
    proposal = sl.init(LADDER)
    path = proposal.write(tmp_path)
    path.write_text("# mine\n")
    with pytest.raises(BadInput, match="already exists"):
        proposal.write(tmp_path)
    assert path.read_text() == "# mine\n"
    assert tomllib.loads(proposal.write(tmp_path, force=True).read_text())["source"] == LADDER


def test_an_answer_to_no_question_is_refused() -> None:
    with pytest.raises(BadInput, match="leaves no open question"):
        sl.init(LADDER, answer=1)


@pytest.mark.parametrize("answer", ["²", "0", "9", "nats or bits"])
def test_an_answer_that_is_none_of_those_offered_is_refused(answer: str, tmp_path: Path) -> None:
    rows = {"loss": [3.0, 2.5], "loss_unit": ["nats", ""], "params": [1e8, 2e8], "tokens": [1e9, 4e9]}
    path = tmp_path / "runs.csv"
    path.write_text("\n".join([",".join(rows), *(",".join(map(str, row)) for row in zip(*rows.values(), strict=True))]))
    with pytest.raises(BadInput, match="none of: 1 they are nats"):
        sl.init(str(path), answer=answer)


def test_a_source_of_two_lines_makes_no_second_line_of_a_comment(tmp_path: Path) -> None:
    path = tmp_path / "a\nb.csv"
    path.write_bytes(Path(LADDER).read_bytes())
    assert tomllib.loads(sl.init(str(path)).toml())["source"] == str(path)


def test_what_cannot_be_read_is_no_project(tmp_path: Path) -> None:
    (tmp_path / "other.csv").write_text("a,b\n1,2\n")
    with pytest.raises(BadInput, match="no column is recognised"):
        sl.init(str(tmp_path / "other.csv"))


def test_a_path_is_kept_relative_to_the_folder_of_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert relative("a/runs.csv") == "a/runs.csv"
    assert relative(str(tmp_path / "a" / "runs.csv")) == "a/runs.csv"
    assert relative("/somewhere/else.csv") == "/somewhere/else.csv"
    assert relative("wandb://lab/ladder") == "wandb://lab/ladder"


scalars = st.one_of(st.booleans(), st.integers(-(2**60), 2**60), st.floats(allow_nan=False, allow_infinity=False))
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


@given(
    st.dictionaries(texts.filter(bool), st.one_of(scalars, texts, st.lists(texts, max_size=3)), min_size=1, max_size=4)
)
def test_what_is_spelt_is_what_toml_reads(entries: dict[str, Any]) -> None:
    assert tomllib.loads("\n".join(spelt("columns", entries)))["columns"] == entries


def test_every_option_of_a_fit_and_of_a_table_has_its_key() -> None:
    said = {
        "source": "runs.csv", "importer": "trackio", "strict": True, "per_byte": True, "law": "power", "target": "loss",
        "use": "best", "over": ["lr"], "flops": 1e22, "out": "figures", "level": 0.5, "seed": 3,
    }  # fmt: skip
    found = read_project(said)
    plain = {name: value for name, value in said.items() if name not in ("level", "seed")}
    assert {name: getattr(found, name) for name in plain} == plain
    assert found.fit == {"level": 0.5, "seed": 3}


def test_a_source_is_read_once_for_a_question_of_what_to_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    module, reads = sys.modules["scalelaw.workflows.project.project"], []
    plain = module.load_runs  # type: ignore[attr-defined]
    monkeypatch.setattr(module, "load_runs", lambda *a, **k: reads.append(a) or plain(*a, **k))
    asked: list[Any] = []
    messy = Path(__file__).parents[3] / "data" / "messy"
    found = sl.init(str(messy / "11_three_evals_wide.csv"), answer=lambda proposal: asked.append(proposal) or 2)
    assert found.settings["target"] == "loss@pile" and len(asked) == len(reads) == 1
    assert sl.init(LADDER, answer=lambda _: pytest.fail("leaves no open question")).question is None


def test_init_takes_a_path_as_well_as_text(tmp_path: Path) -> None:
    source = tmp_path / "runs.csv"
    sl.runs.export_runs(sl.datasets.load("synthetic-ladder"), source)
    assert sl.init(source).settings == sl.init(str(source)).settings


OUTSIDE = ["..", "../..", "study/../../x", "ABSOLUTE", "link", "link/deeper", "a\\u0000b"]


@pytest.mark.parametrize("out", OUTSIDE)
def test_the_file_cannot_write_outside_its_folder(out: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / "a" / "b"
    home.mkdir(parents=True)
    (home / "link").symlink_to(tmp_path / "elsewhere")
    (home / "scalelaw.toml").write_text(SOURCE + f'out = "{out.replace("ABSOLUTE", str(tmp_path / "z"))}"\n')
    monkeypatch.chdir(home)
    before = sorted(tmp_path.rglob("*"))
    for words in ([], ["study"], ["study", "--json"]):
        result = CliRunner().invoke(app, words)
        assert result.exit_code == 2 and result.stdout == "" and len(result.stderr.splitlines()) == 1
        assert "leads outside the project's folder" in result.stderr and "--out" in result.stderr
    with pytest.raises(BadInput, match="leads outside the project"):
        sl.load_project(home).study()
    assert sorted(tmp_path.rglob("*")) == before


def test_a_folder_inside_is_allowed_by_any_spelling(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    for out in ("x", "x/../y", "./a/b", str(tmp_path / "z"), "link", "."):
        found = project(tmp_path, f'out = "{out}"')
        assert found.outside is None and found.place() == tmp_path / out
    assert project(tmp_path, "").place() is None


def test_the_user_can_allow_a_folder_outside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    places: list[Path] = []

    def started(*_: Any, out: Path, **__: Any) -> None:
        places.append(out.resolve())
        raise BadInput("started")

    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "scalelaw.toml").write_text(SOURCE + 'out = "../there"\n')
    monkeypatch.chdir(tmp_path / "home")
    monkeypatch.setattr("scalelaw.workflows.project.project.study", started)
    assert "started" in CliRunner().invoke(app, ["study", "--out", "../other"]).stderr
    assert places == [tmp_path / "other"]
    answers: list[bool] = [False, True]
    monkeypatch.setattr(study, "sys", SimpleNamespace(stdin=SimpleNamespace(isatty=lambda: True)))
    monkeypatch.setattr(study.typer, "confirm", lambda text, **_: answers.pop(0))
    assert "leads outside" in CliRunner().invoke(app, ["study"]).stderr and len(places) == 1
    assert "started" in CliRunner().invoke(app, ["study"]).stderr and not answers
    assert places == [tmp_path / "other", tmp_path / "there"]
    assert CliRunner().invoke(app, ["study", "--json"]).exit_code == 2 and len(places) == 2
