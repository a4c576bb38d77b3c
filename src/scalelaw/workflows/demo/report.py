"""The page of a demo: whether the frozen forecast held, on its first screen; the picture and the runs below."""

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
    """Return the page as HTML text; without matplotlib it has no picture, and says so."""
    told = found.foretold
    blocks = [
        _picture(found),
        Block("Forecast and measurement", sheet=found.sheet()),
        Block("What was frozen", [f"Digest {told.frozen.digest}, {told.frozen.made}."], sheet=told.frozen.sheet()),
        Block("The ladder", code=found.ladder.toml()),
    ]
    subtitle = f"{told.fitted} runs fitted, {told.frozen.run} held out"
    return page(f"Ladder {found.ladder.name}", subtitle, [_held(found), _reach(found), _next(found)], blocks)


def _held(found: Demo) -> Card:
    band = found.foretold.band
    share, error = found.share_of_drop(band), band.value / found.measured - 1
    of_drop = "" if share is None else f", {share:+.0%} of the drop"
    lines = [
        f"frozen before it trained: {band.value:.3f}, {100 * LEVEL:g} % band {band}",
        f"measured: {found.measured:.3f}",
        f"error of {found.foretold.method}: {error:+.1%}{of_drop}",
    ]
    return Card("Did the forecast hold?", "inside the band" if found.inside else "no: a miss", lines, not found.inside)


def _reach(found: Demo) -> Card:
    told = found.foretold
    lines = [
        f"{told.reach:.3g} times the compute of the largest run fitted",
        f"{found.drop:.3f} nats below the best run fitted, {told.best:.3f}",
    ]
    if found.noise is not None:
        lines.append(f"two seeds of one run differ by {found.noise:.2%}")
    return Card("How far it reached", f"{told.reach:.3g}x", lines)


def _next(found: Demo) -> Card:
    return Card("What to do next", "three commands", found.next_commands)


def _picture(found: Demo) -> Block:
    caption = "Loss of each run against its compute; the bar was frozen before the run held out began."
    info = pictured(found.rows, found.foretold.frozen, found.measured, found.ladder.held_out[0].params)
    try:
        return Block("", figure=inlined(svg(held_out.draw(info)), "held-out"), caption=caption)
    except MissingExtra as error:
        return Block("", [f"No picture: {error}"])


def pictured(rows: Observations, frozen: FrozenForecast, measured: float, params: float) -> held_out.HeldOut:
    """Return what the figure shows of runs fitted, a forecast frozen for N params, and what came of it."""
    ends = frozen.interval(LEVEL)
    assert ends is not None
    flops = float(COUNTINGS["params"].flops(params, frozen.point["tokens"]))
    told = ends[0], frozen.value, ends[1]
    return held_out.held_out_info(rows, frozen.run, flops, told, level=LEVEL, measured=measured)
