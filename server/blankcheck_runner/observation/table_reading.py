"""Arrays and tables back from plain data."""

from __future__ import annotations

import math
import re
from typing import Any

from blankcheck_runner.observation.reading import Reader, loaded, need

_DTYPE = re.compile(r"[<>|=][biufcSUMmV]\d{1,9}(\[\d{0,4}[A-Za-zμ]{1,3}\])?")


def read(reader: Reader, tag: str, data: Any, depth: int) -> Any:
    """The value of one of NumPy's or pandas' tags. Raises for anything else."""
    if tag in ("array", "scalar"):
        return _array(reader, tag, data)
    if tag == "numpy_dtype":
        return _dtype(data)
    if tag == "objects":
        numpy = loaded("numpy")
        items = reader.read(data["items"], depth + 1)
        need(type(items) is list)
        array = numpy.empty(len(items), dtype=object)
        for place, item in enumerate(items):
            array[place] = item
        return array.reshape(_shape(data["shape"]))
    pandas = loaded("pandas")
    if tag == "frame":
        columns = [_column(reader, pandas, column, depth) for column in data["data"]]
        index = _index(reader, pandas, data["index"], depth)
        frame = pandas.DataFrame(dict(enumerate(columns)), index=range(len(index)))
        frame.index = index
        frame.columns = _index(reader, pandas, data["columns"], depth)
        return frame
    if tag == "series":
        series = _column(reader, pandas, data["data"], depth)
        series.index = _index(reader, pandas, data["index"], depth)
        name = reader.read(data["name"], depth + 1)
        hash(name)
        series.name = name
        return series
    if tag == "index":
        return _index(reader, pandas, data, depth)
    need(type(data) is str and len(data) < 100)
    if tag in ("timestamp", "timedelta"):
        return pandas.Timestamp(data) if tag == "timestamp" else pandas.Timedelta(data)
    need(tag == "missing" and data in ("NaT", "NA"))
    return getattr(pandas, data)


def _shape(data: Any) -> list[int]:
    need(type(data) is list and len(data) <= 32)
    need(all(type(size) is int and 0 <= size < 2**62 for size in data))
    return data


def _dtype(text: Any) -> Any:
    need(type(text) is str and _DTYPE.fullmatch(text) is not None)
    return loaded("numpy").dtype(text)


def _array(reader: Reader, tag: str, data: Any) -> Any:
    numpy = loaded("numpy")
    dtype = _dtype(data["dtype"])
    octets = reader.bytes_at(data["data"])
    shape = _shape(data["shape"]) if tag == "array" else []
    need(math.prod(shape) * dtype.itemsize == len(octets))
    if not octets:
        array = numpy.empty(shape, dtype=dtype)
    else:
        array = numpy.frombuffer(octets, dtype=dtype).reshape(shape).copy()
    return array if tag == "array" else array[()]


def _column(reader: Reader, pandas: Any, data: Any, depth: int) -> Any:
    values = reader.read(data["values"], depth + 1)
    need(type(data["dtype"]) is str and len(data["dtype"]) < 200)
    if type(values) is not list:
        need(type(values).__module__ == "numpy" and values.ndim == 1)
        return pandas.Series(values)
    try:
        return pandas.Series(values, dtype=data["dtype"])
    except Exception:
        return pandas.Series(values, dtype=object)


def _index(reader: Reader, pandas: Any, data: Any, depth: int) -> Any:
    names = reader.read(data["names"], depth + 1)
    need(type(names) is list)
    column = _column(reader, pandas, data["data"], depth)
    if type(data["levels"]) is int and data["levels"] > 1:
        return pandas.MultiIndex.from_tuples(column.tolist(), names=names)
    return pandas.Index(column, name=names[0] if names else None)
