"""Options that choose who decides: the ensemble of laws, or one law at given values of its other inputs."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal, cast

import typer

from scalelaw.cli._fitting import FIT, DrawOptions, FixOptions, laws_beginning
from scalelaw.cli._given import is_given
from scalelaw.cli._values import option, pairs
from scalelaw.core.errors import BadInput, UnknownName

if TYPE_CHECKING:
    from scalelaw.fitting.spec import FitOptions
    from scalelaw.laws import LawAt

OneLaw = Annotated[
    str | None,
    typer.Option(
        "--law",
        help="Decide by this law alone; by the ensemble unless given.",
        metavar="NAME|FORMULA",
        autocompletion=laws_beginning,
    ),
]
PriorName = Annotated[
    str | None,
    typer.Option(
        "--prior",
        help="Use published studies (literature) or not (none, the default with --law).",
        metavar="literature|none",
    ),
]


@dataclass(frozen=True)
class OneLawOptions(FixOptions):
    """Options of the one law that decides: coefficients held, values of other inputs."""

    at: Annotated[
        list[str] | None,
        option("Value of another input of the law, such as a column in its formula.", "INPUT=VALUE", FIT, "--at"),
    ] = None

    def values(self) -> dict[str, float | str]:
        """Return value by input.

        Raises:
            BadInput: a value is not NAME=VALUE.
        """
        return dict(pairs(self.at, "--at"))

    def check(self, law: str | None) -> None:
        """Refuse options of one law if the ensemble decides.

        Raises:
            BadInput: an option needs --law.
        """
        from scalelaw.forecasting.ensemble_name import ensemble_named

        if ensemble_named(law) is None:
            return
        for given, values in (("--at", pairs(self.at, "--at")), ("--fix", pairs(self.fix, "--fix"))):
            if values:
                name = next(iter(values))
                raise BadInput(f"{given} {name}=... needs one law that has {name}; name it with --law")

    def applied(self, law: str | None) -> "str | LawAt | None":
        """Return the one law that decides, with its other inputs at their values; None if the ensemble decides.

        Raises:
            BadInput: values for the ensemble, whose laws take params and tokens only.
        """
        from scalelaw.laws import LawAt

        values = self.values()
        self.check(law)
        return LawAt(law, values) if values and law is not None else law


def prior_named(prior: str) -> "Literal['literature', 'none']":
    """Return the prior of a decision.

    Raises:
        UnknownName: unknown prior.
    """
    if prior not in ("literature", "none"):
        raise UnknownName.among("prior", prior, ("literature", "none"))
    return cast("Literal['literature', 'none']", prior)


def given_of(context: typer.Context, bootstrap: DrawOptions, one: OneLawOptions, prior: str | None) -> "FitOptions":
    """Return the options of a decision; ``draws`` only if given, since its default depends on who decides.

    Raises:
        BadInput: a value is unusable.
    """
    options = bootstrap.chosen() | one.chosen()
    if not is_given(context, "draws"):
        options.pop("draws", None)
    return with_prior(options, prior)


def with_prior(options: "FitOptions", prior: str | None) -> "FitOptions":
    """Return the options of a decision with its prior, if the user gave one.

    Raises:
        UnknownName: unknown prior.
    """
    return options if prior is None else {**options, "prior": prior_named(prior)}
