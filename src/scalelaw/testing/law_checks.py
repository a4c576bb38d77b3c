"""Checks of every law: built-in, from plugins, or registered.

Each check takes a law and raises ``AssertionError`` with the problem. ``LAW_CHECKS`` lists them.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np

from scalelaw.accounting.flops import FLOPS_PER_PARAM_TOKEN
from scalelaw.core.components import kind_of
from scalelaw.core.quantities import QUANTITIES
from scalelaw.core.types import Array
from scalelaw.fitting.fit import fit_observations
from scalelaw.fitting.solver.noise import Noise
from scalelaw.fitting.spec import FitSpec
from scalelaw.laws import Coef, HasOptimum, Law, get, names
from scalelaw.laws.references import REFERENCES, arxiv_numbers, cited
from scalelaw.runs.observations import Observations

_ROWS = 60
_THIRD = 0.33
_STARTS = (1, 5, 12, 32)
_RECOVERED = 1e-6
_SEED = 11
_RANGES = {
    "params": (1e7, 1e10), "params_non_embedding": (1e7, 1e10), "params_active": (1e7, 1e10),
    "tokens": (1e9, 1e12), "flops": (1e18, 1e23), "unique_tokens": (1e9, 1e11), "params_vocab": (1e6, 1e9),
    "bytes": (4e9, 4e12), "planned_tokens": (1e9, 1e12), "planned_flops": (1e18, 1e23), "core_days": (1.0, 1e4),
    "loss": (1.8, 4.0), "bpb": (0.4, 1.6), "score": (0.2, 0.9), "error": (0.1, 0.8),
    "min_steps": (1e3, 1e6), "lr_area": (0.1, 20.0), "lr_annealing": (1e-3, 0.3), "lr": (1e-4, 1e-2),
    "characters": (1e5, 1e8), "examples": (1e2, 1e6), "share": (0.02, 1.0), "steps": (1e2, 1e5),
    "batch_tokens": (1e5, 1e7), "critical_batch": (1e5, 1e7), "batch_sequences": (64.0, 4096.0),
    "seq_len": (512.0, 32768.0), "vocab_size": (8e3, 256e3), "bytes_per_token": (3.0, 5.0), "epochs": (1.0, 40.0),
    "experts": (1.0, 64.0), "top_k": (1.0, 8.0), "granularity": (1.0, 32.0), "active_share": (0.02, 1.0),
    "width": (128.0, 8192.0), "mlp_width": (512.0, 32768.0), "layers": (4.0, 96.0),
    "bits": (3.0, 16.0), "bits_activations": (4.0, 16.0), "bits_kv": (4.0, 16.0), "bits_after": (2.0, 8.0),
}  # fmt: skip


def instances() -> list[Law]:
    """Return every law, in each shape with published constants."""
    return [shape for name in names() for shape in get(name).shapes]


def points(law: Law, n: int = _ROWS) -> dict[str, Array]:
    """Return input -> n points over its usual range, (n,), or (n, d) for a vector, whose rows sum to one."""
    rng = np.random.default_rng(_SEED)
    return {name: _spread(rng, law, name, n) for name in law.inputs}


def _spread(rng: np.random.Generator, law: Law, name: str, n: int) -> Array:
    if kind_of(name) == "vector":
        return rng.dirichlet(np.ones(law.sizes[name]), size=n)
    if kind_of(name) == "text":
        return (np.arange(n) % law.sizes[name]).astype(float)
    return _log_uniform(rng, *_RANGES.get(name, (1.0, 1e3)), n)


def _log_uniform(rng: np.random.Generator, low: float, high: float, n: int) -> Array:
    return np.asarray(np.exp(rng.uniform(np.log(low), np.log(high), n)))


def plausible(law: Law) -> Array:
    """Return plausible coefficients, (k,): published ones if there are any."""
    if law.published:
        return law.vector(next(iter(law.published.values())).coef)
    x = points(law)
    coef = np.array([_usual(c, x) for c in law.coefs])
    linear = [i for i, c in enumerate(law.coefs) if c.linear]
    coef[linear] = 1.0
    sizes = law.inner(coef, x)[1].mean(axis=-1)
    for i in linear:
        c = law.coefs[i]
        coef[i] = max(c.low, -1.0 / abs(sizes[i])) if c.high <= 0 else 1.0 / max(sizes[i], -sizes[i])
    return coef


def _usual(c: Coef, x: Mapping[str, Array]) -> float:
    """Return a value in the range of starts, one third if that is inside."""
    if c.within is not None:
        return float(np.exp(np.log(x[c.within]).mean()))
    low, high = c.starts
    if c.log:
        return float(np.sqrt(low * high))
    return _THIRD if low <= _THIRD <= high else low + _THIRD * (high - low)


def check_name(law: Law) -> None:
    """The name is the stem of the law's file."""
    module = type(law).__module__.rpartition(".")[2]
    assert law.name == module, f"{law.name} is defined in {module}.py; the file's stem is the name"
    assert law.spelling.startswith(law.name)


def check_vocabulary(law: Law) -> None:
    """Inputs and output are quantities; coefficients have distinct names, meanings and units."""
    for name in (*law.inputs, law.output):
        assert name in QUANTITIES, f"{name} is not in core/quantities.py"
    coefs = [c.name for c in law.coefs]
    assert len(set(coefs)) == len(coefs), f"coefficients repeat: {coefs}"
    assert all(c.meaning and c.unit for c in law.coefs), "every coefficient states its meaning and unit"
    assert law.cite and law.formula, "a law states its formula and its source"


def check_references(law: Law) -> None:
    """Every arXiv number in the citation and in the sources of constants has a BibTeX reference."""
    for text in (law.cite, *(constants.source for constants in law.published.values())):
        known = {work.arxiv for work in cited(text, law.references)}
        missing = [number for number in arxiv_numbers(text) if number not in known]
        assert not missing, f"add a Reference for arXiv {', '.join(missing)} to the law's references"
    keys = {work.key: work.arxiv for work in REFERENCES.values()}
    for work in law.references:
        assert keys.get(work.key, work.arxiv) == work.arxiv, f"{work.key} is another work; give it a letter"


def check_finite(law: Law) -> None:
    """Predictions are finite and have the right shape, for one or many coefficient vectors."""
    coef, x = plausible(law), points(law)
    one = law.predict(coef, x)
    many = law.predict(np.stack([coef, coef * 1.01]), x)
    assert one.shape == (_ROWS,) and many.shape == (2, _ROWS), f"shapes {one.shape}, {many.shape}"
    assert np.all(np.isfinite(one)) and np.allclose(many[0], one, rtol=1e-14)


def check_gradient(law: Law) -> None:
    """Derivatives agree with central differences; NumPy's abs or logaddexp would break the complex step."""
    coef, x = plausible(law), points(law)
    value, jacobian = law.value_and_jacobian(coef, x)
    assert np.allclose(value, law.predict(coef, x), rtol=1e-13), "value_and_jacobian disagrees with predict"
    for i, c in enumerate(law.coefs):
        step = 1e-6 * (abs(coef[i]) or 1.0)
        ends = [law.predict(np.where(np.arange(len(coef)) == i, coef + sign * step, coef), x) for sign in (1, -1)]
        slope = (ends[0] - ends[1]) / (2 * step)
        tolerance = 1e-6 * np.abs(slope).max() + 1e-300
        assert np.allclose(jacobian[i], slope, rtol=1e-5, atol=tolerance), f"wrong derivative by {c.name}"


def check_linear(law: Law) -> None:
    """The derivative of ``inner`` by a linear coefficient does not depend on it."""
    coef, x = plausible(law), points(law)
    linear = [i for i, c in enumerate(law.coefs) if c.linear]
    coef[linear] = 1.0
    moved = np.array(coef)
    moved[linear] = 1.7
    before, after = (law.inner(each, x)[1][linear] for each in (coef, moved))
    assert np.allclose(before, after, rtol=1e-12, atol=0.0), "a coefficient declared linear is not"


def check_monotone(law: Law) -> None:
    """At plausible coefficients, more of an input does not raise the output, except for ``may_rise``."""
    coef, x = plausible(law), points(law)
    for name in (name for name in law.inputs if kind_of(name) == "number" and name not in law.may_rise):
        more = {**x, name: x[name] * 2}
        assert np.all(law.predict(coef, more) <= law.predict(coef, x) * (1 + 1e-12)), f"loss rises with {name}"


def check_recovery(law: Law) -> None:
    """A fit to the law's own noiseless predictions recovers them."""
    x = points(law)
    y = law.predict(plausible(law), x)
    observed = Observations(law.output, x, y, np.arange(_ROWS), np.ones(_ROWS), _ROWS)
    noise = Noise("squared", on="log" if np.all(y > 0) else "raw")
    for starts in _STARTS:
        fitted = fit_observations(law, observed, FitSpec(noise=noise, starts=starts, draws=0))
        error = np.abs(law.predict(fitted.coef, x) / y - 1).max()
        if error < _RECOVERED:
            return
    raise AssertionError(f"a fit to the law's predictions is off by {error:.1g}: {dict(fitted.coefficients())}")


def check_optimum(law: Law) -> None:
    """A closed-form optimum has a lower loss than nearby sizes at the same compute, and its inverse agrees."""
    if not isinstance(law, HasOptimum):
        return
    coef, flops = plausible(law), np.array([1e19, 1e21, 1e24])
    params, tokens = law.optimum(coef, flops)
    assert np.allclose(FLOPS_PER_PARAM_TOKEN * params * tokens, flops, rtol=1e-12), "the optimum misses the budget"
    kind = law.inputs[0]
    best = law.predict(coef, {kind: params, "tokens": tokens})
    for factor in (0.8, 0.99, 1.01, 1.25):
        other = law.predict(coef, {kind: params * factor, "tokens": tokens / factor})
        assert np.all(other >= best * (1 - 1e-13)), f"params times {factor} is better than the optimum"
    assert np.allclose(law.flops_for_loss(coef, best), flops, rtol=1e-8), "flops_for_loss does not invert optimum"


def check_published(law: Law) -> None:
    """Published constants cover every coefficient, lie within bounds and have a source."""
    for source, constants in law.published.items():
        coef = law.vector(constants.coef)
        inside = all(c.low <= value <= c.high for c, value in zip(law.coefs, coef, strict=True))
        assert inside, f"@{source} lies outside the bounds of its coefficients"
        assert constants.source, f"@{source} has no source"


LAW_CHECKS: MappingProxyType[str, Callable[[Law], None]] = MappingProxyType(
    {
        check.__name__.removeprefix("check_"): check
        for check in (
            check_name, check_vocabulary, check_references, check_finite, check_gradient, check_linear, check_monotone,
            check_recovery, check_optimum, check_published,
        )
    }
)  # fmt: skip
"""Name -> check, each taking a law."""
