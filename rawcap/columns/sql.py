"""SQL over captures: DuckDB reads the packets as a table `packets`, of which only the columns in use are gathered.

    with Query("select ip.src, count(*) n from packets where tcp group by 1 order by n desc", ["big.pcap"]) as query:
        for row in query.texts():
            print(*row)

Every field is a column, under the name that display filters know, without quotes; a protocol is one too, true where a
packet has it; `file` names the file. Of a packet with several values of a field the first is taken. Addresses are
text, and `in_network(ip.src, '10.0.0.0/8')` compares them as addresses. Flags are booleans, moments TIMESTAMP_NS in
UTC, spans of time DOUBLE, in seconds. `select *` stands for the columns of defaults.py and those that the query names.

The database is in memory and goes away with the query; what it cannot hold it puts into the directory for temporary
files. A query may read and write files, as it may in DuckDB; extensions are not fetched from the network.
"""

from __future__ import annotations

import contextlib
import ipaddress
import json
import os
import re
import socket
import tempfile
import threading
import uuid
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from types import TracebackType
from typing import Any, Self, TypeVar

import pyarrow as pa
import pyarrow.compute as pc

import rawcap
from dissectors.graph import Graph
from dissectors.packet import Interface
from rawcap.columns.defaults import COLUMNS
from rawcap.columns.scan import Source
from rawcap.columns.sql_filter import Reduction, reduction
from rawcap.columns.sql_names import Names
from rawcap.columns.table import FILE, Table
from rawcap.files import CaptureError

PACKETS = "packets"

_PROTOCOLS = "frame.protocols"
_CHEAPEST = "frame.number"  # what is gathered where only the number of packets counts
_BATCH_ROWS = 1 << 16
_PATIENCE_SECONDS = 5.0
_GLANCE_SECONDS = 0.1  # a signal that comes just before a wait is seen after it

T = TypeVar("T")


class SqlError(ValueError):
    """A query that cannot be answered; the text says why, in one line."""


class SqlFailed(Exception):
    """A query that could be answered, but for the system: no room on the disk, no memory. The text is one line."""


class Query:
    """A statement of SQL and what it gives; a context manager that closes the database.

    `sources`, `filter`, `decode_as`, `graph` and `problem` are those of `rawcap.table`. What can be found wrong without
    reading a packet is found here: raises SqlError, FilterError for a wrong filter, ValueError for a wrong rule. A
    statement that is more than a query (COPY, CREATE TABLE) is carried out here, too. Afterwards the methods raise
    SqlError, SqlFailed, and CaptureError where there is no `problem`. All of them end at Ctrl-C.
    """

    def __init__(
        self,
        text: str,
        sources: Sequence[Source],
        *,
        filter: str | None = None,
        decode_as: Sequence[str] = (),
        graph: Graph | None = None,
        problem: Callable[[CaptureError], object] | None = None,
    ) -> None:
        try:
            import duckdb
        except ImportError:
            raise SqlError("this needs DuckDB: pip install 'rawcap[sql]'") from None
        self._duckdb = duckdb
        self._mistake: Exception | None = None
        self.graph = graph if graph is not None else Interface().graph
        self._names = Names(self.graph)
        self._named = self._names.quoted(text)
        told: set[str] = set()

        def once(error: CaptureError) -> None:
            """Tell what is wrong with a file that may be read more than once."""
            if problem is not None and str(error) not in told:
                told.add(str(error))
                problem(error)

        def make(columns: Sequence[str], pushed: str | None = None) -> Table:
            both = [f"({each})" for each in (filter, pushed) if each is not None and each.strip()]
            return rawcap.table(
                sources,
                columns,
                filter=" and ".join(both) or filter,
                text=True,
                decode_as=decode_as,
                graph=graph,
                problem=once if problem is not None else None,
            )

        if filter is not None:  # as the user wrote it, so that a mistake is shown in place
            rawcap.display_filter(filter, self.graph)
        fields = list(dict.fromkeys([*COLUMNS, *self._named.fields]))
        if self._named.file or len(sources) > 1:
            fields.insert(0, FILE)
        self._packets = _Packets(make, make(fields).schema, list(self._named.protocols))
        spill = os.path.join(tempfile.gettempdir(), f"rawcap-{uuid.uuid4().hex}")  # made, and removed, by DuckDB
        self._connection: Any = duckdb.connect(
            ":memory:",
            config={
                "autoinstall_known_extensions": "false",
                "python_enable_replacements": "false",
                "temp_directory": spill,
            },
        )
        try:
            self._relation = self._asked(self._plan, any(map(_reads_once, sources)))
        except BaseException:
            self.close()
            raise

    def _plan(self, once: bool) -> Any:
        """The relation that the query is; found before that, which columns and which packets it takes.

        DuckDB says which columns reach its plan. Where it does not plan (PIVOT) all are gathered.
        """
        connection = self._connection
        connection.register(PACKETS, self._packets)
        connection.create_function("in_network", self._in_network, ["VARCHAR", "VARCHAR"], "BOOLEAN", type="arrow")
        text = self._named.text
        kinds = [str(each.type).rpartition(".")[2] for each in connection.extract_statements(text)]
        if not kinds:
            raise SqlError("the query is empty")
        if len(kinds) > 1:
            raise SqlError(f"these are {len(kinds)} statements; ask one at a time")
        if kinds == ["SELECT"]:
            plan = json.loads(connection.execute(f"explain (format json) {text}").fetchall()[0][1])
            scans = list(_scans(plan))
            told = "".join(scans)
            # A column that a scan filters by and nobody else takes may be told elsewhere than among those it gives.
            self._packets.needed = {name for name in self._packets.schema.names if name in told}
            self._packets.needed |= {*self._named.fields, *self._named.protocols} if scans else set()
            self._packets.reduction = self._reduction()
            self._packets.keep = once and len(scans) > 1
        else:
            self._packets.keep = once
        return connection.sql(text)

    def _reduction(self) -> Reduction | None:
        """By what the packets may be reduced before DuckDB sees them."""
        written = self._value("select json_serialize_sql(?)", self._named.text)
        return reduction(json.loads(written), PACKETS, self.graph, self._moment)

    def _moment(self, text: str) -> int | None:
        """Nanoseconds since the epoch of a time as DuckDB reads it."""
        found: int | None = self._value("select epoch_ns(try_cast(? as timestamp_ns))", text)
        return found

    def _value(self, question: str, text: str) -> Any:
        """The one value that a query of our own about a text gives."""
        return self._connection.execute(question, [text]).fetchall()[0][0]

    # -- what the query gives -----------------------------------------------------------------------------

    @property
    def filter(self) -> str | None:
        """The part of the query that the reading of the packets does as a display filter."""
        return self._packets.reduction.filter if self._packets.reduction is not None else None

    @property
    def gathered(self) -> list[str]:
        """The columns that are gathered from the packets."""
        return self._packets.columns

    @property
    def columns(self) -> list[str]:
        """The headings, with fields as the user writes them."""
        if self._relation is None:
            return []
        return [self._names.plain(name).replace("count_star()", "count(*)") for name in self._relation.columns]

    @property
    def types(self) -> list[str]:
        """The SQL types of the columns."""
        return [] if self._relation is None else [str(each) for each in self._relation.types]

    @property
    def position(self) -> int:
        """Octets of the files, as stored, that were read so far."""
        return self._packets.position

    @property
    def readable(self) -> int:
        """How many of the files could be read so far, if only to where they are cut."""
        return self._packets.readable

    def batches(self) -> Iterator[pa.RecordBatch]:
        """The result as pyarrow record batches, in bounded memory unless the query sorts or groups."""
        if self._relation is not None:
            yield from self._read(self._relation)

    def texts(self) -> Iterator[tuple[str | None, ...]]:
        """The rows as DuckDB writes values; octets are hexadecimal, NULL is None."""
        return self._rows("cast({} as varchar)")

    def jsons(self) -> Iterator[tuple[str | None, ...]]:
        """The rows with every value as JSON; octets are hexadecimal text, NULL is None."""
        return self._rows("cast(to_json({}) as varchar)")

    def _rows(self, written: str) -> Iterator[tuple[str | None, ...]]:
        if self._relation is None:
            return
        shown = []
        for place, kind in enumerate(self.types, 1):
            value = f"#{place}"
            if kind == "BLOB":
                value = f"lower(hex({value}))"
            elif kind in ("DOUBLE", "FLOAT") and "json" in written:
                value = f"case when isfinite({value}) then {value} end"  # JSON has no other numbers
            shown.append(written.format(value))
        relation = self._asked(self._relation.project, ", ".join(shown))
        for batch in self._read(relation):
            yield from zip(*(column.to_pylist() for column in batch.columns), strict=True)

    def _read(self, relation: Any) -> Iterator[pa.RecordBatch]:
        reader = self._asked(relation.to_arrow_reader, _BATCH_ROWS)
        while (batch := self._asked(next, reader, None)) is not None:
            yield batch

    def close(self) -> None:
        """Close the database; what it stored is gone."""
        self._relation = None
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    # -- DuckDB -------------------------------------------------------------------------------------------

    def _asked(self, function: Callable[..., T], *arguments: Any) -> T:
        """What a call into DuckDB gives; it runs in a thread of its own, so that Ctrl-C can end it."""
        done = threading.Event()
        results: list[T] = []
        errors: list[BaseException] = []

        def run() -> None:
            try:
                results.append(function(*arguments))
            except BaseException as error:
                errors.append(error)
            finally:
                done.set()

        threading.Thread(target=run, name="sql", daemon=True).start()
        try:
            while not done.wait(_GLANCE_SECONDS):
                pass
        except KeyboardInterrupt:
            self._packets.stop()
            self._connection.interrupt()
            done.wait(_PATIENCE_SECONDS)
            raise
        if not errors:
            return results[0]
        mistake = self._mistake or self._packets.error
        try:
            if mistake is not None:
                raise mistake
            if isinstance(errors[0], self._duckdb.OperationalError):
                raise SqlFailed(self._told(errors[0])) from None
            if isinstance(errors[0], self._duckdb.Error):
                raise SqlError(self._told(errors[0])) from None
            raise errors[0]
        finally:
            errors.clear()  # it refers to this frame, and would keep the connection from being freed

    def _told(self, error: BaseException) -> str:
        """What DuckDB has to say, in one line and in the user's names."""
        lines = str(error).splitlines()
        message = self._names.plain(re.sub(r"^[A-Z][\w ]*? Error: ", "", lines[0])).rstrip("!. ")
        missing = {name.lower(): name for name in re.findall(r'"([^"]*)"', message)}
        for word in self._named.unknown:
            if word.partition(".")[0].lower() in missing:
                return self._no_field(word)
        if re.match(r'Referenced column "[^"]*\.', message):
            return self._no_field(next(iter(missing.values())))
        hint = next((line for line in lines if line.startswith("Did you mean")), "")
        return f"{message}; {hint[0].lower()}{hint[1:]}" if hint else message

    def _no_field(self, name: str) -> str:
        return f"no field {name!r}{self._names.hint(name) or ' (rawcap fields lists them)'}"

    def _in_network(self, addresses: Any, networks: Any) -> Any:
        """Whether each address is in the network beside it."""
        try:
            return in_network(addresses, networks)
        except ValueError as error:
            self._mistake = SqlError(str(error))
            raise


class _Packets:
    """The packets as DuckDB takes them: an Arrow stream, begun anew each time that the query reads the table.

    `needed` are the columns that are gathered, None for all; the others stay null, under their names. `reduction` says
    which packets are left out. With `keep` they are read once and held in memory, for a pipe cannot be read twice.
    """

    def __init__(self, make: Callable[..., Table], schema: pa.Schema, protocols: list[str]) -> None:
        self._make = make
        self._protocols = set(protocols)
        self.schema = pa.schema([*map(_in_sql, schema), *(pa.field(name, pa.bool_()) for name in protocols)])
        self.needed: set[str] | None = None
        self.reduction: Reduction | None = None
        self.keep = False
        self.stopped = False
        self.error: Exception | None = None
        self._lock = threading.Lock()
        self._kept: list[pa.RecordBatch] | None = None
        self._reading: Table | None = None

    @property
    def columns(self) -> list[str]:
        """The columns of the capture that are gathered."""
        needed = [name for name in self.schema.names if self.needed is None or name in self.needed]
        found = [name for name in needed if name not in self._protocols]
        if self._protocols.intersection(needed) - self._sure and _PROTOCOLS not in found:
            found.append(_PROTOCOLS)
        return found or [_CHEAPEST]

    @property
    def _sure(self) -> frozenset[str]:
        """Protocols that every packet has which is not left out."""
        return self.reduction.protocols if self.reduction is not None else frozenset()

    @property
    def position(self) -> int:
        """Octets of the files that were read so far."""
        return self._reading.position if self._reading is not None else 0

    @property
    def readable(self) -> int:
        """How many of the files could be read so far."""
        return self._reading.readable if self._reading is not None else 0

    def stop(self) -> None:
        """End all reading, also where it waits for a pipe."""
        self.stopped = True
        if self._reading is not None:
            self._reading.stop()

    def __arrow_c_schema__(self) -> object:
        return self.schema.__arrow_c_schema__()

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        reader = pa.RecordBatchReader.from_batches(self.schema, self._batches())
        return reader.__arrow_c_stream__(requested_schema)

    def _batches(self) -> Iterator[pa.RecordBatch]:
        if not self.keep:
            yield from self._read()
            return
        with self._lock:
            if self._kept is None:
                self._kept = list(self._read())
        yield from self._kept

    def _read(self) -> Iterator[pa.RecordBatch]:
        self._reading = self._make(self.columns, self.reduction.filter if self.reduction is not None else None)
        try:
            for batch in self._reading:
                if self.stopped:
                    return
                yield self._converted(batch)
        except Exception as error:  # DuckDB would make a text of it
            self.error = error
            raise

    def _converted(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """A batch of the capture's columns as one of the query's."""
        arrays = []
        for field in self.schema:
            if self.needed is not None and field.name not in self.needed:
                arrays.append(pa.nulls(batch.num_rows, field.type))
            elif field.name in self._sure:
                arrays.append(pa.repeat(True, batch.num_rows))
            elif field.name in self._protocols:
                arrays.append(_has_protocol(batch.column(_PROTOCOLS), field.name))
            else:
                column = batch.column(field.name)
                arrays.append(_seconds(column) if pa.types.is_duration(column.type) else column)
        return pa.RecordBatch.from_arrays(arrays, schema=self.schema)


def in_network(addresses: pa.Array, networks: pa.Array) -> pa.Array:
    """Whether each address, IPv4 or IPv6 written as text, is in the network beside it; null where one is missing.

    A network is an address and the number of its bits that count, `192.0.2.0/24`; without that it is one address. What
    is not an address, or one of the other version, is in no network. Raises ValueError for what is no network.
    """
    addresses, networks = _encoded(addresses), _encoded(networks)
    texts = addresses.dictionary.to_pylist()
    found = pa.nulls(len(addresses), pa.bool_())
    for place, network in enumerate(networks.dictionary.to_pylist()):
        version, size, start = _network(network)
        inside = []
        for text in texts:
            try:
                inside.append(int.from_bytes(socket.inet_pton(version, text)) >> size == start)
            except OSError:
                inside.append(False)
        known = pa.array(inside, pa.bool_()).take(addresses.indices)
        found = pc.if_else(pc.fill_null(pc.equal(networks.indices, place), False), known, found)
    return found


@lru_cache(64)
def _network(text: str) -> tuple[socket.AddressFamily, int, int]:
    """Of a network: the family, how many bits do not count, the value of the others."""
    try:
        network = ipaddress.ip_network(text, strict=False)
    except ValueError:
        raise ValueError(f"{text!r} is not a network; write it like 192.0.2.0/24") from None
    size = network.max_prefixlen - network.prefixlen
    family = socket.AF_INET if network.version == 4 else socket.AF_INET6
    return family, size, int(network.network_address) >> size


def _encoded(column: Any) -> Any:
    """A column, of one piece, with each different value once."""
    array = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    return array if pa.types.is_dictionary(array.type) else array.dictionary_encode()


def _has_protocol(protocols: pa.Array, name: str) -> pa.Array:
    """Where a protocol is one of those that a column names, with colons between."""
    known = _encoded(protocols)
    has = pa.array([name in (each or "").split(":") for each in known.dictionary.to_pylist()], pa.bool_())
    return pc.fill_null(has.take(known.indices), False)


def _seconds(column: pa.Array) -> pa.Array:
    return pc.divide(column.cast(pa.int64()).cast(pa.float64(), safe=False), 1e9)


def _in_sql(field: pa.Field) -> pa.Field:
    """A column of the capture as SQL has it."""
    return pa.field(field.name, pa.float64()) if pa.types.is_duration(field.type) else field


def _scans(plan: list[dict[str, Any]]) -> Iterator[str]:
    """What DuckDB's plan tells of each reading of the packets: the columns taken, and those that it filters by."""
    for node in plan:
        if "ARROW_SCAN" in node["name"]:
            yield json.dumps(node["extra_info"])
        yield from _scans(node["children"])


def _reads_once(source: Source) -> bool:
    """Whether a source is a pipe or a stream, of which nothing is left after reading."""
    if not isinstance(source, (str, os.PathLike)) or source == "-":
        return True
    with contextlib.suppress(OSError):
        return os.path.exists(source) and not os.path.isfile(source)
    return False
