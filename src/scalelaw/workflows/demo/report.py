"""The page of a demo: whether the frozen forecast held, then the figure and the runs."""

from scalelaw.accounting.flops import COUNTINGS
from scalelaw.core.errors import MissingExtra
from scalelaw.registry.frozen import FrozenForecast
from scalelaw.reporting import Block, Card, page
from scalelaw.reporting.page import inlined
from scalelaw.runs.observations import Observations
from scalelaw.viz import held_out, svg
from scalelaw.workflows.demo.held_out_forecast import LEVEL
from scalelaw.workflows.demo.result import Demo


def rendered(found: Demo) -> str:
    """Return the page as HTML text; without matplotlib a note replaces the figure."""
    forecast = found.forecast
    blocks = [
        _picture(found),
        Block("Forecast and measurement", report=found.report()),
        Block(
            "The frozen forecast",
            [f"Digest {forecast.frozen.digest}, {forecast.frozen.made}."],
            report=forecast.frozen.report(),
        ),
        Block("The ladder", code=found.ladder.toml()),
    ]
    subtitle = f"{forecast.fitted} fitted runs, {forecast.frozen.run} held out"
    return page(f"Ladder {found.ladder.name}", subtitle, [_held(found), _reach(found), _next(found)], blocks)


def _held(found: Demo) -> Card:
    band = found.forecast.band
    share, error = found.share_of_drop(band), band.value / found.measured - 1
    of_drop = "" if share is None else f", {share:+.0%} of the drop"
    lines = [
        f"frozen before training: {band.value:.3f}, {100 * LEVEL:g} % band {band}",
        f"measured: {found.measured:.3f}",
        f"error of {found.forecast.method}: {error:+.1%}{of_drop}",
    ]
    return Card("Did the forecast hold?", "inside the band" if found.inside else "no: a miss", lines, not found.inside)


def _reach(found: Demo) -> Card:
    forecast = found.forecast
    lines = [
        f"{forecast.reach:.3g} times the compute of the largest fitted run",
        f"{found.drop:.3f} nats below the best fitted run, {forecast.best:.3f}",
    ]
    if found.noise is not None:
        lines.append(f"two seeds of one run differ by {found.noise:.2%}")
    return Card("How far it reached", f"{forecast.reach:.3g}x", lines)


def _next(found: Demo) -> Card:
    return Card("What to do next", "three commands", found.next_commands)


def _picture(found: Demo) -> Block:
    caption = "Loss of each run against its compute; the bar was frozen before the held-out run started."
    info = pictured(found.rows, found.forecast.frozen, found.measured, found.ladder.held_out[0].params)
    try:
        return Block("", figure=inlined(svg(held_out.draw(info)), "held-out"), caption=caption)
    except MissingExtra as error:
        return Block("", [f"No figure: {error}"])


def pictured(rows: Observations, frozen: FrozenForecast, measured: float, params: float) -> held_out.HeldOut:
    """Return the data of the figure: fitted runs, a frozen forecast for N params, and the measured loss."""
    ends = frozen.interval(LEVEL)
    assert ends is not None
    flops = float(COUNTINGS["params"].flops(params, frozen.point["tokens"]))
    band = ends[0], frozen.value, ends[1]
    return held_out.held_out_info(rows, frozen.run, flops, band, level=LEVEL, measured=measured)
