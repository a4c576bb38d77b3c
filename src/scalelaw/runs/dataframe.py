"""Any dataframe (pandas, polars, arrow, ``__arrow_c_stream__``) into raw columns, through narwhals."""

from typing import Any

import numpy as np

from scalelaw.core.errors import BadInput, BadTable
from scalelaw.runs.raw import RawColumn, RawTable, column


def is_frame(source: object) -> bool:
    """Return whether narwhals can read the object."""
    import narwhals as nw

    try:
        native = nw.from_native(source, pass_through=True)
    except nw.exceptions.NarwhalsError:  # it is a frame, and one that read_frame will say more about
        return True
    return isinstance(native, nw.DataFrame | nw.LazyFrame) or hasattr(source, "__arrow_c_stream__")


def read_frame(source: Any, name: str) -> RawTable:
    """Return the raw columns of a dataframe.

    Raises:
        BadTable: two columns share a name, or a column cannot be read.
    """
    import narwhals as nw

    try:
        frame = nw.from_native(_with_index(source), pass_through=True)
        if isinstance(frame, nw.LazyFrame):
            frame = frame.collect()
        if not isinstance(frame, nw.DataFrame):
            frame = nw.DataFrame.from_arrow(source, backend="polars")
        return RawTable(name, {str(label): _column(frame.get_column(label)) for label in frame.columns})
    except BadInput:
        raise
    except Exception as error:  # any backend may be behind it, each with errors of its own
        raise BadTable(f"{name}: the dataframe cannot be read ({first_line(error)})") from error


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


def first_line(error: BaseException) -> str:
    """Return the first line of an error's message, short enough for one line of a terminal."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:120]


def _column(series: Any) -> RawColumn:
    import narwhals as nw

    missing = np.asarray(series.is_null().to_numpy(), dtype=bool)
    if series.dtype == nw.Float32:  # the decimals a float32 stands for, as a text file would hold them
        return RawColumn(np.array(series.to_numpy(), np.float32).astype(str).astype(float), missing)
    if series.dtype.is_numeric():
        return RawColumn(np.array(series.cast(nw.Float64).to_numpy(), dtype=float), missing)
    if isinstance(series.dtype, nw.Categorical | nw.Enum):
        series = series.cast(nw.String)
    return column([None if gone else cell for cell, gone in zip(series.to_list(), missing, strict=True)])
