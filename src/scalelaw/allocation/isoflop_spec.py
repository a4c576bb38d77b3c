"""All options of an IsoFLOP analysis in one frozen record, which is printed and stored with it."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, TypedDict

from scalelaw.accounting.flops import counting_for
from scalelaw.allocation.size_profiles import PROFILES, ProfileName
from scalelaw.core.errors import BadInput, UnknownName
from scalelaw.core.forecaster import check_level

_MOST_DRAWS = 100_000
_WIDEST = 0.5
_WINDOW = 10.0


class IsoFlopOptions(TypedDict, total=False):
    """The keyword arguments of ``isoflop``; the fields of ``IsoFlopSpec``."""

    profile: ProfileName
    n: str
    budgets: Sequence[float] | None
    tolerance: float
    window: float | None
    noise: float | None
    draws: int
    seed: int
    level: float


@dataclass(frozen=True)
class IsoFlopSpec:
    """Options of an IsoFLOP analysis.

    Attributes:
        profile: the form of a profile: ``powers``, ``cubic``, ``parabola`` or ``akima``.
        n: the swept kind of N.
        budgets: C in FLOP; None uses the ``planned_flops`` of the runs, else groups runs by compute.
        tolerance: largest relative distance of a run from its budget.
        window: exclude runs whose size is more than this factor from the best measured size of their budget; far out,
            with too few tokens or params, losses follow no simple form. None means 10, or no limit for ``akima``,
            which distant runs do not affect; infinity keeps all.
        noise: standard deviation of a loss from run to run, in its own unit; None estimates it from the residuals.
        draws: number of resamples; 0 gives no intervals.
        seed: seed of the resampling.
        level: level of the printed intervals.
    """

    profile: ProfileName = "powers"
    n: str = "params"
    budgets: tuple[float, ...] | None = None
    tolerance: float = 0.1
    window: float | None = None
    noise: float | None = None
    draws: int = 1000
    seed: int = 0
    level: float = 0.9

    def __post_init__(self) -> None:
        check_level(self.level)
        counting_for(self.n)
        if self.profile not in PROFILES:
            raise UnknownName.among("profile", self.profile, PROFILES)
        if not 0 < self.tolerance <= _WIDEST:
            raise BadInput(f"tolerance must lie above 0 and at most {_WIDEST}, got {self.tolerance}; 0.1 is usual")
        if self.window is not None and not self.window > 1:
            raise BadInput(
                f"window must be above 1, got {self.window}; 10 keeps sizes within a factor of ten of the best"
            )
        if self.noise is not None and not self.noise > 0:
            raise BadInput(f"noise must be positive, got {self.noise}; 0.005 nats/token is common between seeds")
        if self.draws == 1 or not 0 <= self.draws <= _MOST_DRAWS:
            raise BadInput(f"draws must be 0 (no intervals) or 2 to {_MOST_DRAWS}, got {self.draws}; 1000 is usual")
        if self.seed < 0:
            raise BadInput(f"seed must not be negative, got {self.seed}; 0 is usual")

    @property
    def widest(self) -> float:
        """Runs within this factor of the best size are kept."""
        if self.window is not None:
            return self.window
        return float("inf") if self.profile == "akima" else _WINDOW

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return asdict(self)


def make_isoflop_spec(options: Mapping[str, Any]) -> IsoFlopSpec:
    """Return the spec of these options.

    Raises:
        BadInput: an unknown option, or a value out of range.
    """
    for name in options:
        if name not in IsoFlopOptions.__annotations__:
            raise UnknownName.among("option of isoflop", name, IsoFlopOptions.__annotations__)
    budgets = options.get("budgets")
    return IsoFlopSpec(**{**options, "budgets": None if budgets is None else tuple(float(c) for c in budgets)})
