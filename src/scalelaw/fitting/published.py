"""A law with published constants, as a forecaster without intervals."""

import warnings
from dataclasses import dataclass

import numpy as np

from scalelaw.core.components import check_mixtures
from scalelaw.core.digest import digest
from scalelaw.core.errors import ScalelawWarning, UnknownName
from scalelaw.core.forecaster import Domain, Kind, Predicting, Prediction, Provenance, outside
from scalelaw.core.nouns.brief import Brief
from scalelaw.core.nouns.coefficients import Coefficients, named_array
from scalelaw.core.types import Inputs
from scalelaw.laws import Constants, Law


@dataclass(frozen=True, eq=False)
class Published(Brief, Predicting):
    """One law at constants from the literature, such as ``chinchilla@besiroglu2024``.

    No paper publishes a covariance with enough digits to draw from, so predictions have no interval.
    """

    law: Law
    source: str
    constants: Constants

    @property
    def label(self) -> str:
        """The law and its source."""
        return f"{self.law.spelling}@{self.source}"

    @property
    def inputs(self) -> tuple[str, ...]:
        """Quantities the law takes."""
        return self.law.inputs

    @property
    def target(self) -> str:
        """The quantity the law predicts."""
        return self.law.output

    @property
    def domain(self) -> Domain:
        """Range of each input over the published runs, where known."""
        return self.constants.domain

    @property
    def digest(self) -> str:
        """Digest of law and constants."""
        return digest({"law": self.law.spelling, "revision": self.law.revision, "coef": dict(self.constants.coef)})

    @property
    def caveats(self) -> tuple[str, ...]:
        """The note on the constants, if there is one, and the conditions under which they hold."""
        notes = [self.constants.note] if self.constants.note else []
        notes += [f"{name}: {how}" for name, how in self.constants.conditions.items()]
        return tuple(f"{self.label}: {each}" for each in notes)

    @property
    def origin(self) -> Provenance:
        """The law and its source, without rows."""
        return Provenance(self.label, {"law": self.law.spelling, "revision": self.law.revision, "source": self.source})

    @property
    def coef(self) -> Coefficients:
        """Coefficients in the law's order, (k,); ``coef["alpha"]`` selects one."""
        return named_array(self.law.vector(self.constants.coef), self.law.coef_names)

    @property
    def draws(self) -> None:
        """None: no covariance was published to draw from."""

    def sample(self, x: Inputs, kind: Kind = "mean", seed: int = 0) -> None:
        """Return None: without a published covariance there are no draws."""

    @np.errstate(all="ignore")
    def predict_at(self, x: Inputs, level: float, kind: Kind) -> Prediction:
        """Predict at n points, given as arrays, without an interval; see ``predict``."""
        check_mixtures(x)
        mean = np.asarray(self.law.predict(self.coef, x))
        return Prediction(mean, None, None, level, np.broadcast_to(outside(x, self.domain), mean.shape))


def published(law: Law, source: str) -> Published:
    """Return a law at the constants of one source.

    Raises:
        UnknownName: this shape of the law has no constants from that source.
    """
    if source not in law.published:
        elsewhere = [f"{shape.spelling}@{source}" for shape in law.shapes if source in shape.published]
        if elsewhere:
            raise UnknownName(f"{law.spelling} has no constants from {source!r}; use {', '.join(elsewhere)}")
        raise UnknownName.among(f"source of {law.spelling}", source, law.published)
    constants = law.published[source]
    if constants.unverified:
        warnings.warn(f"{law.spelling}@{source} is unverified: {constants.source}", ScalelawWarning, stacklevel=2)
    return Published(law, source, constants)
