"""Dataframes of any library (pandas, polars, pyarrow, Hugging Face, ``__arrow_c_stream__``), opened by narwhals."""

from typing import Any

import numpy as np


def is_frame(source: object) -> bool:
    """Return whether the object is a dataframe, or can be converted to one."""
    import narwhals as nw

    try:
        native = nw.from_native(source, pass_through=True)
    except nw.exceptions.NarwhalsError:  # a frame with a fault, which open_frame describes
        return True
    return isinstance(native, nw.DataFrame | nw.LazyFrame) or _gives_frame(source)


def _gives_frame(source: object) -> bool:
    """Return whether an object that narwhals does not know, such as a Hugging Face Dataset, turns into a frame."""
    return hasattr(source, "__arrow_c_stream__") or (hasattr(source, "to_polars") and not isinstance(source, type))


def open_frame(source: Any) -> Any:
    """Return a dataframe of any library as a ``narwhals.DataFrame``.

    Raises:
        Exception: an error of the dataframe's library; each library raises its own kinds.
    """
    import narwhals as nw

    frame = nw.from_native(_with_index(source), pass_through=True)
    if isinstance(frame, nw.LazyFrame):
        return frame.collect()
    if isinstance(frame, nw.DataFrame):
        return frame
    if hasattr(source, "__arrow_c_stream__"):
        return nw.DataFrame.from_arrow(source, backend="polars")
    return nw.from_native(source.to_polars(), eager_only=True)


def _with_index(source: Any) -> Any:
    """Return a pandas frame with a named index as columns, and the labels of a pivot table as text."""
    if type(source).__module__.partition(".")[0] != "pandas" or not hasattr(source, "reset_index"):
        return source
    labels = list(source.columns)
    counted = type(source.index).__name__ == "RangeIndex"
    pivoted = not counted and bool(labels) and all(isinstance(label, tuple) or _is_number(label) for label in labels)
    named = [name for name in source.index.names if name is not None]
    if pivoted:
        what = f"{source.columns.name}=" if source.columns.nlevels == 1 and source.columns.name else ""
        texts = [" ".join(map(str, label)) if isinstance(label, tuple) else f"{what}{label}" for label in labels]
        source = source.set_axis(texts, axis=1)
    if pivoted or (named and not set(named) & set(labels)):
        return source.reset_index()
    return source


def _is_number(label: object) -> bool:
    """Return whether a column is labelled with a number, as those of a pivot table are."""
    return isinstance(label, int | float | np.number) and not isinstance(label, bool)
