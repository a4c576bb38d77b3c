"""The answer: six lines that say what to train, what to expect, how sure that is, and what to do next."""

import math
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace

from scalelaw.backtesting.backtest import Backtest, Cut
from scalelaw.core.estimate import Estimate
from scalelaw.core.findings import Finding, Grade
from scalelaw.core.nouns.tabular import Columns, Tabular
from scalelaw.core.numbers import counted, format_number
from scalelaw.core.quantities import QUANTITIES
from scalelaw.core.rendering import Lines, Renderable, Report, Table
from scalelaw.planning.answer import Plan
from scalelaw.planning.larger_runs import Expected

FAR = 100.0
"""Reach in compute from which a plan is a hope."""
AS_ASKED = "as asked"
"""How the reason ends where there is no plan because the run itself was named."""
WIDE = 10.0
"""Upper over lower end of N* from which the runs do not determine the size."""

_SHORT = 0.15
"""How far below its level a share inside must fall, beyond what chance explains, to be called too low."""
_SENTENCES = 2
_CAUTION = "CAUTION: "
_DROPPED = ("RUNS_NO_VALUE", "RUNS_UNREADABLE")
_FIRST = ("RUNS_SWEPT", "DESIGN_EDGE", "RUNS_SPLIT")
"""Findings that explain narrow intervals, misses and the size itself, so that they come before these."""
_UNKNOWN = ("RUNS_ONE_RUN", "RUNS_SIZE_UNNAMED")
"""Findings that say why no size follows."""
_MANY = 0.2
"""Share of runs left out, or of repeated data, from which that is a large doubt."""
_WORSE = 3.0
"""How many times the error of the test shown a test of longer reach must have to be a doubt."""
_IN_PYTHON = re.compile(r" \(Python: (?:[^()]|\((?:[^()]|\([^()]*\))*\))*\)")
"""The spelling in Python of what stands beside it as an option, which is the shorter of the two."""
_COLUMNS = 100
_LONGEST = 240
_WORDS = {
    "flops": "FLOP", "params": "parameters", "params_non_embedding": "parameters without embeddings",
    "params_active": "active parameters", "tokens": "tokens",
}  # fmt: skip
"""What stands behind a number of each axis."""


@dataclass(frozen=True)
class Answer(Renderable, Tabular):
    """The first screen, the same in text, HTML and JSON.

    Attributes:
        train: what to train.
        loss: the loss to expect.
        sure: how sure that is.
        tested: how it was tested, on these runs and on others.
        doubt: the largest doubt.
        next: the next command.
        doubtful: whether there is a reason to be careful.
        others: the further doubts, which stand below.
    """

    train: str
    loss: str
    sure: str
    tested: str
    doubt: str
    next: str
    doubtful: bool = False
    others: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, str | bool]:
        """Return the lines by name."""
        return {name: value for name, value in asdict(self).items() if name != "others"}

    def to_columns(self) -> Columns:
        """Return one row a line."""
        labels, texts = zip(*self.lines(), strict=True)
        return {"line": labels, "text": texts}

    def lines(self) -> list[tuple[str, str]]:
        """Return label and text of each line."""
        return [
            ("train", self.train), ("loss", self.loss), ("how sure", self.sure), ("tested", self.tested),
            ("doubt", self.doubt), ("next", self.next),
        ]  # fmt: skip

    def sheet(self) -> Report:
        """Return the six lines."""
        return Report("", [Lines(self.lines(), width=10, fold=_COLUMNS)])

    def further(self, most: int | None = None) -> list[Report]:
        """Return the further doubts as a sheet, the first ``most`` of them; none where there are none."""
        shown = self.others[:most]
        lines = [("-", each) for each in shown]
        if len(self.others) > len(shown):
            lines.append(("", f"and {len(self.others) - len(shown)} more with --verbose"))
        return [Report("further doubts", [Lines(lines, width=2, fold=_COLUMNS)])] if lines else []

    def below(self, plan: Plan) -> Plan:
        """Return the plan without the cautions that stand among the doubts, perhaps cut short there."""
        kept = [
            each
            for each in plan.assumptions
            if not each.startswith(_CAUTION) or not self._states(each.removeprefix(_CAUTION))
        ]
        return replace(plan, assumptions=tuple(kept))

    def beside(self, sheet: Report) -> Report:
        """Return a sheet without the lines that stand among the doubts."""
        parts: list[Table | Lines | Report] = []
        for part in sheet.parts:
            if isinstance(part, Lines):
                parts.append(replace(part, lines=[each for each in part.lines if not self._states(each[1])]))
            else:
                parts.append(self.beside(part) if isinstance(part, Report) else part)
        return replace(sheet, parts=parts)

    def _states(self, text: str) -> bool:
        """Return whether a text stands among the doubts, perhaps cut short there."""
        return any(doubt.startswith(text[:_COLUMNS]) for doubt in (self.doubt, *self.others))


@dataclass(frozen=True, eq=False)
class Evidence:
    """What an answer is made of.

    Attributes:
        target: what is forecast.
        who: name of the forecaster.
        plan: what to train, or None.
        expected: what one run should reach, where there is no plan.
        why: why there is no plan.
        backtest: how the same forecaster did on the larger of these runs.
        others: how it was tested on other runs, in words; empty where it was not.
        findings: what was noticed.
        next: the next command.
        runs: how many runs were fitted.
    """

    target: str
    who: str
    plan: Plan | None
    expected: Expected | None
    why: str
    backtest: Backtest
    others: str
    findings: Sequence[Finding]
    next: str
    runs: int

    @property
    def reach(self) -> float | None:
        """Compute asked for over the largest fitted."""
        known = self.plan.reach if self.plan else self.expected.reach if self.expected else {}
        return known.get("flops", max(known.values(), default=None))


def answer(known: Evidence) -> Answer:
    """Return the six lines of what is known."""
    cut = known.backtest.nearest(known.reach or 1.0)
    doubts = _doubts(known, cut)
    return Answer(
        _train(known),
        _loss(known),
        _sure(known),
        _tested(known, cut),
        _first(doubts),
        known.next,
        bool(doubts) or (known.plan is None and not known.why.endswith(AS_ASKED)),
        tuple(doubts[1:]),
    )


def undetermined(plan: Plan) -> bool:
    """Return whether the interval of N* is wider than a factor of ten."""
    lo, hi = plan.params.lo, plan.params.hi
    return lo is not None and hi is not None and not hi <= WIDE * lo


def _train(known: Evidence) -> str:
    plan = known.plan
    if plan is None and known.expected is not None and not known.why.endswith(AS_ASKED):
        axis = ", ".join(name if name == "flops" else _WORDS.get(name, name) for name in known.expected.point)
        return f"no size follows: the forecast is by {axis} alone, which splits no budget"
    if plan is None:
        return known.why or "no plan"
    size = f"{_short(plan.params)} parameters on {_short(plan.tokens)} tokens"
    budget = f"for {format_number(plan.flops.value, 3)} FLOP"
    if undetermined(plan):
        return f"These runs do not determine the size: {_span(plan.params)} parameters. Middle: {size}, {budget}."
    alone = plan.runs_only
    if plan.disagrees and alone is not None:
        studies = (plan.literature or "another ratio").partition(" within")[0]
        return (
            f"Your runs alone: {_short(alone.params)} on {_short(alone.tokens)}. Published studies: about {studies}. "
            f"Combined: {_short(plan.params)} on {_short(plan.tokens)}, {budget}. These disagree; see robustness."
        )
    return f"{size} ({format_number(plan.tokens_per_param.value, 3)} tokens per parameter), {budget}"


def _loss(known: Evidence) -> str:
    if known.plan is not None:
        loss = known.plan.loss
    elif known.expected is not None:
        seen = known.expected
        unit = QUANTITIES[known.target.partition("@")[0]].unit
        loss = Estimate(seen.mean, seen.lo, seen.hi, seen.level, unit)
    else:
        return "no forecast"
    value, span = loss.texts(4)
    at = "" if known.plan else f" at {_point(known.expected)}"
    if not span:
        return f"{value} {loss.unit}{at}; no interval is known"
    return f"{value} {loss.unit}{at}; {100 * loss.level:g} % of such runs should land in {span}"


def _point(expected: Expected | None) -> str:
    point = expected.point if expected else {}
    return " and ".join(
        f"{format_number(value, 3)} {_WORDS[name]}" if name in _WORDS else f"{name} {format_number(value, 3)}"
        for name, value in point.items()
    )


def _sure(known: Evidence) -> str:
    plan, parts = known.plan, []
    if plan is not None:
        both = (("size", plan.params), ("tokens", plan.tokens))
        shown = [(name, each) for name, each in both[undetermined(plan) :] if each.lo is not None]
        if shown:
            said = ", ".join(f"{name} {_span(each)}" for name, each in shown)
            parts.append(f"{100 * plan.question.level:g} % intervals: {said}")
        else:
            parts.append("no interval of the size is known")
    elif known.expected is not None and known.expected.lo is not None and not known.why.endswith(AS_ASKED):
        parts.append("only the loss has an interval, no size does")
    if known.reach is not None:
        far = f"CAUTION: {known.reach:.3g}x" if known.reach > FAR else f"{known.reach:.3g}x"
        parts.append(f"{far} the largest run")
    return "; ".join(parts) or "not known"


def _tested(known: Evidence, cut: Cut | None) -> str:
    if cut is None or cut.score is None:
        own = f"{known.who}, fitted to {counted(known.runs, 'run')}: not tested on them, they are too few or too alike"
    else:
        inside = cut.score.observed
        held = "" if inside is None else f", {round(inside * cut.n_test)} of {cut.n_test} inside {100 * cut.level:g} %"
        larger = counted(cut.n_test, "larger one")
        own = (
            f"{known.who}: {cut.n_train} of your runs forecast {larger} (to {cut.reach:.3g}x) "
            f"{100 * cut.score.mean_abs_rel_error:.2g} % off{held}"
        )
    return f"{own}; {known.others}" if known.others else own


def _doubts(known: Evidence, cut: Cut | None) -> list[str]:
    """Return what is doubtful, the largest first; what the headline says already is not said again."""
    reach = known.reach
    blown = [each for each in known.findings if each.code == "RUNS_BLOWN_UP"]
    grave = [each for each in known.findings if _grave(each, known.runs)]
    doubts = [*_of_headline(known), *(_cut_short(f"{each} [{each.code}]", 2 * _LONGEST) for each in (*grave, *blown))]
    if reach is not None and reach > FAR:
        tested = f"they were tested to {cut.reach:.3g}x" if cut else "they were tested at no reach"
        doubts.append(f"The budget is {reach:.3g}x that of the largest run; {tested}.")
    warned = [each for each in known.findings if each.grade is Grade.WARN and each not in (*grave, *blown)]
    doubts += dict.fromkeys(_cut_short(f"{each} [{each.code}]") for each in warned if each.code in _FIRST)
    if cut is not None:
        doubts += _too_narrow(cut)
    plan = known.plan
    if plan is not None and any(
        each.startswith("CAUTION") and "no compute-optimal" in each for each in plan.assumptions
    ):
        doubts.append(next(each for each in plan.assumptions if "no compute-optimal" in each).removeprefix("CAUTION: "))
    left_out, many = _left_out(known)
    doubts += left_out if many else []
    doubts += dict.fromkeys(_cut_short(f"{each} [{each.code}]") for each in warned if each.code not in _FIRST)
    if cut is None:
        doubts.append("No larger run has tested this forecast; train more small runs over a wider range.")
    elif reach is not None and FAR >= reach > 1.5 * cut.reach:
        doubts += _tested_short(known.backtest, cut, reach)
    return doubts if many else doubts + left_out


def _grave(finding: Finding, runs: int) -> bool:
    """Return whether a finding touches what a plan stands on: what one run is, its size, or most of the data."""
    if finding.code == "DESIGN_REPEATED":
        return finding.rows > _MANY * runs
    return finding.code in _UNKNOWN


def _left_out(known: Evidence) -> tuple[list[str], bool]:
    """Return in one line which runs are left out for want of a value, and whether they are many."""
    dropped = [each for each in known.findings if each.code in _DROPPED]
    if not dropped:
        return [], False
    codes = ", ".join(dict.fromkeys(each.code for each in dropped))
    most = max(each.rows for each in dropped)
    said = "; ".join(dict.fromkeys(each.message for each in dropped))
    return [f"Left out: {said} [{codes}]"], most > _MANY * (most + known.runs)


def _tested_short(backtest: Backtest, cut: Cut, reach: float) -> list[str]:
    """Say that no test of these runs goes as far as asked, or that one that does was much worse than the one shown."""
    next_one = backtest.longer(cut)
    if next_one is None:
        return [f"Your runs test forecasts to {cut.reach:.3g}x only; this one goes to {reach:.3g}x."]
    error, shown = (each.score.mean_abs_rel_error if each.score else 0.0 for each in (next_one, cut))
    if error > _WORSE * shown or _too_narrow(next_one):
        return [f"A longer forecast of your own runs did worse: {100 * error:.2g} % off, to {next_one.reach:.3g}x."]
    return []


def _of_headline(known: Evidence) -> list[str]:
    """Return what an open headline asks for."""
    if known.plan is None:
        return []
    if undetermined(known.plan):
        return ["The runs leave the split of the budget open; add runs at other ratios of tokens to parameters."]
    if known.plan.disagrees:
        return ["The runs alone decide outside the interval of the combination; --prior none follows the runs."]
    return []


def _too_narrow(cut: Cut) -> list[str]:
    """Say where fewer runs fell inside than the level and chance would let expect."""
    inside = cut.score.observed if cut.score else None
    if inside is None:
        return []
    chance = math.sqrt(cut.level * (1 - cut.level) / cut.n_test)
    if inside >= cut.level - max(_SHORT, 2 * chance):
        return []
    return [
        f"Intervals were too narrow on your own larger runs: {100 * inside:.0f} % inside, not {100 * cut.level:g} %."
    ]


def _first(doubts: Sequence[str]) -> str:
    if not doubts:
        return "none found; data, tokenizer and recipe must stay those of the runs"
    return doubts[0] if len(doubts) == 1 else f"{doubts[0]} ({len(doubts) - 1} more below)"


def _cut_short(message: str, longest: int = _LONGEST) -> str:
    """Return the first two sentences of a finding."""
    text, bracket, code = _IN_PYTHON.sub("", message).rpartition(" [")
    short = " ".join(re.split(r"(?<=[.;])\s+(?=[A-Za-z])", text)[:_SENTENCES]).rstrip(";")
    if len(short) > longest:
        short = short[: longest - 1].rsplit(" ", 1)[0] + " …"
    return f"{short}{bracket}{code}"


def _short(estimate: Estimate) -> str:
    return format_number(estimate.value, 3)


def _span(estimate: Estimate) -> str:
    if estimate.lo is None or estimate.hi is None:
        return "unknown"
    return f"{format_number(estimate.lo, 3)} to {format_number(estimate.hi, 3)}"
