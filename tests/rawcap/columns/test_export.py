"""rawcap.columns.export: record batches into files."""

from __future__ import annotations

import csv
import gzip
import io
import os
import resource
import signal
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet
import pytest

from rawcap.columns.export import TableWriter, format_of, text_of, uninterrupted
from rawcap.files import CaptureError

SCHEMA = pa.schema([("n", pa.uint32()), ("name", pa.string())])


def batch(first: int, count: int) -> pa.RecordBatch:
    numbers = range(first, first + count)
    return pa.record_batch([pa.array(numbers, pa.uint32()), pa.array([f"packet {each}" for each in numbers])], SCHEMA)


@pytest.fixture
def small_files() -> Iterator[None]:
    """No file can have more than 64 KiB."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 16, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)
    signal.signal(signal.SIGXFSZ, handler)


# -- formats ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "format"),
    [
        ("a.parquet", "parquet"),
        ("a.arrow", "arrow"),
        ("a.feather", "arrow"),
        ("a.csv", "csv"),
        ("a.CSV", "csv"),
        ("a.csv.gz", "csv"),
        ("a.csv.zst", "csv"),
        ("-", "csv"),
    ],
)
def test_the_name_says_the_format(name: str, format: str) -> None:
    assert format_of(name) == format


@pytest.mark.parametrize("name", ["a", "a.txt", "a.gz", "a.parquet.d/b"])
def test_a_name_that_says_none(name: str) -> None:
    with pytest.raises(ValueError, match=r"names no format: let it end in \.parquet, \.arrow or \.csv"):
        format_of(name)


def test_parquet(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    with TableWriter(str(path), SCHEMA) as writer:
        writer.write(batch(0, 3))
        writer.write(batch(3, 2))
    assert pyarrow.parquet.read_table(path).to_pylist() == [{"n": n, "name": f"packet {n}"} for n in range(5)]
    assert pyarrow.parquet.read_metadata(path).row_group(0).column(0).compression == "ZSTD"
    assert writer.rows == 5


def test_parquet_has_row_groups_of_many_batches(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    with TableWriter(str(path), SCHEMA) as writer:
        for first in range(0, 400_000, 50_000):
            writer.write(batch(first, 50_000))
    metadata = pyarrow.parquet.read_metadata(path)
    assert [metadata.row_group(each).num_rows for each in range(metadata.num_row_groups)] == [300_000, 100_000]


def test_arrow(tmp_path: Path) -> None:
    path = tmp_path / "a.arrow"
    with TableWriter(str(path), SCHEMA) as writer:
        writer.write(batch(0, 3))
        writer.write(batch(3, 2))
    with pa.ipc.open_file(path) as file:
        assert file.read_all().to_pylist() == [{"n": n, "name": f"packet {n}"} for n in range(5)]


def test_arrow_where_batches_have_different_dictionaries(tmp_path: Path) -> None:
    path = tmp_path / "a.arrow"
    schema = pa.schema([("a", pa.dictionary(pa.int32(), pa.string()))])
    with TableWriter(str(path), schema) as writer:
        for name in ("x", "y"):
            column = pa.array([name] * 70_000).dictionary_encode()
            writer.write(pa.record_batch([column], schema))
    with pa.ipc.open_file(path) as file:
        assert file.read_all().column("a").to_pylist() == ["x"] * 70_000 + ["y"] * 70_000


def test_csv(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    with TableWriter(str(path), SCHEMA) as writer:
        writer.write(batch(0, 2))
        writer.write(batch(2, 1))
    assert path.read_text() == "n,name\n0,packet 0\n1,packet 1\n2,packet 2\n"


def test_csv_compressed(tmp_path: Path) -> None:
    path = tmp_path / "a.csv.gz"
    with TableWriter(str(path), SCHEMA) as writer:
        writer.write(batch(0, 1))
    assert gzip.decompress(path.read_bytes()) == b"n,name\n0,packet 0\n"


def test_an_empty_table(tmp_path: Path) -> None:
    for ending in ("parquet", "arrow", "csv"):
        TableWriter(str(tmp_path / f"a.{ending}"), SCHEMA).close()
    assert pyarrow.parquet.read_table(tmp_path / "a.parquet").schema.names == ["n", "name"]
    assert pa.ipc.open_file(tmp_path / "a.arrow").read_all().num_rows == 0
    assert (tmp_path / "a.csv").read_text() == "n,name\n"


# -- values in CSV ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "kind", "expected"),
    [
        ([1, None], pa.uint8(), ["1", None]),
        ([True, False, None], pa.bool_(), ["True", "False", None]),
        ([1_700_000_000_000_000_001, 5, None], pa.timestamp("ns"), ["1700000000.000000001", "0.000000005", None]),
        ([250_000_000, -1, -1_500_000_000], pa.duration("ns"), ["0.250000000", "-0.000000001", "-1.500000000"]),
        ([b"\x00\xff", None], pa.binary(), ["00ff", None]),
        ([b"\x0a\x00\x00\x01"], pa.binary(4), ["0a000001"]),
        (["a", None], pa.string(), ["a", None]),
        (["a", "b", None], pa.dictionary(pa.int32(), pa.string()), ["a", "b", None]),
        ([[1, 2], None, [3]], pa.list_(pa.uint8()), ["1,2", None, "3"]),
        ([[True], [False, True]], pa.list_(pa.bool_()), ["True", "False,True"]),
    ],
)
def test_values_as_text(values: list[object], kind: pa.DataType, expected: list[str | None]) -> None:
    assert text_of(pa.array(values, kind)).to_pylist() == expected


def test_a_part_of_a_column_of_lists() -> None:
    column = pa.array([[1], [2, 3], None, [4]], pa.list_(pa.uint8()))[1:]
    assert text_of(column).to_pylist() == ["2,3", None, "4"]


def test_csv_quotes_what_has_to_be(tmp_path: Path) -> None:
    cells = ["plain", 'say "hello"', "a,b", "two\nlines", "", None, "é"]
    path = tmp_path / "a.csv"
    schema = pa.schema([("t,ext", pa.string()), ("n", pa.uint8())])
    with TableWriter(str(path), schema) as writer:
        writer.write(pa.record_batch([pa.array(cells), pa.array([1] * len(cells), pa.uint8())], schema))
    assert '\n"say ""hello""",1\n' in path.read_text()
    with path.open(newline="") as file:
        assert list(csv.reader(file)) == [["t,ext", "n"], *([each or "", "1"] for each in cells)]


def test_one_absent_value_is_no_empty_line(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    schema = pa.schema([("a", pa.uint8())])
    with TableWriter(str(path), schema) as writer:
        writer.write(pa.record_batch([pa.array([1, None], pa.uint8())], schema))
    assert path.read_text() == 'a\n1\n""\n'


# -- what may go wrong ----------------------------------------------------------------------------------------


def test_a_file_that_is_there_stays(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("mine")
    with pytest.raises(CaptureError, match="exists already"):
        TableWriter(str(path), SCHEMA)
    assert path.read_text() == "mine"
    TableWriter(str(path), SCHEMA, overwrite=True).close()
    assert path.read_text() == "n,name\n"


def test_parquet_is_not_compressed_once_more(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"parquet is compressed inside: leave out \.gz"):
        TableWriter(str(tmp_path / "a.parquet.gz"), SCHEMA)
    assert list(tmp_path.iterdir()) == []


def test_what_was_written_before_an_interruption_can_be_read(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    with pytest.raises(KeyboardInterrupt), TableWriter(str(path), SCHEMA) as writer:
        writer.write(batch(0, 3))
        raise KeyboardInterrupt
    assert pyarrow.parquet.read_table(path).num_rows == 3


def test_an_interruption_waits_for_the_end_of_the_writing() -> None:
    done = []
    with pytest.raises(KeyboardInterrupt), uninterrupted():
        os.kill(os.getpid(), signal.SIGINT)
        done.append("all of it")
    assert done == ["all of it"]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


@pytest.mark.parametrize("ending", ["parquet", "arrow"])
def test_a_file_that_does_not_fit_is_removed(tmp_path: Path, small_files: None, ending: str) -> None:
    path = tmp_path / f"a.{ending}"
    with pytest.raises(CaptureError, match="file too large; it is removed"), TableWriter(str(path), SCHEMA) as writer:
        for first in range(0, 1_000_000, 50_000):
            writer.write(batch(first, 50_000))
    assert not path.exists()


def test_of_csv_what_fits_is_kept(tmp_path: Path, small_files: None) -> None:
    path = tmp_path / "a.csv"
    with pytest.raises(CaptureError, match="file too large; it holds"), TableWriter(str(path), SCHEMA) as writer:
        for first in range(0, 100_000, 1000):
            writer.write(batch(first, 1000))
    lines = path.read_text().splitlines(keepends=True)
    assert all(line.endswith("\n") for line in lines)


def test_standard_output(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Output(io.TextIOWrapper):
        def isatty(self) -> bool:
            return True

    raw = io.BytesIO()
    monkeypatch.setattr("sys.stdout", Output(raw, write_through=True))
    schema = pa.schema([("a", pa.string())])
    with TableWriter("-", schema) as writer:
        writer.write(pa.record_batch([pa.array(["\x1b[2J"])], schema))
    assert raw.getvalue() == b"a\n\\x1b[2J\n"
