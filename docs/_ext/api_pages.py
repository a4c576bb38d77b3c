"""Writes the Python reference, one page a topic, whose signatures and docstrings Sphinx renders from the code."""

import inspect
import re
import types
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gallery

import scalelaw


@dataclass(frozen=True)
class Topic:
    """One page.

    Attributes:
        title: its heading.
        intro: one or two sentences, and the how-to to read.
        rooms: folders of the package whose public names it holds.
        results: classes that its functions return, by module and name.
        modules: modules documented whole.
    """

    title: str
    intro: str
    rooms: tuple[str, ...]
    results: tuple[str, ...] = ()
    modules: tuple[str, ...] = ()

    @property
    def stem(self) -> str:
        """The name of its file."""
        return self.title.lower().replace(",", "").replace(" ", "-")


TOPICS = (
    Topic("Runs", "Load, check, record and export tables of runs "
          "([how-to](../../how-to/import-from-trackers.md), [reduce](../../how-to/reduce-your-runs.md)).", ("runs",)),
    Topic("Fit", "Fit a law to runs and read the result ([how-to](../../how-to/fit-your-runs.md)).",
          ("fitting",), ("fitting.result.FitResult", "fitting.spec.FitSpec", "fitting.checks.influence.Influence")),
    Topic("Forecast", "Forecast larger runs by a calibrated ensemble of laws "
          "([how-to](../../how-to/forecast-larger-runs.md)).",
          ("forecasting",), ("forecasting.ensemble.Ensemble", "planning.larger_runs.LargerRuns")),
    Topic("Plan", "Split a budget, and compare the plan under other choices ([how-to](../../how-to/plan-a-budget.md), "
          "[robustness](../../how-to/decide-robustly.md)).",
          ("planning",), ("planning.answer.Plan", "planning.robust.Robustness", "planning.calc.Calculation")),
    Topic("Backtest", "Score forecasts on the larger runs ([how-to](../../how-to/read-a-backtest.md)).",
          ("backtesting",), ("backtesting.backtest.Backtest",)),
    Topic("Best size without a law", "IsoFLOP profiles, the envelope, and why exponents differ "
          "([how-to](../../how-to/find-the-optimum-without-a-law.md)).", ("allocation",)),
    Topic("Runs in training", "Extrapolate a training curve, or watch it against a forecast "
          "([how-to](../../how-to/forecast-a-run.md)).", ("curves",)),
    Topic("Frozen forecasts", "Freeze forecasts before their runs, verify and score them "
          "([how-to](../../how-to/freeze-a-forecast.md)).", ("registry",)),
    Topic("Studies and projects", "One answer from one table, kept and passed on "
          "([project](../../how-to/keep-a-project.md), [report](../../how-to/write-it-up.md)).",
          ("workflows",), ("workflows.study.decide.Decided", "workflows.study.study.Study",
                           "workflows.project.project.Project")),
    Topic("Laws", "Formulas with named coefficients and published constants "
          "([how-to](../../how-to/use-a-published-law.md)). The page of [laws](../laws.md) lists all.",
          ("laws",), ("laws.references.Reference",)),
    Topic("Ladders and training", "Design ladders of small runs, train and tune them "
          "([design](../../how-to/design-a-ladder.md), [train](../../how-to/train-a-ladder.md)).",
          ("designing", "ladder", "training"), ("training.train_ladder.TrainedLadder",)),
    Topic("Diagnose", "What limits a run, critical batches, slopes and dimensions "
          "([how-to](../../how-to/see-what-limits-a-run.md)).", ("diagnosing",)),
    Topic("Figures", "Each figure is a module: `*_info` computes, `draw` renders, `save` writes. "
          "The [gallery](../gallery.md) shows them all.", ("viz",), (),
          tuple(f"viz.{path.stem}" for path in sorted(gallery.scripts()))),
    Topic("Data sets", "Tables that ship with the package, and a simulator.", ("datasets",)),
    Topic("Parameters and compute", "Counts by named conventions ([concept](../../concepts/parameters-and-flops.md)).",
          (), (), ("accounting.architecture", "accounting.params", "accounting.flops", "accounting.units")),
    Topic("Errors", "All errors derive from `ScalelawError`; each message has a remedy.", ("errors",)),
)  # fmt: skip


RESULTS = {result for topic in TOPICS for result in topic.results}
ARRAY = re.compile(r"(~?numpy\.)?ndarray\[tuple\[[^\]]*\], (~?numpy\.)?dtype\[[^\]]*\]\]")
"""How an annotated array is spelled out."""


def public() -> dict[str, Any]:
    """Return every public name, by the shortest way to write it, without modules."""
    found: dict[str, Any] = {}
    known: set[int] = set()
    for name in scalelaw.__all__:
        item = getattr(scalelaw, name)
        if not isinstance(item, types.ModuleType) and not name.startswith("__"):
            found[f"scalelaw.{name}"] = item
            known.add(id(item))
    for name in scalelaw.__all__:
        module = getattr(scalelaw, name)
        if isinstance(module, types.ModuleType):
            names = getattr(module, "__all__", None) or [each for each in vars(module) if not each.startswith("_")]
            for inner in names:
                item = getattr(module, inner)
                if not isinstance(item, types.ModuleType) and id(item) not in known:
                    found[f"scalelaw.{name}.{inner}"] = item
    return found


def topic_of(path: str, item: Any) -> Topic:
    """Return the topic of a public name: that of the folder its code lies in, or of the module that offers it."""
    rooms = [path.split(".")[1]] if path.count(".") > 1 else []
    rooms += [(getattr(item, "__module__", None) or "").split(".")[1]] if not rooms else []
    return next(topic for topic in TOPICS if set(topic.rooms) & set(rooms))


def page(topic: Topic) -> str:
    """Return the page of a topic."""
    names = {path: item for path, item in public().items() if topic_of(path, item) is topic}
    parts = [f"# {topic.title}", topic.intro]
    for path, item in sorted(names.items(), key=lambda each: (inspect.isclass(each[1]), each[0].lower())):
        parts += [_entry(path, item, written=path.replace("scalelaw.", "sl.", 1))]
    if topic.results:
        parts += ["## Results and options"]
        parts += [_class(f"scalelaw.{path}", path.rpartition(".")[2]) for path in topic.results]
    for module in topic.modules:
        parts += [f"## scalelaw.{module}", _block(f".. automodule:: scalelaw.{module}\n   :members:")]
    return "\n\n".join(parts) + "\n"


def _entry(path: str, item: Any, written: str) -> str:
    if inspect.isclass(item):
        return _class(path, written)
    if inspect.isroutine(item):
        return f"## {written}\n\n" + _block(f".. autofunction:: {path}")
    return f"## {written}\n\n" + _block(f".. autodata:: {path}\n   :no-value:")


def _class(path: str, written: str) -> str:
    return f"## {written}\n\n" + _block(f".. autoclass:: {path}\n   :members:")


def _block(text: str) -> str:
    return f"```{{eval-rst}}\n{text}\n```"


def index() -> str:
    """Return the page that lists the topics with their public names."""
    rows = []
    for topic in TOPICS:
        names = [
            path.replace("scalelaw.", "sl.", 1) for path, item in public().items() if topic_of(path, item) is topic
        ]
        short = ", ".join(f"`{name}`" for name in sorted(names, key=str.lower)[:6]) + (" …" if len(names) > 6 else "")
        rows.append(f"| [{topic.title}]({topic.stem}.md) | {short} |")
    tree = "\n".join(topic.stem for topic in TOPICS)
    return (
        "# Python\n\n`import scalelaw as sl` offers these names. Types link to their page.\n\n"
        "| topic | names |\n|---|---|\n" + "\n".join(rows) + f"\n\n```{{toctree}}\n:hidden:\n{tree}\n```\n"
    )


def write(sphinx: Any) -> None:
    """Write every page; called by Sphinx before it looks for files."""
    folder = Path(sphinx.srcdir) / "generated" / "api"
    folder.mkdir(exist_ok=True, parents=True)
    (folder / "index.md").write_text(index(), encoding="utf-8")
    for topic in TOPICS:
        (folder / f"{topic.stem}.md").write_text(page(topic), encoding="utf-8")


def escape(sphinx: Any, what: str, name: str, item: Any, options: Any, lines: list[str]) -> None:
    """Escape bars outside literals, which reStructuredText takes for substitutions."""
    for at, line in enumerate(lines):
        if not line.lstrip().startswith((">>>", "...")):
            pieces = re.split(r"(``.*?``)", line)
            lines[at] = "".join(part if part.startswith("``") else part.replace("|", r"\|") for part in pieces)


def shorten(
    sphinx: Any, what: str, name: str, item: Any, options: Any, given: str | None, returned: str | None
) -> tuple[str | None, str | None]:
    """Write arrays as ``Array``, and leave out how a result is constructed, which users never do."""
    if what == "class" and name.removeprefix("scalelaw.") in RESULTS:
        return "", None
    return tuple(text and ARRAY.sub("Array", text) for text in (given, returned))  # type: ignore[return-value]


def setup(sphinx: Any) -> dict[str, bool]:
    """Have Sphinx write the pages first."""
    sphinx.connect("autodoc-process-signature", shorten)
    sphinx.connect("builder-inited", write)
    sphinx.connect("autodoc-process-docstring", escape)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
