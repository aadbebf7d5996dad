"""Cells as Arrow arrays: which type a field's column has, and the way there, without a copy where there can be none.

    numbers                 unsigned integers as wide as the field needs, int64 where they may be negative
    flags                   bool
    addresses               fixed-size binary of 4, 16, 6 or 8 octets; text where that is asked for
    moments, spans of time  timestamp[ns] without a time zone, which is UTC; duration[ns]
    text, octets            string, binary
    a field that is absent  null
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from dissectors.fields import Field
from rawcap.columns.cells import Cells
from rawcap.columns.gathering import kind_of, stored
from rawcap.columns.plan import ADDRESSES, dtype_of


def arrow_type(fields: Iterable[Field], *, text: bool = False) -> pa.DataType:
    """The type of the column of fields that share a name; with `text` addresses are written out."""
    kind = kind_of(fields)
    if kind in ADDRESSES:
        return pa.string() if text else pa.binary(ADDRESSES[kind])
    if kind == "bool" or kind == "none":
        return pa.bool_()
    if kind in ("uint", "int"):
        return pa.from_numpy_dtype(np.dtype(dtype_of(fields)))
    if kind == "time":
        return pa.duration("ns") if all(getattr(each, "relative", False) for each in fields) else pa.timestamp("ns")
    return pa.string() if kind in ("string", "mixed") else pa.binary()


def array_of(cells: Cells, kind: pa.DataType) -> pa.Array:
    """The column, of the type that `arrow_type` gives, of cells that hold at most one value each."""
    values, valid = cells.values, cells.valid
    if values.dtype == object:
        return pa.array([_plain(cells.fields, value) for value in values.tolist()], kind)
    if values.ndim == 2 and kind == pa.string():
        return _written(cells)
    count = len(valid)
    there = int(np.count_nonzero(valid))
    validity = None if there == count else _bitmap(valid)
    data = _bitmap(values) if values.dtype == np.bool_ else pa.py_buffer(np.ascontiguousarray(values))
    return pa.Array.from_buffers(kind, count, [validity, data], count - there)


def lists_of(parts: Sequence[Cells], kind: pa.DataType) -> pa.Array:
    """The column of all values of each packet, from the cells of the one or more fields that a name stands for."""
    more = parts[0].more
    count = len(parts[0].valid)
    sizes = np.zeros(count, np.int32)
    for part in parts:
        sizes += part.valid
    for row, values in more.items():
        sizes[row] = len(values)
    offsets = np.zeros(count + 1, np.int32)
    np.cumsum(sizes, out=offsets[1:])
    if not more and parts[0].values.dtype != object:
        joined = np.stack([part.values for part in parts], 1).reshape(count * len(parts), *parts[0].values.shape[1:])
        there = np.stack([part.valid for part in parts], 1).reshape(-1)
        whole = Cells(parts[0].name, parts[0].fields, joined[there], np.ones(int(np.count_nonzero(there)), np.bool_))
        flat = array_of(whole, kind)
    else:
        text = kind == pa.string()
        listed: list[Any] = []
        for row in range(count):
            if row in more:
                listed += [_stored(parts[0], value, text) for value in more[row]]
            else:
                listed += [_single(part, row, text) for part in parts if part.valid[row]]
        flat = pa.array(listed, kind)
    absent = sizes == 0
    validity = _bitmap(~absent) if absent.any() else None
    buffers = [validity, pa.py_buffer(offsets)]
    return pa.ListArray.from_buffers(pa.list_(kind), count, buffers, int(absent.sum()), 0, [flat])


def _bitmap(valid: npt.NDArray[np.bool_]) -> pa.Buffer:
    return pa.py_buffer(np.packbits(valid, bitorder="little"))


def _plain(fields: Sequence[Field], value: Any) -> Any:
    """A value of the packet view as Arrow takes it."""
    if value is None:
        return None
    kind = kind_of(fields)
    if kind == "mixed":
        return value if isinstance(value, str) else fields[0].text(value)
    if kind == "none":
        return True
    if kind == "string":
        return value.encode("utf-8", "replace").decode() if isinstance(value, str) else str(value)
    return value if isinstance(value, bytes) else b""


def _stored(part: Cells, value: Any, text: bool) -> Any:
    if kind_of(part.fields) in ADDRESSES:
        return value if text else stored(part, value).tobytes()
    if part.values.dtype == object:
        return _plain(part.fields, value)
    return value


def _single(part: Cells, row: int, text: bool) -> Any:
    if kind_of(part.fields) in ADDRESSES:
        octets = part.values[row].tobytes()
        return part.fields[0].convert(octets) if text else octets
    value = part.values[row]
    return _plain(part.fields, value) if part.values.dtype == object else value.item()


def _written(cells: Cells) -> pa.Array:
    """Addresses as text, each different one written once."""
    coded = array_of(cells, pa.binary(cells.values.shape[1])).dictionary_encode()
    convert: Callable[[bytes], str] = cells.fields[0].convert
    texts = [convert(octets) for octets in coded.dictionary.to_pylist()]
    return pa.array(texts, pa.string()).take(coded.indices)
