"""Table: a capture as Arrow record batches, read when they are asked for, and the libraries that take them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, cast

import pyarrow as pa

from dissectors.graph import Graph, nearest
from dissectors.graph import graph as every_protocol
from rawcap.columns.arrow import array_of, arrow_type, lists_of
from rawcap.columns.defaults import COLUMNS
from rawcap.columns.scan import Scan, Source, Taken
from rawcap.files import CaptureError

if TYPE_CHECKING:
    import duckdb
    import pandas
    import polars

FILE = "file"
"""The column that names the file a packet is from."""

OCCURRENCES = ("first", "last", "all")


class Table:
    """The chosen fields of the packets of one or more captures. Made by `rawcap.table`.

        for batch in table: ...      pyarrow.RecordBatches, in the order of the files, in bounded memory
        table.arrow()                a pyarrow.Table
        table.polars()               a polars.DataFrame
        table.pandas()               a pandas.DataFrame
        table.duckdb()               a duckdb relation

    Each of them reads the captures anew. `schema` tells the columns and their types; `packets` how many packets were
    read so far, passed or not.
    """

    def __init__(
        self,
        sources: Sequence[Source],
        columns: Sequence[str],
        *,
        filter: str | None = None,
        occurrence: str = "first",
        text: bool = False,
        decode_as: Sequence[str] = (),
        graph: Graph | None = None,
        threads: int | None = None,
        problem: Callable[[CaptureError], object] | None = None,
    ) -> None:
        if occurrence not in OCCURRENCES:
            raise ValueError(f"occurrence {occurrence!r} is none of {', '.join(OCCURRENCES)}")
        if isinstance(columns, str):
            raise TypeError(f"columns are a list of names: [{columns!r}]")
        self.columns = list(dict.fromkeys(columns))
        if not self.columns:
            raise ValueError("a table needs at least one column")
        self._text = text
        self._all = occurrence == "all"
        self._sources = list(sources)
        self._labels = [each if isinstance(each, str) else _label(each) for each in sources]
        declared = graph if graph is not None else every_protocol
        self._protocols = [name for name in self.columns if name not in declared.fields and name in declared.protocols]
        fields = [name for name in self.columns if name != FILE and name not in self._protocols]

        def scan() -> Scan:
            return Scan(
                self._sources,
                fields,
                protocols=self._protocols,
                filter=filter,
                occurrence=occurrence,
                decode_as=decode_as,
                graph=graph,
                threads=threads,
                problem=problem,
            )

        self._scan = scan
        self._reading = scan()
        self.graph = self._reading.graph
        for name in fields:
            if name not in self.graph.fields:
                hint = nearest(name, self.graph.fields) or " (rawcap fields lists them)"
                raise KeyError(f"no field {name!r}{hint}")
        self._types = {name: self._type(name) for name in self.columns}
        alone = {FILE, *self._protocols}
        self.schema = pa.schema(
            [(name, pa.list_(kind) if self._all and name not in alone else kind) for name, kind in self._types.items()]
        )

    def _type(self, name: str) -> pa.DataType:
        if name == FILE:
            return pa.dictionary(pa.int32(), pa.string())
        if name in self._protocols:
            return pa.bool_()
        return arrow_type(self.graph.fields[name], text=self._text)

    @property
    def packets(self) -> int:
        """Packets read so far in the reading that began last, passed or not."""
        return self._reading.packets

    def stop(self) -> None:
        """End the reading that began last, also where it waits for a pipe; any thread may call it."""
        self._reading.stop()

    @property
    def position(self) -> int:
        """Octets of the files, as stored, that were read so far in the reading that began last."""
        return self._reading.position

    @property
    def readable(self) -> int:
        """How many files could be read, if only to where they are cut, in the reading that began last."""
        return self._reading.readable

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        """The record batches; those without a row are left out. Raises CaptureError where a file is not readable."""
        self._reading = scan = self._scan()
        return (batch for batch in scan.map(self._batch) if batch.num_rows)

    def _batch(self, taken: Taken) -> pa.RecordBatch:
        gathered = taken.gathered
        arrays: list[Any] = []
        for name in self.columns:
            if name == FILE:
                places = pa.array([taken.source] * gathered.count, pa.int32())
                arrays.append(pa.DictionaryArray.from_arrays(places, pa.array(self._labels, pa.string())))
            elif name in self._protocols:
                arrays.append(pa.array(gathered.present(name)))
            elif self._all:
                arrays.append(lists_of(gathered.parts[name], self._types[name]))
            else:
                arrays.append(array_of(gathered.cells[name], self._types[name]))
        return pa.RecordBatch.from_arrays(arrays, schema=self.schema)

    def reader(self) -> pa.RecordBatchReader:
        """The batches as a stream that Arrow's own libraries read."""
        return pa.RecordBatchReader.from_batches(self.schema, self)

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """The batches for every library that takes Arrow's C streams (the Arrow PyCapsule interface)."""
        return self.reader().__arrow_c_stream__(requested_schema)

    def arrow(self) -> pa.Table:
        """All of it, in memory."""
        return pa.Table.from_batches(self, self.schema)

    def pandas(self) -> pandas.DataFrame:
        """All of it as a pandas.DataFrame; needs pandas."""
        return self.arrow().to_pandas()

    def polars(self) -> polars.DataFrame:
        """All of it as a polars.DataFrame; needs polars."""
        import polars

        return polars.from_arrow(self.arrow())  # type: ignore[return-value]

    def duckdb(self) -> duckdb.DuckDBPyRelation:
        """All of it as a DuckDB relation; needs duckdb. `rawcap sql` reads a capture without holding it."""
        import duckdb

        return duckdb.from_arrow(self.arrow())


def _label(source: Source) -> str:
    return os.fspath(source) if isinstance(source, os.PathLike) else str(getattr(source, "name", "the stream"))


def table(
    source: Source | Sequence[Source],
    columns: Sequence[str] = COLUMNS,
    *,
    filter: str | None = None,
    occurrence: str = "first",
    text: bool = False,
    decode_as: Sequence[str] = (),
    graph: Graph | None = None,
    threads: int | None = None,
    problem: Callable[[CaptureError], object] | None = None,
) -> Table:
    """The chosen fields of every packet of one or more captures, as columns.

        table = rawcap.table("big.pcap", ["frame.time_epoch", "ip.src", "tcp.dstport"], filter="tcp.flags.syn == 1")
        for batch in table: ...

    `columns` are the names of fields, of protocols for whether a packet has them, and "file" for the file that it is
    from; without them they are those of `rawcap.columns.defaults`. `filter` is a display filter.
    Where a packet has several values of a field, `occurrence` takes the "first", the "last" or "all" of them, as a
    list. `text` writes addresses out. `decode_as` are rules such as "udp.port==9000,dns". `threads` is how many read
    and gather; by default as many as there are processors.

    Raises FilterError for a wrong filter, KeyError for a field that nobody declared, TypeError for `columns` that are
    one string, ValueError for a wrong `occurrence` or rule, each in one line. Reading raises CaptureError for a file
    that cannot be read; of one that ends in the middle of a packet all batches before come first, then CutCapture.
    With `problem` it is called with the error instead, what was read stays, and the next file is read:

        table = rawcap.table("cut.pcap", ["ip.src"], problem=print).arrow()
    """
    one = isinstance(source, (str, os.PathLike)) or hasattr(source, "read")
    return Table(
        [cast("Source", source)] if one else list(cast("Sequence[Source]", source)),
        columns,
        filter=filter,
        occurrence=occurrence,
        text=text,
        decode_as=decode_as,
        graph=graph,
        threads=threads,
        problem=problem,
    )
