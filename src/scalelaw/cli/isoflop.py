"""``scalelaw isoflop``: the best size at each budget and its growth with compute."""

from scalelaw.cli import _isoflop
from scalelaw.cli._fitting import ResampleOptions
from scalelaw.cli._groups import grouped
from scalelaw.cli._output import Json, show, write_figure
from scalelaw.cli._places import Figure, check_figure
from scalelaw.cli._table import File, TableOptions

TABLE = TableOptions()
SWEEP = _isoflop.SweepOptions()
DRAWS = ResampleOptions()


@grouped
def isoflop_command(
    file: File,
    figure: Figure = None,
    table: TableOptions = TABLE,
    sweep: _isoflop.SweepOptions = SWEEP,
    bootstrap: ResampleOptions = DRAWS,
    json: Json = False,
) -> None:
    """Find the best size at each budget (Chinchilla's approach 2).

    Fits N* = G C^a and D* = H C^b to the sizes, with intervals.
    """
    from scalelaw.allocation.isoflop_analysis import isoflop_observations
    from scalelaw.allocation.isoflop_spec import make_isoflop_spec
    from scalelaw.fitting.observe import observe_rows

    if figure is not None:
        check_figure(figure, "--figure")
    reduced = table.reduced()
    observed = observe_rows(table.read(file), reduced["target"], reduced["use"], reduced["over"])
    found = isoflop_observations(observed, make_isoflop_spec(sweep.chosen(bootstrap)))
    write_figure("isoflop", found, figure)
    show(found, json)
