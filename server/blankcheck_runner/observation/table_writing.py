"""NumPy's and pandas' values as plain data."""

from __future__ import annotations

import sys
from typing import Any, cast

from blankcheck_runner.observation.limits import TOO_LARGE
from blankcheck_runner.observation.writing import Writer, attributes_of, class_names, derives


def write_numpy(writer: Writer, value: Any, cls: type, depth: int) -> Any:
    """The tree of one of NumPy's values; null if it is none."""
    numpy = cast(Any, sys.modules["numpy"])
    if not hasattr(numpy, "ndarray"):
        return None
    if cls is numpy.ndarray:
        return _array(writer, value, depth)
    if derives(cls, numpy.generic) and class_names(cls)[1] == "numpy":
        if cls is numpy.object_ or value.dtype.fields is not None:
            return None
        data = value.tobytes()
        if not writer.room(len(data)):
            return None
        return ["scalar", {"dtype": value.dtype.str, "data": writer.put(data)}]
    if derives(cls, numpy.dtype):
        return ["numpy_dtype", value.str] if value.fields is None else None
    return None


def _array(writer: Writer, value: Any, depth: int) -> Any:
    shape = [int(size) for size in value.shape]
    if value.dtype.fields is not None:
        return None
    if value.dtype.hasobject:
        if value.size > 50_000 or value.dtype.kind != "O":
            return None
        return ["objects", {"shape": shape, "items": writer.write(value.ravel().tolist(), depth)}]
    if not writer.room(value.nbytes):
        return ["Opaque", {"type": "ndarray", "module": "numpy", "reason": TOO_LARGE}]
    return [
        "array",
        {"shape": shape, "dtype": value.dtype.str, "data": writer.put(value.tobytes())},
    ]


def write_pandas(writer: Writer, value: Any, cls: type, depth: int) -> Any:
    """The tree of one of pandas' values; null if it is none."""
    pandas = cast(Any, sys.modules["pandas"])
    if not hasattr(pandas, "DataFrame"):
        return None
    if cls is pandas.DataFrame:
        columns = [_column(writer, value.iloc[:, place], depth) for place in range(value.shape[1])]
        return [
            "frame",
            {
                "columns": _index(writer, value.columns, depth),
                "index": _index(writer, value.index, depth),
                "data": columns,
            },
        ]
    if cls is pandas.Series:
        return [
            "series",
            {
                "name": writer.write(value.name, depth + 1),
                "index": _index(writer, value.index, depth),
                "data": _column(writer, value, depth),
            },
        ]
    if derives(cls, pandas.Index) and class_names(cls)[1].startswith("pandas."):
        return ["index", _index(writer, value, depth)]
    if cls is pandas.Timestamp or cls is pandas.Timedelta:
        return [cls.__name__.lower(), value.isoformat()]
    if value is pandas.NaT or value is pandas.NA:
        return ["missing", "NaT" if value is pandas.NaT else "NA"]
    module = class_names(cls)[1]
    if module.startswith("pandas.") and "GroupBy" in class_names(cls)[0]:
        from blankcheck_runner.observation.standins import InstanceValue

        own = attributes_of(value)
        public = {"keys": own.get("keys"), "obj": own.get("obj")}
        return writer.standin(InstanceValue(class_names(cls)[0], module, public), depth)
    return None


def _index(writer: Writer, index: Any, depth: int) -> dict[str, Any]:
    return {
        "names": writer.write(list(index.names), depth + 1),
        "levels": int(index.nlevels),
        "data": _column(writer, index, depth),
    }


def _column(writer: Writer, column: Any, depth: int) -> dict[str, Any]:
    dtype = str(column.dtype)
    if dtype != "object" and column.dtype.__class__.__module__.startswith("numpy"):
        return {"dtype": dtype, "values": writer.write(column.to_numpy(), depth + 1)}
    return {"dtype": dtype, "values": writer.write(column.tolist(), depth + 1)}
