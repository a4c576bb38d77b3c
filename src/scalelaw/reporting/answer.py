"""The answer: six lines with the plan, the forecast, its uncertainty, its test, the main doubt and the next command."""

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
"""Reach in compute above which a plan carries a caution."""
AS_ASKED = "as asked"
"""Ending of the reason for no plan if the user gave the run itself."""
WIDE = 10.0
"""Ratio of the ends of N*'s interval above which the runs do not determine the size."""

_SHORT = 0.15
"""Coverage must fall this far below its level, and beyond chance, to be reported as too low."""
_SENTENCES = 2
_CAUTION = "CAUTION: "
_DROPPED = ("RUNS_NO_VALUE", "RUNS_UNREADABLE")
_FIRST = ("RUNS_SWEPT", "DESIGN_EDGE", "RUNS_SPLIT")
"""Findings that explain narrow intervals, misses or the size; they come before these."""
_UNKNOWN = ("RUNS_ONE_RUN", "RUNS_SIZE_UNNAMED")
"""Findings that explain a missing size."""
_MANY = 0.2
"""Share of excluded runs, or of repeated data, above which this is a large doubt."""
_WORSE = 3.0
"""A test of longer reach is a doubt if its error exceeds that of the shown test by this factor."""
_IN_PYTHON = re.compile(r" \(Python: (?:[^()]|\((?:[^()]|\([^()]*\))*\))*\)")
"""Python equivalent of an option in a message; the first screen omits it."""
_COLUMNS = 100
_LONGEST = 240
_WORDS = {
    "flops": "FLOP", "params": "parameters", "params_non_embedding": "parameters without embeddings",
    "params_active": "active parameters", "tokens": "tokens",
}  # fmt: skip
"""Unit printed after a number of each axis."""


@dataclass(frozen=True)
class Answer(Renderable, Tabular):
    """The first screen, the same in text, HTML and JSON.

    Attributes:
        train: the size and tokens to train.
        loss: the forecast loss.
        sure: intervals and reach.
        tested: the forecaster's error on held-out runs of this table, and of others.
        doubt: the largest doubt.
        next: the next command.
        doubtful: whether any doubt was found.
        others: further doubts, shown below.
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
        """Return one row per line."""
        labels, texts = zip(*self.lines(), strict=True)
        return {"line": labels, "text": texts}

    def lines(self) -> list[tuple[str, str]]:
        """Return label and text of each line."""
        return [
            ("train", self.train), ("loss", self.loss), ("how sure", self.sure), ("tested", self.tested),
            ("doubt", self.doubt), ("next", self.next),
        ]  # fmt: skip

    def report(self) -> Report:
        """Return the answer as six lines: train, loss, how sure, tested, doubt and next command."""
        return Report("", [Lines(self.lines(), width=10, fold=_COLUMNS)])

    def further(self, most: int | None = None) -> list[Report]:
        """Return the first ``most`` further doubts as a list of one report; empty without further doubts."""
        shown = self.others[:most]
        lines = [("-", each) for each in shown]
        if len(self.others) > len(shown):
            lines.append(("", f"and {len(self.others) - len(shown)} more with --verbose"))
        return [Report("further doubts", [Lines(lines, width=2, fold=_COLUMNS)])] if lines else []

    def below(self, plan: Plan) -> Plan:
        """Return the plan without the cautions that the doubts already give."""
        kept = [
            each
            for each in plan.assumptions
            if not each.startswith(_CAUTION) or not self._states(each.removeprefix(_CAUTION))
        ]
        return replace(plan, assumptions=tuple(kept))

    def beside(self, report: Report) -> Report:
        """Return a report without the lines that the doubts already give."""
        parts: list[Table | Lines | Report] = []
        for part in report.parts:
            if isinstance(part, Lines):
                parts.append(replace(part, lines=[each for each in part.lines if not self._states(each[1])]))
            else:
                parts.append(self.beside(part) if isinstance(part, Report) else part)
        return replace(report, parts=parts)

    def _states(self, text: str) -> bool:
        """Return whether the doubts give a text, in full or shortened."""
        return any(doubt.startswith(text[:_COLUMNS]) for doubt in (self.doubt, *self.others))


@dataclass(frozen=True, eq=False)
class Evidence:
    """The inputs of an answer.

    Attributes:
        target: the forecast metric.
        who: name of the forecaster.
        plan: the plan, or None.
        expected: forecast of one run, if a plan is missing.
        why: reason for a missing plan.
        backtest: backtest of the same forecaster on these runs.
        others: results on other runs, as text, or empty.
        findings: findings about the runs and the fit.
        next: the next command.
        runs: number of fitted runs.
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
        """Planned compute over the largest fitted."""
        known = self.plan.reach if self.plan else self.expected.reach if self.expected else {}
        return known.get("flops", max(known.values(), default=None))


def answer(known: Evidence) -> Answer:
    """Summarise the evidence as an ``Answer``: train, loss, how sure, tested, doubt and next command."""
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
        return f"no size: the forecast uses {axis} alone, which does not split a budget"
    if plan is None:
        return known.why or "no plan"
    size = f"{_short(plan.params)} parameters on {_short(plan.tokens)} tokens"
    budget = f"for {format_number(plan.flops.value, 3)} FLOP"
    if undetermined(plan):
        return f"These runs do not determine the size: {_span(plan.params)} parameters. Median: {size}, {budget}."
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
        return f"{value} {loss.unit}{at}; interval unknown"
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
            intervals = ", ".join(f"{name} {_span(each)}" for name, each in shown)
            parts.append(f"{100 * plan.question.level:g} % intervals: {intervals}")
        else:
            parts.append("interval of the size unknown")
    elif known.expected is not None and known.expected.lo is not None and not known.why.endswith(AS_ASKED):
        parts.append("only the loss has an interval, the size has none")
    if known.reach is not None:
        far = f"{_CAUTION if known.reach > FAR else ''}{known.reach:.3g}x"
        parts.append(f"{far} the largest run")
    return "; ".join(parts) or "unknown"


def _tested(known: Evidence, cut: Cut | None) -> str:
    if cut is None or cut.score is None:
        own = (
            f"{known.who}, fitted to {counted(known.runs, 'run')}: not tested on them; they are too few or too similar"
        )
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
    """Return the doubts, the largest first, without those the headline already gives."""
    reach = known.reach
    blown = [each for each in known.findings if each.code == "RUNS_BLOWN_UP"]
    grave = [each for each in known.findings if _grave(each, known.runs)]
    doubts = [*_of_headline(known), *(_cut_short(each, 2 * _LONGEST) for each in (*grave, *blown))]
    if reach is not None and reach > FAR:
        tested = f"forecasts were tested to {cut.reach:.3g}x" if cut else "no forecast was tested"
        doubts.append(f"The budget is {reach:.3g}x that of the largest run; {tested}.")
    warned = [each for each in known.findings if each.grade is Grade.WARN and each not in (*grave, *blown)]
    doubts += dict.fromkeys(_cut_short(each) for each in warned if each.code in _FIRST)
    if cut is not None:
        doubts += _too_narrow(cut)
    cautions = [each for each in (known.plan.assumptions if known.plan else ()) if each.startswith(_CAUTION)]
    doubts += [each.removeprefix(_CAUTION) for each in cautions if "no compute-optimal" in each]
    left_out, many = _left_out(known)
    doubts += left_out if many else []
    doubts += dict.fromkeys(_cut_short(each) for each in warned if each.code not in _FIRST)
    if cut is None:
        doubts.append("No larger run tests this forecast; train more small runs over a wider range.")
    elif reach is not None and FAR >= reach > 1.5 * cut.reach:
        doubts += _tested_short(known.backtest, cut, reach)
    return doubts if many else doubts + left_out


def _grave(finding: Finding, runs: int) -> bool:
    """Return whether a finding concerns the base of a plan: the identity of runs, their size, or most of the data."""
    if finding.code == "DESIGN_REPEATED":
        return finding.rows > _MANY * runs
    return finding.code in _UNKNOWN


def _left_out(known: Evidence) -> tuple[list[str], bool]:
    """Return one line on the runs excluded for a missing value, and whether they are many."""
    dropped = [each for each in known.findings if each.code in _DROPPED]
    if not dropped:
        return [], False
    codes = ", ".join(dict.fromkeys(each.code for each in dropped))
    most = max(each.rows for each in dropped)
    messages = "; ".join(dict.fromkeys(each.message for each in dropped))
    return [f"Excluded: {messages} [{codes}]"], most > _MANY * (most + known.runs)


def _tested_short(backtest: Backtest, cut: Cut, reach: float) -> list[str]:
    """Return a doubt if no test reaches as far as the plan, or if a longer test did much worse than the one shown."""
    next_one = backtest.longer(cut)
    if next_one is None:
        return [f"Your runs test forecasts only to {cut.reach:.3g}x; this one reaches {reach:.3g}x."]
    error, shown = (each.score.mean_abs_rel_error if each.score else 0.0 for each in (next_one, cut))
    if error > _WORSE * shown or _too_narrow(next_one):
        return [f"A longer forecast of your own runs was worse: {100 * error:.2g} % off, to {next_one.reach:.3g}x."]
    return []


def _of_headline(known: Evidence) -> list[str]:
    """Return the remedy for an undetermined or disputed size."""
    if known.plan is None:
        return []
    if undetermined(known.plan):
        return ["The runs do not determine the split of the budget; add runs at other ratios of tokens to parameters."]
    if known.plan.disagrees:
        return ["N* from the runs alone lies outside the combined interval; --prior none uses the runs alone."]
    return []


def _too_narrow(cut: Cut) -> list[str]:
    """Return a doubt if coverage is below its level by more than chance."""
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


def _cut_short(finding: Finding, longest: int = _LONGEST) -> str:
    """Return the first two sentences of a finding, with its code."""
    text = _IN_PYTHON.sub("", str(finding))
    short = " ".join(re.split(r"(?<=[.;])\s+(?=[A-Za-z])", text)[:_SENTENCES]).rstrip(";")
    if len(short) > longest:
        short = short[: longest - 1].rsplit(" ", 1)[0] + " …"
    return f"{short} [{finding.code}]"


def _short(estimate: Estimate) -> str:
    return format_number(estimate.value, 3)


def _span(estimate: Estimate) -> str:
    if estimate.lo is None or estimate.hi is None:
        return "unknown"
    return f"{format_number(estimate.lo, 3)} to {format_number(estimate.hi, 3)}"
