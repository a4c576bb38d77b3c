"""What decides: the ensemble of laws, or one law with its coefficients and inputs held."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal, cast

import typer

from scalelaw.cli._fitting import FIT, DrawOptions, FixOptions
from scalelaw.cli._given import is_given
from scalelaw.cli._values import option, pairs
from scalelaw.core.errors import BadInput, UnknownName

if TYPE_CHECKING:
    from scalelaw.fitting.spec import FitOptions
    from scalelaw.laws import LawAt

OneLaw = Annotated[
    str | None,
    typer.Option(
        "--law", help="Decide by this law alone; by the ensemble of laws unless given.", metavar="NAME|FORMULA"
    ),
]
PriorName = Annotated[
    str | None,
    typer.Option(
        "--prior",
        help="Whether published studies share in the decision: they do unless none; with --law, only if literature.",
        metavar="literature|none",
    ),
]


@dataclass(frozen=True)
class OneLawOptions(FixOptions):
    """What is said of the one law that decides: coefficients held, and values of inputs beside params and tokens."""

    at: Annotated[
        list[str] | None,
        option("Value of another input of the law, such as a column its formula names.", "INPUT=VALUE", FIT, "--at"),
    ] = None

    def values(self) -> dict[str, float | str]:
        """Return value by input.

        Raises:
            BadInput: one is not NAME=VALUE.
        """
        return dict(pairs(self.at, "--at"))

    def check(self, law: str | None) -> None:
        """Refuse what is said of one law where the ensemble decides.

        Raises:
            BadInput: what to do instead.
        """
        from scalelaw.forecasting.ensemble_name import ensemble_named

        if ensemble_named(law) is None:
            return
        for given, values in (("--at", pairs(self.at, "--at")), ("--fix", pairs(self.fix, "--fix"))):
            if values:
                name = next(iter(values))
                raise BadInput(f"{given} {name}=... is for one law that has it; name it with --law, like chinchilla")

    def applied(self, law: str | None) -> "str | LawAt | None":
        """Return the law that decides alone, at these values; None for the ensemble.

        Raises:
            BadInput: values for the ensemble, whose laws take params and tokens alone.
        """
        from scalelaw.laws import LawAt

        values = self.values()
        self.check(law)
        return LawAt(law, values) if values and law is not None else law


def prior_named(prior: str) -> "Literal['literature', 'none']":
    """Return the prior of a decision.

    Raises:
        UnknownName: there is none of this name.
    """
    if prior not in ("literature", "none"):
        raise UnknownName.among("prior", prior, ("literature", "none"))
    return cast("Literal['literature', 'none']", prior)


def given_of(context: typer.Context, bootstrap: DrawOptions, one: OneLawOptions, prior: str | None) -> "FitOptions":
    """Return the options of a decision, ``draws`` only where the user gave it: one law and an ensemble differ in it.

    Raises:
        BadInput: a value that no decision accepts.
    """
    options = bootstrap.chosen() | one.chosen()
    if not is_given(context, "draws"):
        options.pop("draws", None)
    return with_prior(options, prior)


def with_prior(options: "FitOptions", prior: str | None) -> "FitOptions":
    """Return the options of a decision with its prior, where the user named one.

    Raises:
        UnknownName: there is none of this name.
    """
    return options if prior is None else {**options, "prior": prior_named(prior)}
