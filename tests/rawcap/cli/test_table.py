"""`rawcap table`."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet
import pytest
from click.testing import Result

from rawcap.columns.defaults import COLUMNS
from rawcap.columns.export import TableWriter
from rawcap.columns.table import Table

Run = Callable[..., Result]
MakePcap = Callable[..., Path]

CSV = """\
frame.number,frame.time_epoch,ip.src,tcp.flags.syn,udp.dstport
1,1700000000.000000000,192.0.2.1,True,
2,1700000000.250000000,192.0.2.2,True,
3,1700000000.500000000,192.0.2.1,False,
4,1700000000.750000000,192.0.2.2,False,
5,1700000001.000000000,192.0.2.1,,40000
"""
FIELDS = ["frame.number", "frame.time_epoch", "ip.src", "tcp.flags.syn", "udp.dstport"]


def chosen(*names: str) -> list[str]:
    return [argument for name in names for argument in ("-e", name)]


def test_csv_on_standard_output(rawcap: Run, five: Path) -> None:
    done = rawcap("table", five, *chosen(*FIELDS))
    assert (done.exit_code, done.stdout, done.stderr) == (0, CSV, "")


def test_a_display_filter(rawcap: Run, five: Path) -> None:
    done = rawcap("table", five, "-e", "frame.number", "-Y", "tcp.flags.syn == 1")
    assert done.stdout == "frame.number\n1\n2\n"


def test_without_columns_there_are_default_ones(rawcap: Run, five: Path) -> None:
    assert rawcap("table", five).stdout.splitlines()[0] == ",".join(COLUMNS)


def test_parquet(rawcap: Run, five: Path, tmp_path: Path) -> None:
    path = tmp_path / "out.parquet"
    done = rawcap("table", five, *chosen("ip.src", "frame.len"), "-o", path)
    assert (done.exit_code, done.output) == (0, "")
    table = pyarrow.parquet.read_table(path)
    assert table.schema.field("ip.src").type == pa.binary(4)
    assert table.column("ip.src")[0].as_py() == bytes([192, 0, 2, 1])
    assert table.column("frame.len").to_pylist() == [74, 62, 54, 54, 47]


def test_addresses_as_text(rawcap: Run, five: Path, tmp_path: Path) -> None:
    path = tmp_path / "out.arrow"
    rawcap("table", five, "-e", "ip.src", "--text", "-o", path)
    with pa.ipc.open_file(path) as file:
        assert file.read_all().column("ip.src")[0].as_py() == "192.0.2.1"


def test_a_stream_of_arrow(rawcap: Run, five: Path) -> None:
    done = rawcap("table", five, "-e", "frame.len", "--format", "arrow")
    with pa.ipc.open_stream(done.stdout_bytes) as stream:
        assert stream.read_all().column("frame.len").to_pylist() == [74, 62, 54, 54, 47]


def test_several_values(rawcap: Run, five: Path) -> None:
    shown = {
        which: rawcap("table", five, "-e", "tcp.port", "--occurrence", which).stdout.splitlines()[1]
        for which in ("first", "last", "all")
    }
    assert shown == {"first": "49152", "last": "443", "all": '"49152,443"'}


def test_the_file_of_a_packet(rawcap: Run, make_pcap: MakePcap, frames: dict[str, bytes]) -> None:
    one, two = (make_pcap(frames["syn"], name=name) for name in ("one.pcap", "two.pcap"))
    done = rawcap("table", one, two, *chosen("file", "frame.number"))
    assert done.stdout == f"file,frame.number\n{one},1\n{two},2\n"


def test_decode_as(rawcap: Run, five: Path) -> None:
    done = rawcap("table", five, "-e", "frame.protocols", "-Y", "udp", "-d", "udp.port==40000,dns")
    assert done.stdout == "frame.protocols\neth:ip:udp:dns\n"


# -- mistakes -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["-e", "ip.scr"], "rawcap: -e: no field 'ip.scr'; did you mean ip.src"),
        (["-e", "_ws.col.Info"], "rawcap: -e: no field '_ws.col.Info' (rawcap fields lists them)\n"),
        (["-o", "out.txt"], "rawcap: out.txt names no format: let it end in .parquet, .arrow or .csv"),
        (["-o", "out.parquet.gz"], "rawcap: parquet is compressed inside: leave out .gz"),
        (["-Y", "ip.scr == 1"], "rawcap: filter: no field 'ip.scr'"),
        (["-d", "nonsense"], "rawcap: --decode-as: 'nonsense' is not understood"),
    ],
)
def test_a_mistake(rawcap: Run, five: Path, arguments: list[str], line: str) -> None:
    done = rawcap("table", five, *arguments)
    assert done.exit_code == 2
    assert done.stderr.startswith(line)


def test_a_file_is_overwritten_only_by_force(rawcap: Run, five: Path, tmp_path: Path) -> None:
    path = tmp_path / "out.csv"
    path.write_text("mine")
    done = rawcap("table", five, "-e", "frame.len", "-o", path)
    assert (done.exit_code, done.stderr) == (1, f"rawcap: {path} exists already; --force overwrites it\n")
    assert path.read_text() == "mine"
    assert rawcap("table", five, "-e", "frame.len", "-o", path, "--force").exit_code == 0
    assert path.read_text() == "frame.len\n74\n62\n54\n54\n47\n"


@pytest.fixture(params=["none.pcap", "empty.pcap", "junk.pcap", "folder"])
def unreadable(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """What is no capture: nothing at all, an empty file, other octets, a directory."""
    (tmp_path / "empty.pcap").write_bytes(b"")
    (tmp_path / "junk.pcap").write_bytes(b"junk" * 20)
    (tmp_path / "folder").mkdir()
    path: Path = tmp_path / request.param
    return path


def test_what_cannot_be_read_leaves_the_output_as_it_was(rawcap: Run, unreadable: Path, tmp_path: Path) -> None:
    path = tmp_path / "keep.csv"
    path.write_text("mine")
    done = rawcap("table", "--force", "-o", path, unreadable)
    assert (done.exit_code, done.stdout, done.stderr.count("\n")) == (1, "", 1)
    assert path.read_text() == "mine"


@pytest.mark.parametrize("ending", ["csv", "csv.gz", "parquet", "arrow"])
def test_what_cannot_be_read_makes_no_output(rawcap: Run, unreadable: Path, tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"out.{ending}"
    assert rawcap("table", "-o", path, unreadable).exit_code == 1
    assert not path.exists()


@pytest.mark.parametrize("format", ["csv", "arrow"])
def test_what_cannot_be_read_prints_nothing(rawcap: Run, unreadable: Path, format: str) -> None:
    done = rawcap("table", "--format", format, unreadable)
    assert (done.exit_code, done.stdout_bytes) == (1, b"")


def test_a_capture_without_packets_is_a_table_without_rows(
    rawcap: Run, make_pcap: MakePcap, unreadable: Path, tmp_path: Path
) -> None:
    path = tmp_path / "out.csv"
    done = rawcap("table", "-e", "frame.len", "-o", path, make_pcap(name="nobody.pcap"), unreadable)
    assert (done.exit_code, path.read_text()) == (1, "frame.len\n")


def test_a_cut_capture_of_which_nothing_passes(rawcap: Run, five: Path) -> None:
    five.write_bytes(five.read_bytes()[:-1])
    done = rawcap("table", "-e", "frame.len", "-Y", "arp", five)
    assert (done.exit_code, done.stdout) == (1, "frame.len\n")


def test_an_output_that_cannot_be_made_is_told_before_reading(rawcap: Run, tmp_path: Path) -> None:
    path = tmp_path / "nowhere" / "out.csv"
    done = rawcap("table", "-o", path, tmp_path / "none.pcap")
    assert done.exit_code == 1
    assert done.stderr == f"rawcap: {path} cannot be made: there is no directory {path.parent}\n"


def test_a_named_pipe(five: Path, tmp_path: Path) -> None:
    path = tmp_path / "out.csv"
    os.mkfifo(path)
    arguments = [sys.executable, "-m", "rawcap", "table", "-e", "frame.len", "-o", str(path)]
    with subprocess.Popen([*arguments, str(five)]) as process:
        assert path.read_text() == "frame.len\n74\n62\n54\n54\n47\n"
    assert process.returncode == 0
    with subprocess.Popen([*arguments, str(tmp_path / "none.pcap")], stderr=subprocess.PIPE) as process:
        assert path.read_text() == ""
    assert process.returncode == 1


def test_standard_output_by_its_path(five: Path) -> None:
    arguments = [sys.executable, "-m", "rawcap", "table", "-e", "frame.len", "-o", "/dev/stdout", "--format", "csv"]
    done = subprocess.run([*arguments, str(five)], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "frame.len\n74\n62\n54\n54\n47\n")


def test_a_file_that_somebody_makes_meanwhile_is_not_overwritten(
    rawcap: Run, five: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    batches = Table.__iter__
    path = tmp_path / "out.csv"

    def slowly(table: Table) -> Iterator[pa.RecordBatch]:
        path.write_text("theirs")
        yield from batches(table)

    monkeypatch.setattr(Table, "__iter__", slowly)
    assert rawcap("table", five, "-o", path).exit_code == 1
    assert path.read_text() == "theirs"


def test_a_file_that_is_read_is_not_written(rawcap: Run, five: Path) -> None:
    before = five.read_bytes()
    done = rawcap("table", five, "-o", five, "--format", "csv", "--force")
    assert (done.exit_code, done.stderr) == (1, f"rawcap: {five} is being read; write to another file\n")
    assert five.read_bytes() == before


def test_a_mistake_makes_no_file(rawcap: Run, five: Path, tmp_path: Path) -> None:
    rawcap("table", five, "-e", "ip.scr", "-o", tmp_path / "out.csv")
    assert not (tmp_path / "out.csv").exists()


def test_a_cut_capture_is_written_up_to_there(rawcap: Run, five: Path, tmp_path: Path) -> None:
    five.write_bytes(five.read_bytes()[:-1])
    path = tmp_path / "out.parquet"
    done = rawcap("table", five, "-e", "frame.number", "-o", path)
    assert done.exit_code == 1
    assert done.stderr.startswith(f"rawcap: {five}")
    assert pyarrow.parquet.read_table(path).num_rows == 4


def test_one_of_several_files_is_missing(rawcap: Run, five: Path) -> None:
    done = rawcap("table", five.parent / "none.pcap", five, "-e", "frame.number", "-Y", "udp")
    assert (done.exit_code, done.stdout) == (1, "frame.number\n5\n")


def test_ctrl_c_leaves_a_whole_file(
    rawcap: Run, five: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    batches = Table.__iter__

    def interrupted(table: Table) -> Iterator[pa.RecordBatch]:
        yield from batches(table)
        raise KeyboardInterrupt

    monkeypatch.setattr(Table, "__iter__", interrupted)
    path = tmp_path / "out.parquet"
    done = rawcap("table", five, "-e", "frame.number", "-o", path)
    assert (done.exit_code, done.stderr) == (130, f"rawcap: interrupted: {path} has the 5 packets before that\n")
    assert pyarrow.parquet.read_table(path).num_rows == 5


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_ctrl_c_before_the_first_packet_makes_no_file(
    rawcap: Run, five: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ending: str
) -> None:
    def interrupted(table: Table) -> Iterator[pa.RecordBatch]:
        raise KeyboardInterrupt
        yield

    monkeypatch.setattr(Table, "__iter__", interrupted)
    path = tmp_path / f"out.{ending}"
    done = rawcap("table", five, "-o", path)
    assert (done.exit_code, done.stderr) == (130, f"rawcap: interrupted: {path} is not written\n")
    assert not path.exists()


def test_ctrl_c_while_the_file_is_made_waits_for_the_rows_that_it_is_made_for(
    rawcap: Run, five: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin = TableWriter._output

    def interrupted(writer: TableWriter, schema: pa.Schema) -> object:
        signal.raise_signal(signal.SIGINT)
        return begin(writer, schema)

    monkeypatch.setattr(TableWriter, "_output", interrupted)
    path = tmp_path / "out.parquet"
    done = rawcap("table", five, "-e", "frame.number", "-o", path)
    assert (done.exit_code, done.stderr) == (130, f"rawcap: interrupted: {path} has the 5 packets before that\n")
    assert pyarrow.parquet.read_table(path).num_rows == 5


def test_a_reader_that_goes_away(make_pcap: MakePcap, frames: dict[str, bytes]) -> None:
    many = make_pcap(*[frames["syn"]] * 20_000)
    arguments = [sys.executable, "-m", "rawcap", "table", str(many)]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None and process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 141
