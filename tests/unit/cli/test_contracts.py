"""What ``--json`` promises to programs: the keys and types of every command, strict JSON, and equal bytes each time."""

import json
import shlex
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from scalelaw import datasets
from scalelaw.cli.main import app

pytestmark = pytest.mark.usefixtures("few_windows")
LADDER = str(datasets.path("synthetic-ladder"))
REAL = '"{data}/chinchilla_epoch/svg_extracted_data.csv" --exclude-top loss=5 --reason "as published"'
NUMBER = (int, float)
MAYBE = (int, float, type(None))
ESTIMATE = {"value": NUMBER, "lo": MAYBE, "hi": MAYBE, "level": NUMBER, "unit": str}

FIT = {
    "schema": str, "law": str, "target": str, "coefficients": dict, "objective": NUMBER, "status": dict,
    "starts": {"n": int, "agreeing": int}, "rows": {"read": int, "set_aside": list, "fitted": int},
    "domain": dict, "findings": list, "notes": list, "compute": (str, type(None)), "noise": dict, "spec": dict,
    "digest": str, "version": str,
}  # fmt: skip
CUT = {
    "axis": str, "below": NUMBER, "reach": NUMBER, "n_train": int, "n_test": int, "mean_abs_rel_error": NUMBER,
    "bias": NUMBER, "coverage": {"level": NUMBER, "observed": MAYBE}, "interval_score": MAYBE, "baselines": dict,
    "failed": (str, type(None)), "doubts": list,
}  # fmt: skip
BACKTEST = {"schema": str, "law": str, "target": str, "spec": dict, "cuts": list}
PLAN = {
    "schema": str,
    "params": ESTIMATE,
    "tokens": ESTIMATE,
    "flops": ESTIMATE,
    "loss": ESTIMATE,
    "tokens_per_param": NUMBER,
    "reach": dict,
    "binding_constraints": list,
    "assumptions": list,
    "tokens_per_param_interval": ESTIMATE,
    "forecaster": {"label": str, "digest": str},
    "question": dict,
    "runs_only": (dict, type(None)),
    "literature": (str, type(None)),
    "disagrees": bool,
}
ANSWER = {
    "train": str, "loss": str, "sure": str, "tested": str, "doubt": str, "next": str, "doubtful": bool,
}  # fmt: skip
CALC = {
    "schema": str, "params": NUMBER, "tokens": NUMBER, "flops": dict, "tokens_per_param": NUMBER, "losses": list,
    "skipped": dict,
}  # fmt: skip
READING = {
    "law": str, "n": str, "loss": NUMBER, "penalty": MAYBE, "best": (dict, type(None)), "reach": dict,
    "outside": bool, "note": str,
}  # fmt: skip
GROWN = {
    "quantity": str, "exponent": NUMBER, "exponent_interval": (list, type(None)), "coefficient": NUMBER,
    "scatter": MAYBE,
}  # fmt: skip
ISOFLOP = {
    "schema": str, "target": str, "level": NUMBER, "params": GROWN, "tokens": GROWN, "budgets": list, "shape": dict,
    "noise": MAYBE, "bias": dict, "set_aside": list, "findings": list, "notes": list, "spec": dict, "digest": str,
}  # fmt: skip
ENVELOPE = {
    "schema": str, "target": str, "level": NUMBER, "params": GROWN, "tokens": GROWN, "flops": list, "sizes": int,
    "curves": int, "close": MAYBE, "noise": MAYBE, "findings": list, "set_aside": list, "notes": list,
}  # fmt: skip
APPROACH = {
    "name": str, "how": str, "exponent": ESTIMATE, "params": ESTIMATE, "tokens": ESTIMATE, "tokens_per_param": ESTIMATE,
    "skipped": type(None),
}  # fmt: skip
READ = {
    "name": str, "how": str, "exponent": ESTIMATE, "change": MAYBE, "params": ESTIMATE, "budgets": list,
    "skipped": type(None),
}  # fmt: skip
LAW = {
    "schema": str, "law": str, "formula": str, "inputs": list, "output": str, "coefficients": list, "shape": dict,
    "published": dict, "cite": str, "traps": list, "revision": int,
}  # fmt: skip
RUN_FORECAST = {
    "run": str, "cut": NUMBER, "end": NUMBER, "used": int, "schedule": (str, type(None)), "last_value": NUMBER,
    "noise": NUMBER, "final": {"value": NUMBER, "lo": NUMBER, "hi": NUMBER, "level": NUMBER}, "actual": MAYBE,
    "error": MAYBE, "path": {"time": list, "mean": list, "lo": list, "hi": list},
}  # fmt: skip
EXTRAPOLATION = {
    "schema": str, "target": str, "axis": str, "at": MAYBE, "level": NUMBER, "runs": list, "left_out": list,
    "findings": list,
}  # fmt: skip
STUDY = {
    "schema": str, "answer": ANSWER, "plan": PLAN, "backtest": BACKTEST, "mixture": dict, "alone": PLAN, "fit": FIT,
    "runs": dict, "fitted": {"law": str, "spec": dict}, "figures": dict, "skipped": dict,
}  # fmt: skip


INFLUENCE = {
    "schema": str, "law": str, "target": str, "quantity": str, "flops": MAYBE, "at": dict, "unit": str,
    "value": NUMBER, "relative": bool, "runs": list, "group": dict, "findings": list, "notes": list, "digest": str,
}  # fmt: skip
INFLUENTIAL = {
    "run": str, "params": NUMBER, "tokens": NUMBER, "loss": NUMBER, "without": NUMBER, "shift": NUMBER, "rank": int,
    "distance": NUMBER, "rate": NUMBER,
}  # fmt: skip
ROBUSTNESS = {
    "schema": str, "law": str, "target": str, "flops": NUMBER, "level": NUMBER, "outcomes": list,
    "tokens_per_param": {"low": NUMBER, "high": NUMBER, "comparable_low": NUMBER, "comparable_high": NUMBER},
    "disagree": bool, "spreads": dict, "held_out_below": MAYBE, "spec": dict, "findings": list,
}  # fmt: skip
OUTCOME = {
    "choice": str, "label": str, "rows": int, "params": ESTIMATE, "tokens": ESTIMATE, "tokens_per_param": ESTIMATE,
    "loss": ESTIMATE, "held_out_error": MAYBE, "comparable": bool, "failed": (str, type(None)), "doubts": list,
}  # fmt: skip
SCORE = {
    "schema": str, "target": str, "run": str, "measured": NUMBER, "forecast": NUMBER, "error": NUMBER, "levels": list,
    "made": str, "digest": str, "findings": list,
}  # fmt: skip
FORECAST = {
    "schema": str, "target": {"name": str, "unit": str}, "run": str, "point": dict, "tolerance": NUMBER,
    "conditions": dict, "counting": dict, "mean": {"value": NUMBER, "intervals": list},
    "new_run": {"value": NUMBER, "intervals": list}, "reach": dict, "outside_domain": bool,
    "forecaster": {"spelling": str, "label": str, "digest": str, "inputs": list, "spec": dict, "domain": dict,
                   "caveats": list},
    "rows": {"count": int, "digest": str, "each": list}, "made": {"time": str, "scalelaw": str, "source": str},
    "seal": dict,
}  # fmt: skip
REGISTERED = {
    "number": int, "made": str, "target": str, "run": (str, type(None)), "point": dict, "value": NUMBER, "lo": MAYBE,
    "hi": MAYBE, "level": NUMBER, "law": str, "digest": str,
}  # fmt: skip
BELIEF = {"value": NUMBER, "lo": NUMBER, "hi": NUMBER, "level": NUMBER}
WATCH = {
    "schema": str, "target": str, "digest": str, "run": str, "axis": str, "at": NUMBER, "end": NUMBER,
    "schedule": (str, type(None)), "reading": NUMBER, "where": str, "band": BELIEF, "registered": BELIEF,
    "curve": BELIEF, "revised": BELIEF, "advice": str, "why": str, "comparison": str, "findings": list,
}  # fmt: skip


def printed(command: str) -> str:
    """Return what a command prints on stdout; it must succeed."""
    result = CliRunner().invoke(app, shlex.split(command))
    assert result.exit_code == 0, result.output
    return result.stdout


def document(command: str) -> dict[str, Any]:
    """Return the JSON a command prints, read strictly: NaN and Infinity are no JSON."""

    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is not JSON")

    loaded: dict[str, Any] = json.loads(printed(f"{command} --json"), parse_constant=refuse)
    assert next(iter(loaded)) == "schema"
    return loaded


def holds(contract: Any, value: Any, where: str = "") -> None:
    """Check that a value has exactly the keys of a contract, of these types."""
    if isinstance(contract, dict):
        assert isinstance(value, dict), where
        assert list(value) == list(contract), where
        for name, part in contract.items():
            holds(part, value[name], f"{where}.{name}")
    else:
        assert isinstance(value, contract), f"{where} is {value!r}"
        assert isinstance(value, bool) == (contract is bool), where


def test_fit() -> None:
    found = document(f"fit {LADDER} --draws 40 --exclude-top loss=2 --reason tuned")
    holds(FIT, found)
    assert found["schema"] == "scalelaw.fit-summary/1"
    assert list(found["coefficients"]) == ["E", "A", "B", "alpha", "beta"]
    for coefficient in found["coefficients"].values():
        holds({**ESTIMATE, "se": NUMBER}, {name: coefficient[name] for name in (*ESTIMATE, "se")})
        assert coefficient["lo"] <= coefficient["hi"]
    assert found["rows"] == {"read": 42, "set_aside": [{"reason": "2 highest loss: tuned", "n": 2}], "fitted": 40}
    assert found["starts"]["n"] == 64
    assert found["status"]["certified"] is True
    assert found["spec"]["draws"] == 40


def test_fit_without_draws_has_no_intervals() -> None:
    for coefficient in document(f"fit {LADDER} --draws 0")["coefficients"].values():
        assert coefficient["lo"] is coefficient["hi"] is coefficient["se"] is None


def test_forecast() -> None:
    command = f"forecast {LADDER} --draws 20"
    found = document(f"{command} --params 10B --tokens 200B --level 0.8")
    assert found["schema"] == "scalelaw.ahead/1" and found["target"] == "loss"
    assert found["runs"][0]["point"] == {"params": 1e10, "tokens": 2e11}
    told = found["runs"][0]["forecast"]
    assert told["lo"] < told["value"] < told["hi"] and told["level"] == 0.8
    weights = [member["weight"] for member in found["mixture"]["members"]]
    assert sum(weights) == pytest.approx(1.0) and len(weights) == 5
    assert found["mixture"]["calibration"]["schema"] == "scalelaw.calibration/2"
    text = printed(f"{command} --flops 1e22")
    assert "ensemble of 5 laws" in text and "90 % interval" in text and "calibrated on" in text


def test_backtest() -> None:
    found = document(f"backtest {LADDER} --draws 10 --starts 16")
    holds(BACKTEST, found)
    assert found["schema"] == "scalelaw.backtest/1"
    assert {cut["axis"] for cut in found["cuts"]} == {"flops", "params", "tokens"}
    for cut in found["cuts"]:
        holds(CUT, cut)
        assert set(cut["baselines"]) == {"last_value", "power_in_flops"}
        assert cut["n_train"] + cut["n_test"] <= 42
        assert 0 <= cut["coverage"]["observed"] <= 1


@pytest.mark.parametrize(
    "question", ["--flops 1e22", "--params 7B", "--tokens 300B", "--loss 2.1", "--flops 1e22 --max-params 1B"]
)
def test_plan(question: str) -> None:
    found = document(f"plan chinchilla@besiroglu2024 {question}")
    holds(PLAN, found)
    assert found["schema"] == "scalelaw.plan/1"
    assert found["params"]["lo"] is None
    assert all(isinstance(line, str) for line in (*found["assumptions"], *found["binding_constraints"]))
    assert bool(found["binding_constraints"]) == ("max" in question)


def test_plan_of_published_constants_is_the_one_published() -> None:
    found = document("plan chinchilla@besiroglu2024 --flops 5.76e23")
    assert found["params"]["value"] == pytest.approx(7.225e10, rel=1e-3)
    assert found["tokens"]["value"] == pytest.approx(1.329e12, rel=1e-3)
    assert found["loss"]["value"] == pytest.approx(1.9744, abs=5e-5)


def test_plan_of_a_saved_fit_is_the_plan_of_its_table(tmp_path: Path) -> None:
    fit = tmp_path / "fit.json"
    printed(f"fit {LADDER} --draws 60 --seed 3 --save {fit}")
    saved = document(f"plan {fit} --flops 1e23")
    of_table = document(f"plan {LADDER} --flops 1e23 --law chinchilla --draws 60 --seed 3")
    holds(ANSWER, of_table.pop("answer"))
    assert of_table.pop("fitted")["law"] == "chinchilla"
    assert saved == of_table
    assert saved["params"]["lo"] is not None


def test_influence() -> None:
    found = document(f"influence {LADDER} --flops 1e22 --starts 8")
    holds(INFLUENCE, {**found, "at": {}, "group": {}})
    assert found["schema"] == "scalelaw.influence/1"
    assert [run["rank"] for run in found["runs"]] == list(range(1, 43))
    for run in found["runs"]:
        holds(INFLUENTIAL, run)
    assert found["group"]["members"] == []
    assert document(f"influence {LADDER} --quantity beta")["flops"] is None


def test_robustness(tmp_path: Path) -> None:
    figure = tmp_path / "robust.png"
    found = document(f"robustness {LADDER} --flops 1e22 --draws 20 --starts 8 --figure {figure}")
    holds(ROBUSTNESS, {**found, "spreads": {}})
    assert found["schema"] == "scalelaw.robustness/1"
    assert figure.stat().st_size > 10_000
    for outcome in found["outcomes"]:
        holds(OUTCOME, outcome)
    assert found["outcomes"][0]["choice"] == "base"
    assert set(found["spreads"]) == {"loss function", "counting", "law", "prior"}


def test_a_prior_is_told_wherever_it_is_used(tmp_path: Path) -> None:
    lines = Path(LADDER).read_text().splitlines()
    (tmp_path / "three.csv").write_text("\n".join([lines[0], *(lines[1 + at] for at in (5, 20, 33))]) + "\n")
    fit = tmp_path / "fit.json"
    found = document(f"fit {tmp_path / 'three.csv'} --prior literature --draws 60 --save {fit}")
    assert found["spec"]["prior"] == "literature"
    assert "FIT_PRIOR" in [finding["code"] for finding in found["findings"]]
    assert "exponents drawn from the literature" in printed(f"fit {tmp_path / 'three.csv'} --prior literature")
    told = document(f"plan {fit} --flops 1e22")["assumptions"]
    assert any(line.startswith("CAUTION: prior from the literature: alpha") for line in told)


def test_forecasts_and_watch(tmp_path: Path) -> None:
    path, chain, log = (tmp_path / name for name in ("forecast.json", "forecasts.jsonl", "run.jsonl"))
    question = "--law chinchilla --params 7B --tokens 140B --draws 40 --starts 8 --say tokenizer=gpt2"
    frozen = document(f"registry freeze {LADDER} {question} --to {path} --registry {chain}")
    holds(FORECAST, frozen)
    assert frozen == json.loads(path.read_text()) and frozen["schema"] == "scalelaw.forecast/1"
    listed = document(f"registry list {chain}")
    holds({"schema": str, "source": str, "head": str, "forecasts": list}, listed)
    holds(REGISTERED, listed["forecasts"][0])
    verified = document(f"registry verify {chain} --head {listed['head']}")
    assert verified == {"schema": "scalelaw.verification/1", "source": str(chain), "holds": True, "count": 1,
                        "head": listed["head"], "faults": []}  # fmt: skip
    (tmp_path / "big.csv").write_text("params,tokens,loss\n7B,140B,2.17\n")
    score = document(f"registry score {path} {tmp_path / 'big.csv'} --say tokenizer=gpt2")
    holds(SCORE, score)
    assert [each["level"] for each in score["levels"]] == [0.5, 0.8, 0.9, 0.95]
    lines = [{"tokens": share * 140e9, "loss": 2.2 + 0.1 / share**0.5} for share in (0.1, 0.15, 0.2, 0.3)]
    log.write_text("".join(json.dumps(line) + "\n" for line in lines))
    holds(WATCH, document(f"watch {chain} --log {log} --schedule cosine"))
    path.write_text(path.read_text().replace("2", "3", 1))
    result = CliRunner().invoke(app, ["registry", "verify", str(path)])
    assert result.exit_code == 1 and "CHANGED" in result.stdout


def test_calc() -> None:
    found = document("calc 8B 15T")
    holds(CALC, found)
    assert found["schema"] == "scalelaw.calc/1"
    assert found["flops"] == {"6N_total": pytest.approx(7.2e23)}
    for reading in found["losses"]:
        holds(READING, reading)
    assert found["losses"][0]["law"] == "chinchilla@besiroglu2024"


@pytest.fixture(scope="module")
def swept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a table of curves of ten sizes that pass three budgets."""
    lines = ["run,params,tokens,recipe,loss"]
    for size in range(10):
        n = 3e7 * 1.9**size
        for step in range(60):
            d = n * 0.5 * 1.12**step * (1 + 0.05 * size)
            wave = 1 + 0.001 * (-1) ** (step * size)
            lines.append(
                f"r{size},{n},{d},{'ab'[size % 2]},{(1.8172 + 482.01 / n**0.3478 + 2085.43 / d**0.3658) * wave}"
            )
    path = tmp_path_factory.mktemp("swept") / "curves.csv"
    path.write_text("\n".join(lines) + "\n")
    return path


def test_isoflop(swept: Path, tmp_path: Path) -> None:
    figure = tmp_path / "isoflop.png"
    command = f"isoflop {swept} --use curves --budgets 1e18,1e19,1e20 --draws 30 --figure {figure}"
    found = document(command)
    holds(ISOFLOP, found)
    assert found["schema"] == "scalelaw.isoflop/1" and figure.stat().st_size > 5000
    assert found["params"]["exponent"] == pytest.approx(0.5126, abs=0.03)
    assert len(found["budgets"]) == 3 and found["budgets"][0]["flops"] == 1e18
    assert printed(f"{command} --json") == printed(f"{command} --json") != printed(f"{command} --json --seed 1")


def test_envelope(swept: Path) -> None:
    found = document(f"envelope {swept} --draws 20")
    holds(ENVELOPE, found)
    assert found["schema"] == "scalelaw.envelope/1" and found["curves"] == 10
    assert [finding["code"] for finding in found["findings"]] == ["ENVELOPE_WINNERS_CURSE"]


def test_approaches(swept: Path, tmp_path: Path) -> None:
    figure = tmp_path / "approaches.png"
    found = document(f"approaches {swept} --budgets 1e18,1e19,1e20 --draws 20 --figure {figure}")
    assert found["schema"] == "scalelaw.approaches/1" and figure.stat().st_size > 5000
    assert [each["name"] for each in found["approaches"]] == ["envelope", "isoflop", "law"]
    for each in found["approaches"]:
        holds(APPROACH, each)


def test_explain(swept: Path, tmp_path: Path) -> None:
    figure = tmp_path / "waterfall.png"
    sweep = tmp_path / "sweep.csv"
    rows = ["params,tokens,flops,recipe,loss"]
    for recipe, beta in (("old", 0.3), ("new", 0.3658)):
        for c in (1e18, 1e19, 1e20):
            for n in (0.03 * c**0.51 * 1.6**at for at in range(9)):
                d = c / 6 / n
                rows.append(
                    f"{n},{d},{c},{recipe},{1.8172 + 482.01 / n**0.3478 + 2085.43 * 2e9 ** (beta - 0.3658) / d**beta}"
                )
    sweep.write_text("\n".join(rows) + "\n")
    found = document(f"explain {sweep} --base recipe=old --step new:recipe=new --draws 20 --figure {figure}")
    assert found["schema"] == "scalelaw.explanation/1" and figure.stat().st_size > 5000
    assert [each["name"] for each in found["readings"]] == ["base", "new"]
    for each in found["readings"]:
        holds(READ, each)
    assert found["readings"][1]["exponent"]["value"] == pytest.approx(0.5126, abs=2e-3)
    assert found["readings"][1]["change"] > 0.03


def test_laws() -> None:
    listed, one = document("laws list"), document("laws show chinchilla")
    assert listed["schema"] == "scalelaw.laws/1"
    assert {"chinchilla", "kaplan_joint"} <= {law["law"] for law in listed["laws"]}
    for law in (*listed["laws"], one):
        holds(LAW, law)
    assert "chinchilla@besiroglu2024" in one["published"]


def test_extrapolate(tmp_path: Path) -> None:
    rows = [f"{run},{step},{2 + 12 / step**0.4}" for run in ("a", "b") for step in range(100, 9001, 100)]
    (tmp_path / "curves.csv").write_text("\n".join(["run,step,val_loss", *rows]) + "\n")
    command = f"extrapolate {tmp_path / 'curves.csv'} --schedule wsd[decay=0.1]"
    found = document(f"{command} --at 1/3 --level 0.8 --figure {tmp_path / 'curves.png'}")
    holds(EXTRAPOLATION, found)
    assert found["schema"] == "scalelaw.extrapolation/1"
    assert [run["run"] for run in found["runs"]] == ["a", "b"]
    for run in found["runs"]:
        holds(RUN_FORECAST, run)
        assert run["cut"] == 3000 and run["end"] == 9000 and run["actual"] == pytest.approx(2 + 12 / 9000**0.4)
        assert run["path"]["mean"][-1] == run["final"]["value"] and run["final"]["level"] == 0.8
    assert (tmp_path / "curves.png").stat().st_size > 1000
    running = document(f"{command} --end 90K")
    assert all(run["actual"] is None and run["end"] == 90_000 and run["cut"] == 9000 for run in running["runs"])
    assert "90 % interval" in printed(f"{command} --end 90K")


def test_study() -> None:
    found = document("study --demo --draws 20")
    holds(STUDY, found)
    assert found["schema"] == "scalelaw.study/1"
    assert found["figures"] == found["skipped"] == {}


def test_study_of_a_law_that_cannot_plan() -> None:
    found = document(f"study {LADDER} --law power --draws 0")
    assert found["plan"] is None
    assert "takes flops" in found["skipped"]["plan"]


def test_a_coefficient_that_cannot_be_known_is_null_in_json(tmp_path: Path) -> None:
    """Two sizes do not determine three coefficients: the condition is infinite or huge, and the JSON stays strict."""
    rows = [f"{n},{d},{2 + 400 / n**0.35 + 2000 / d**0.36}" for n in (1e8, 1e9) for d in (2e9, 2e10, 4e11, 9e12)]
    table = tmp_path / "two_sizes.csv"
    table.write_text("\n".join(["N,D,loss", *rows]) + "\n")
    assert document(f"fit {table} --draws 20")["status"]["certified"] in (True, False)


@pytest.mark.parametrize(
    "command",
    [
        f"fit {LADDER} --draws 30",
        pytest.param(f"backtest {LADDER} --draws 5 --starts 8", marks=pytest.mark.slow),
        f"plan {LADDER} --flops 1e22 --draws 30",
    ],
)
def test_the_same_command_prints_the_same_bytes_and_another_seed_draws_anew(command: str) -> None:
    first = printed(f"{command} --json")
    assert printed(f"{command} --json") == first
    assert printed(f"{command} --json --seed 1") != first


def test_the_order_of_rows_does_not_matter(tmp_path: Path) -> None:
    header, *rows = Path(LADDER).read_text().splitlines()
    turned = tmp_path / "turned.csv"
    turned.write_text("\n".join([header, *reversed(rows)]) + "\n")
    one, other = (document(f"fit {file} --draws 0") for file in (LADDER, turned))
    assert one["digest"] == other["digest"]
    assert one["objective"] == pytest.approx(other["objective"], rel=1e-9)


@pytest.mark.data
def test_the_published_refit_is_reproduced(data_dir: Path) -> None:
    """The command of the first issue: the optimum, the rows and the spread of 4000 refits."""
    found = document(f"fit {REAL.format(data=data_dir)} --law chinchilla --draws 4000")
    assert found["objective"] <= 0.0010182741
    assert found["rows"]["read"] == 245
    assert found["rows"]["fitted"] == 240
    assert found["rows"]["set_aside"] == [{"reason": "5 highest loss: as published", "n": 5}]
    assert found["status"]["certified"] is True
    coefficients = found["coefficients"]
    assert coefficients["alpha"]["se"] == pytest.approx(0.0151, rel=0.05)
    assert coefficients["beta"]["se"] == pytest.approx(0.0207, rel=0.05)
    best = {"E": 1.817218, "A": 477.826, "B": 2143.417, "alpha": 0.347310, "beta": 0.367172}
    for name, value in best.items():
        assert coefficients[name]["value"] == pytest.approx(value, rel=1e-4)


@pytest.mark.data
def test_a_plan_says_how_far_it_reaches(data_dir: Path) -> None:
    found = document(f"plan {REAL.format(data=data_dir)} --flops 5.76e23 --draws 50")
    assert found["reach"]["flops"] == pytest.approx(44.4, rel=0.01)
    assert found["tokens_per_param_interval"]["lo"] < 17.9 < found["tokens_per_param_interval"]["hi"]
