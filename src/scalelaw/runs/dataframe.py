"""Read any dataframe (pandas, polars, arrow, ``__arrow_c_stream__``) into raw columns with narwhals."""

from dataclasses import replace
from typing import Any

import numpy as np

from scalelaw.core.errors import BadInput, BadTable
from scalelaw.core.nouns.frames import open_frame
from scalelaw.core.plain_text import first_line
from scalelaw.runs.raw import RawColumn, RawTable, check_size, column


def read_frame(source: Any, name: str) -> RawTable:
    """Return the raw columns of a dataframe.

    Raises:
        BadTable: two columns share a name, or a column cannot be read.
    """
    try:
        frame = open_frame(source)
        check_size(name, len(frame.columns), 0, 0)
        return RawTable(name, {str(label): _column(frame.get_column(label)) for label in frame.columns})
    except BadInput:
        raise
    except Exception as error:  # backends raise errors of many types
        raise BadTable(f"{name}: the dataframe cannot be read ({first_line(error)})") from error


def _column(series: Any) -> RawColumn:
    import narwhals as nw

    missing = np.zeros(len(series), dtype=bool)
    if series.null_count():  # in a table of many columns, asking first saves most of the time
        missing = np.asarray(series.is_null().to_numpy(), dtype=bool)
    if series.dtype == nw.Float32:
        return replace(column(np.array(series.to_numpy(), np.float32)), missing=missing)
    if series.dtype.is_numeric():
        exact = series if series.dtype == nw.Float64 else series.cast(nw.Float64)
        return RawColumn(np.array(exact.to_numpy(), dtype=float), missing)
    if isinstance(series.dtype, nw.Categorical | nw.Enum):
        series = series.cast(nw.String)
    return column([None if gone else cell for cell, gone in zip(series.to_list(), missing, strict=True)])
