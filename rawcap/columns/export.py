"""Tables into files: a stream of record batches becomes Parquet, Arrow or CSV, in bounded memory.

    .parquet          zstd inside, row groups of 262,144 packets
    .arrow, .feather  Arrow's file format, lz4 inside; on standard output its stream format, as nobody can seek there
    .csv              RFC 4180 with a line of headings; .csv.gz, .csv.zst, .csv.lz4 and .csv.xz compressed

In CSV moments are seconds since the epoch and spans of time seconds, both with nine decimals, as `-T fields` prints
them; flags are True or False, octets hexadecimal, several values have commas between, and what is absent is empty.
"""

from __future__ import annotations

import contextlib
import io
import os
import signal
import sys
import threading
from collections.abc import Iterator
from types import TracebackType
from typing import Any, Protocol, Self

import pyarrow as pa
import pyarrow.compute as pc

from dissectors.printable import printable
from rawcap.files import CaptureError
from rawcap.files.compression import SUFFIXES
from rawcap.files.writer import Sink

FORMATS = ("parquet", "arrow", "csv")

_ENDINGS = {".parquet": "parquet", ".arrow": "arrow", ".feather": "arrow", ".csv": "csv"}

_ROW_GROUP = 1 << 18
_ARROW_ROWS = 1 << 16

_NANOSECONDS = 10**9


def format_of(target: str, format: str | None = None) -> str:
    """The format that is asked for, or else that of the name of the file; CSV for standard output, "-".

    Raises ValueError, with one line for a user, for a name that says none, or that contradicts the format.
    """
    format = format if format is not None else _named(target)
    packed = os.path.splitext(target)[1].lower()
    if format != "csv" and packed in SUFFIXES:
        raise ValueError(f"{format} is compressed inside: leave out {packed}")
    return format


def _named(target: str) -> str:
    if target == "-":
        return "csv"
    name = os.path.basename(target).lower()
    stem, ending = os.path.splitext(name)
    inner = os.path.splitext(stem)[1] if ending in SUFFIXES else ending
    found = _ENDINGS.get(inner)
    if found is None:
        raise ValueError(f"{target} names no format: let it end in .parquet, .arrow or .csv")
    return found


class TableWriter:
    """Writes record batches to a file; a context manager that finishes it, also when an exception ends the writing.

    `target` is a path, or "-" for standard output. With `overwrite` false a file that is there stays as it is. Raises
    ValueError for a name that contradicts the format, CaptureError when the file cannot be made or written: a CSV file
    then ends with the last whole line that it has room for, a file of the other formats is removed, since nobody could
    read it. Ctrl-C comes between two batches, never in one: what was written before can be read.
    """

    def __init__(
        self, target: str, schema: pa.Schema, *, format: str | None = None, overwrite: bool = False
    ) -> None:
        self.format = format_of(target, format)
        self._target = target
        self.rows = 0
        """Rows written so far."""
        self._usable = True
        with uninterrupted():
            self._sink = Sink(target, overwrite=overwrite)
            try:
                self._out = self._output(schema)
            except CaptureError as error:
                raise self._lost(error) from None

    def _output(self, schema: pa.Schema) -> _Output:
        if self.format == "csv":
            return _Csv(self._sink, schema, terminal=self._target == "-" and sys.stdout.isatty())
        if self.format == "arrow":
            return _Arrow(self._sink, schema, seekable=self._target != "-")
        return _Parquet(self._sink, schema)

    @property
    def label(self) -> str:
        """The file as messages name it."""
        return self._sink.label

    def write(self, batch: pa.RecordBatch) -> None:
        """Add a batch. Raises CaptureError, and BrokenPipeError when the pipe's reader has gone."""
        with uninterrupted():
            try:
                self._out.write(batch)
            except CaptureError as error:
                raise self._lost(error) from None
            self.rows += batch.num_rows

    def close(self) -> None:
        """Finish the file. Raises what `write` raises."""
        with uninterrupted():
            try:
                self._out.close()
                self._sink.close()
            except CaptureError as error:
                raise self._lost(error) from None

    def _lost(self, error: CaptureError) -> CaptureError:
        """What to tell of a file that could not be written, which is removed if it is of no use."""
        self._usable = False
        with contextlib.suppress(CaptureError):
            self._sink.close()
        if self.format == "csv" or not os.path.isfile(self._target):
            return error
        os.remove(self._target)
        return CaptureError(f"{str(error).partition(';')[0]}; it is removed, as half of it cannot be read")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._usable and not isinstance(error, BrokenPipeError):
            self.close()


@contextlib.contextmanager
def uninterrupted() -> Iterator[None]:
    """Keeps Ctrl-C away until what stands in here is done; inside another one, until that is done."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came: list[object] = []
    before = signal.signal(signal.SIGINT, lambda *_: came.append(True))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
    if came:
        signal.raise_signal(signal.SIGINT)


class _Output(Protocol):
    """One format being written."""

    def write(self, batch: pa.RecordBatch) -> None: ...
    def close(self) -> None: ...


class _File(io.RawIOBase):
    """A sink as pyarrow writes to a file."""

    def __init__(self, sink: Sink) -> None:
        super().__init__()
        self._sink = sink

    def writable(self) -> bool:
        return True

    def write(self, octets: Any) -> int:
        piece = memoryview(octets).cast("B")
        self._sink.write(piece)
        return len(piece)

    def tell(self) -> int:
        return self._sink.size


class _Gathered:
    """Batches, put together until they are as many rows as a format likes."""

    def __init__(self, schema: pa.Schema, rows: int) -> None:
        self._schema = schema
        self._least = rows
        self._waiting: list[pa.RecordBatch] = []
        self._rows = 0

    def write(self, batch: pa.RecordBatch) -> None:
        self._waiting.append(batch)
        self._rows += batch.num_rows
        if self._rows >= self._least:
            self._settle()

    def _settle(self) -> None:
        table = pa.Table.from_batches(self._waiting, self._schema)
        self._waiting = []
        self._rows = 0
        self._put(table)

    def _put(self, table: pa.Table) -> None:
        raise NotImplementedError


class _Parquet(_Gathered):
    def __init__(self, sink: Sink, schema: pa.Schema) -> None:
        import pyarrow.parquet  # takes as long to import as all of pyarrow

        super().__init__(schema, _ROW_GROUP)
        self._writer = pyarrow.parquet.ParquetWriter(_File(sink), schema, compression="zstd")

    def _put(self, table: pa.Table) -> None:
        self._writer.write_table(table, row_group_size=table.num_rows)

    def close(self) -> None:
        if self._waiting:
            self._settle()
        self._writer.close()


class _Arrow(_Gathered):
    """Dictionaries are written out: the file format cannot have another one in each batch."""

    def __init__(self, sink: Sink, schema: pa.Schema, *, seekable: bool) -> None:
        super().__init__(schema, _ARROW_ROWS)
        options = pa.ipc.IpcWriteOptions(compression="lz4")
        self._plain = pa.schema(
            [
                pa.field(each.name, each.type.value_type if pa.types.is_dictionary(each.type) else each.type)
                for each in schema
            ]
        )
        self._file = pa.PythonFile(_File(sink), "w")
        new = pa.ipc.new_file if seekable else pa.ipc.new_stream
        self._writer = new(self._file, self._plain, options=options)

    def _put(self, table: pa.Table) -> None:
        self._writer.write_table(table.cast(self._plain).combine_chunks())

    def close(self) -> None:
        if self._waiting:
            self._settle()
        self._writer.close()


class _Csv:
    def __init__(self, sink: Sink, schema: pa.Schema, *, terminal: bool) -> None:
        self._sink = sink
        self._terminal = terminal
        headings = _line([pa.array([name]) for name in schema.names])
        sink.write(headings)

    def write(self, batch: pa.RecordBatch) -> None:
        columns = [text_of(column) for column in batch.columns]
        if self._terminal:
            columns = [_harmless(column) for column in columns]
        self._sink.write(_line(columns), batch.num_rows)

    def close(self) -> None:
        """The sink is all there is to close."""


def _line(columns: list[pa.Array]) -> memoryview:
    """Rows of text as lines of CSV."""
    cells = [_quoted(column) for column in columns]
    # A row of one empty cell would be an empty line, which readers pass over.
    absent = "" if len(cells) > 1 else '""'
    lines = pc.binary_join_element_wise(*cells, ",", null_handling="replace", null_replacement=absent)
    lines = pc.binary_join_element_wise(lines, "", "\n")
    octets = lines.buffers()[2]
    return memoryview(octets)[: pc.sum(pc.binary_length(lines)).as_py()]


def _quoted(column: pa.Array) -> pa.Array:
    """Cells of CSV: those with a comma, a quote or the end of a line in them are quoted."""
    special = pc.fill_null(pc.match_substring_regex(column, '[",\r\n]'), False)
    if not pc.any(special).as_py():
        return column
    doubled = pc.replace_substring(column, '"', '""')
    return pc.if_else(special, pc.binary_join_element_wise('"', doubled, '"', ""), column)


def _harmless(column: pa.Array) -> pa.Array:
    """Text without what a terminal would obey."""
    return pa.array([each if each is None else printable(each) for each in column.to_pylist()], pa.string())


def text_of(column: pa.Array) -> pa.Array:
    """The values of a column as CSV has them; null stays null."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        return text_of(column.dictionary_decode())
    if pa.types.is_list(kind):
        return _lists(column)
    if pa.types.is_boolean(kind):
        return pc.if_else(column, "True", "False")
    if pa.types.is_timestamp(kind) or pa.types.is_duration(kind):
        return _decimal(column.cast(pa.int64()))
    if pa.types.is_binary(kind) or pa.types.is_fixed_size_binary(kind):
        return pa.array([each if each is None else each.hex() for each in column.to_pylist()], pa.string())
    return column.cast(pa.string())


def _lists(column: pa.Array) -> pa.Array:
    """All values of each packet, with commas between."""
    sizes = pc.fill_null(pc.list_value_length(column), 0)
    ends = pc.cumulative_sum(sizes)
    offsets = pa.concat_arrays([pa.array([0], ends.type), ends]).cast(pa.int32())
    joined = pc.binary_join(pa.ListArray.from_arrays(offsets, text_of(column.flatten())), ",")
    return pc.if_else(column.is_valid(), joined, None)


def _decimal(nanoseconds: pa.Array) -> pa.Array:
    """Nanoseconds as seconds with nine decimals."""
    size = pc.abs(nanoseconds)
    whole = pc.divide(size, _NANOSECONDS)
    rest = pc.subtract(size, pc.multiply(whole, _NANOSECONDS))
    padded = pc.utf8_lpad(rest.cast(pa.string()), 9, "0")
    text = pc.binary_join_element_wise(whole.cast(pa.string()), padded, ".")
    return pc.if_else(pc.less(nanoseconds, 0), pc.binary_join_element_wise("-", text, ""), text)
