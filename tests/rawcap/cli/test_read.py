"""`rawcap read`."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest
from click.testing import Result

from rawcap.files import Block, create_capture, open_capture
from rawcap.reading import read

Run = Callable[..., Result]

LINES = """\
    1   0.000000  192.0.2.1 → 192.0.2.2  TCP   49152 → 443 [SYN] Seq=0 Win=64240 Len=0 MSS=1460 SACK_PERM TSval=1 \
TSecr=0 WS=128
    2   0.250000  192.0.2.2 → 192.0.2.1  TCP   443 → 49152 [SYN, ACK] Seq=0 Ack=1 Win=65160 Len=0 MSS=1460 WS=4
    3   0.500000  192.0.2.1 → 192.0.2.2  TCP   49152 → 443 [ACK] Seq=1 Ack=1 Win=64256 Len=0
    4   0.750000  192.0.2.2 → 192.0.2.1  TCP   443 → 49152 [RST, ACK] Seq=1 Ack=1 Win=0 Len=0
    5   1.000000  192.0.2.1 → 192.0.2.2  UDP   5000 → 40000 Len=5
"""


def numbers(done: Result) -> list[int]:
    """The numbers of the packets in the text view."""
    return [int(line.split()[0]) for line in done.stdout.splitlines()]


# -- views ------------------------------------------------------------------------------------------------


def test_a_line_a_packet(rawcap: Run, five: Path) -> None:
    done = rawcap("read", five)
    assert (done.exit_code, done.stdout, done.stderr) == (0, LINES, "")


@pytest.mark.parametrize("arguments", [["-T", "detail"], ["-V"]])
def test_detail(rawcap: Run, five: Path, arguments: list[str]) -> None:
    done = rawcap("read", five, *arguments, "-c", "1")
    assert done.stdout.startswith("Frame 1, 2023-11-14 22:13:20.000000 UTC\n")
    assert "  34–35  tcp.srcport" in done.stdout
    assert "\n0000  " not in done.stdout


@pytest.mark.parametrize("arguments", [["-T", "hex"], ["-x"]])
def test_hex(rawcap: Run, five: Path, arguments: list[str]) -> None:
    done = rawcap("read", five, *arguments, "-c", "1")
    assert done.stdout.startswith("Frame 1, 2023-11-14 22:13:20.000000 UTC\n")
    assert "\n0022  c0 00 01 bb 00 00 03 e8 " in done.stdout


def test_json(rawcap: Run, five: Path) -> None:
    done = rawcap("read", five, "-T", "json")
    objects = [json.loads(line) for line in done.stdout.splitlines()]
    assert [each["number"] for each in objects] == [1, 2, 3, 4, 5]
    tcp = next(layer for layer in objects[2]["layers"] if layer["layer"] == "tcp")
    assert (tcp["tcp.seq"], tcp["tcp.ack"], tcp["tcp.window_size"]) == (1, 1, 64256)


def test_fields(rawcap: Run, five: Path) -> None:
    done = rawcap("read", five, "-T", "fields", "-e", "ip.src", "-e", "tcp.seq", "-E", "header=y", "-E", "separator=,")
    assert done.stdout.splitlines() == [
        "ip.src,tcp.seq",
        "192.0.2.1,0",
        "192.0.2.2,0",
        "192.0.2.1,1",
        "192.0.2.2,1",
        "192.0.2.1,",
    ]


def test_times(rawcap: Run, five: Path) -> None:
    assert "    5 2023-11-14 22:13:21.000000  192.0.2.1" in rawcap("read", five, "-t", "ud").stdout
    assert "    5   0.250000  192.0.2.1" in rawcap("read", five, "-t", "d").stdout
    shown_since = rawcap("read", five, "-t", "dd", "-Y", "ip.src == 192.0.2.1").stdout
    assert [line.split()[1] for line in shown_since.splitlines()] == ["0.000000", "0.500000", "0.500000"]


def test_control_characters_of_a_packet_never_reach_the_terminal(
    rawcap: Run, make_pcap: Callable[..., Path], frames: dict[str, bytes]
) -> None:
    # A DNS query for the name "\x1b]0;x\x07\n" (RFC 1035, 4.1), which a terminal would take as its new title.
    query = bytes.fromhex("000101000001000000000000") + b"\x07\x1b]0;x\x07\n\x00" + bytes.fromhex("00010001")
    udp = struct.pack("!HHHH", 5000, 53, 8 + len(query), 0) + query
    ip = bytes.fromhex("4500") + struct.pack("!H", 20 + len(udp)) + frames["udp"][18:34]
    path = make_pcap(frames["udp"][:14] + ip + udp)
    for view in ("text", "detail", "hex", "json"):
        shown = rawcap("read", path, "-T", view).stdout
        assert "]0;x" in shown
        assert all(each.isprintable() or each == "\n" for each in shown)
    fields = rawcap("read", path, "-T", "fields", "-e", "dns.qry.name").stdout
    assert fields == "\\x1b]0;x\\x07\\n\n"


# -- choosing packets -------------------------------------------------------------------------------------


def test_a_display_filter(rawcap: Run, five: Path) -> None:
    assert numbers(rawcap("read", five, "-Y", "tcp.flags.ack == 1 && tcp.seq == 1")) == [3, 4]


def test_a_capture_filter(rawcap: Run, five: Path) -> None:
    assert numbers(rawcap("read", five, "-f", "udp port 40000")) == [5]


def test_count_and_skip(rawcap: Run, five: Path) -> None:
    assert numbers(rawcap("read", five, "-c", "2")) == [1, 2]
    assert numbers(rawcap("read", five, "--skip", "3")) == [4, 5]
    assert numbers(rawcap("read", five, "--skip", "1", "-Y", "ip.src == 192.0.2.1", "-c", "1")) == [3]


def test_a_wrong_display_filter_is_shown_with_a_caret(rawcap: Run, five: Path) -> None:
    done = rawcap("read", five, "-Y", "ip && tcp.prot == 1")
    assert (done.exit_code, done.stdout) == (2, "")
    first, *rest = done.stderr.splitlines()
    assert first.startswith("rawcap: filter: no field 'tcp.prot'; did you mean tcp.port")
    assert rest == ["ip && tcp.prot == 1", "      ^~~~~~~~"]


def test_a_wrong_capture_filter(rawcap: Run, five: Path) -> None:
    done = rawcap("read", five, "-f", "prot 1")
    assert done.exit_code == 2
    assert done.stderr.splitlines() == ["rawcap: filter: syntax error", "prot 1", "^~~~~~"]


def test_decode_as(rawcap: Run, five: Path) -> None:
    done = rawcap("read", five, "-T", "fields", "-e", "frame.protocols", "-Y", "udp", "-d", "udp.port==40000,ntp")
    assert done.stdout == "eth:ip:udp:ntp\n"


def test_a_wrong_rule_is_one_line(rawcap: Run, five: Path) -> None:
    done = rawcap("read", five, "--decode-as", "udp.port==9")
    assert done.exit_code == 2
    assert done.stderr == (
        "rawcap: --decode-as: 'udp.port==9' is not understood; write it like udp.port==9000,dns\n"
    )


def test_fragments_are_put_together_on_request(rawcap: Run, make_pcap: Callable[..., Path]) -> None:
    # A datagram of 16 octets of UDP, 8 in each fragment (RFC 791, 3.2).
    ethernet = bytes.fromhex("020000000002 020000000001 0800")
    first = bytes.fromhex("4500001c 00072000 40110000 c0000201 c0000202") + struct.pack("!HHHH", 5000, 40000, 16, 0)
    second = bytes.fromhex("4500001c 00070001 40110000 c0000201 c0000202") + b"fragment"
    path = make_pcap(ethernet + first, ethernet + second)
    apart = rawcap("read", path, "-T", "fields", "-e", "frame.number", "-e", "udp.length", "-e", "ip.frag_offset")
    assert apart.stdout == "1\t16\t0\n2\t\t1\n"
    together = rawcap("read", path, "--reassemble", "-T", "fields", "-e", "frame.number", "-e", "udp.length")
    assert together.stdout == "2\t16\n"
    assert "5000 → 40000 Len=8" in rawcap("read", path, "--reassemble").stdout


def test_fragments_of_a_datagram_that_is_not_there_wholly_are_shown_and_told(
    rawcap: Run, make_pcap: Callable[..., Path], frames: dict[str, bytes]
) -> None:
    first = bytes.fromhex("020000000002 020000000001 0800 4500001c 00072000 40110000 c0000201 c0000202") + bytes(8)
    done = rawcap("read", make_pcap(first, frames["udp"]), "--reassemble", "-T", "fields", "-e", "frame.number")
    assert done.stdout == "2\n1\n"
    assert done.stderr == "rawcap: 1 datagram could not be put together; in packet 1, fragments are missing\n"


def test_fragments_that_contradict_each_other_are_told(rawcap: Run, make_pcap: Callable[..., Path]) -> None:
    ethernet = bytes.fromhex("020000000002 020000000001 0800")
    first = bytes.fromhex("45000024 00072000 40110000 c0000201 c0000202") + bytes(16)
    overlapping = bytes.fromhex("4500001c 00070001 40110000 c0000201 c0000202") + b"fragment"
    done = rawcap("read", make_pcap(ethernet + first, ethernet + overlapping), "--reassemble")
    assert done.stderr == "rawcap: 1 datagram could not be put together; in packet 2, fragments overlap\n"


# -- files ------------------------------------------------------------------------------------------------


def test_several_files_are_numbered_on(rawcap: Run, five: Path) -> None:
    assert numbers(rawcap("read", five, five, "-Y", "udp")) == [5, 10]


def test_standard_input(rawcap: Run, five: Path) -> None:
    assert numbers(rawcap("read", "-", stdin=five.read_bytes())) == [1, 2, 3, 4, 5]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (None, "rawcap: {}: there is no such file\n"),
        (b"", "rawcap: {} is empty: it holds no capture\n"),
        (b"GIF89a", "rawcap: {} is not a capture: it begins with 47 49 46 38, as neither pcap nor pcapng does "),
    ],
)
def test_what_is_no_capture_is_one_line_and_status_1(
    rawcap: Run, tmp_path: Path, content: bytes | None, told: str
) -> None:
    path = tmp_path / "bad.pcap"
    if content is not None:
        path.write_bytes(content)
    done = rawcap("read", path)
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr.startswith(told.format(path))
    assert done.stderr.count("\n") == 1


def test_a_directory(rawcap: Run, tmp_path: Path) -> None:
    done = rawcap("read", tmp_path)
    assert (done.exit_code, done.stderr) == (1, f"rawcap: {tmp_path} is a directory, not a capture file\n")


def test_a_name_with_control_characters_is_escaped(rawcap: Run) -> None:
    assert rawcap("read", "\x1b[2Jx").stderr == "rawcap: \\x1b[2Jx: there is no such file\n"


def test_a_file_cut_in_the_middle_shows_its_whole_packets_then_tells(rawcap: Run, five: Path) -> None:
    five.write_bytes(five.read_bytes()[:-3])
    done = rawcap("read", five)
    assert done.exit_code == 1
    assert numbers(done) == [1, 2, 3, 4]
    assert done.stderr.startswith(f"rawcap: {five}: the file is cut short in packet 5, which begins at byte ")
    assert done.stderr.count("\n") == 1
    assert done.output.index("    4 ") < done.output.index("rawcap: ")  # in the order of their writing


def test_a_bad_file_does_not_keep_the_others_from_being_read(rawcap: Run, five: Path, tmp_path: Path) -> None:
    done = rawcap("read", tmp_path / "none.pcap", five)
    assert done.exit_code == 1
    assert numbers(done) == [1, 2, 3, 4, 5]


def test_a_file_that_is_not_there_is_told_before_the_others_are_read(rawcap: Run, five: Path, tmp_path: Path) -> None:
    done = rawcap("read", five, tmp_path / "none.pcap", "-c", "1")
    assert (done.exit_code, numbers(done)) == (1, [1])
    assert done.stderr == f"rawcap: {tmp_path}/none.pcap: there is no such file\n"
    assert done.output.startswith("rawcap: ")


def test_an_unknown_link_type_is_shown_as_data_and_told_once(rawcap: Run, make_pcap: Callable[..., Path]) -> None:
    done = rawcap("read", make_pcap(b"abc", b"defg", linktype=147))
    assert done.exit_code == 0
    assert done.stdout.splitlines()[1].split()[-4:] == ["4", "octets", "of", "data"]
    assert done.stderr == "rawcap: link type 147 is not known: what is in 2 packets is shown as data\n"


def test_names_that_the_file_keeps_are_shown_unless_numbers_are_asked_for(
    rawcap: Run, five: Path, tmp_path: Path
) -> None:
    path = tmp_path / "names.pcapng"
    # A name resolution block (draft-ietf-opsawg-pcapng, 4.5): 192.0.2.2 is "server", with its NUL and padding.
    names = struct.pack("<HH", 1, 11) + bytes([192, 0, 2, 2]) + b"server\0\0" + struct.pack("<HH", 0, 0)
    with create_capture(path) as capture:
        capture.write(Block(4, names))
        for packet in read(five):
            capture.write(packet)
    assert "192.0.2.1 → server" in rawcap("read", path).stdout
    assert rawcap("read", path, "-n").stdout == LINES


# -- writing ----------------------------------------------------------------------------------------------


def test_writing_shows_nothing_and_keeps_what_passes(rawcap: Run, five: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.pcap"
    done = rawcap("read", five, "-w", out, "-Y", "tcp.flags.reset == 1")
    assert (done.exit_code, done.output) == (0, "")
    with open_capture(out) as written, open_capture(five) as source:
        fourth = list(source)[3]
        assert [(packet.data, packet.time_ns) for packet in written] == [(fourth.data, fourth.time_ns)]


def test_writing_and_showing(rawcap: Run, five: Path, tmp_path: Path) -> None:
    done = rawcap("read", five, "-w", tmp_path / "out.pcapng", "-T", "text", "-c", "2")
    assert numbers(done) == [1, 2]
    assert len(list(read(tmp_path / "out.pcapng"))) == 2


def test_a_copy_keeps_comments_interfaces_and_other_blocks(rawcap: Run, five: Path, tmp_path: Path) -> None:
    source, out = tmp_path / "source.pcapng", tmp_path / "out.pcapng"
    custom = Block(0x0BAD, struct.pack("<I", 32473) + b"kept")
    with create_capture(source) as capture:
        for packet in read(five):
            packet.interface.name = "eth7"
            capture.write(type(packet)(packet.data, packet.interface, packet.time_ns, -1, 0, ((1, b"a comment"),)))
        capture.write(custom)
    assert rawcap("read", source, "-w", out, "-Y", "udp").exit_code == 0
    with open_capture(out) as copy:
        items = list(copy.blocks())
    (packet,) = (item for item in items if not isinstance(item, Block))
    assert (packet.comments, packet.interface.name) == (("a comment",), "eth7")
    assert [item.body for item in items if isinstance(item, Block) and item.type == 0x0BAD] == [custom.body]


def test_a_file_is_not_overwritten_unless_by_force(rawcap: Run, five: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.pcap"
    out.write_text("precious")
    done = rawcap("read", five, "-w", out)
    assert (done.exit_code, done.stderr) == (1, f"rawcap: {out} exists already; --force overwrites it\n")
    assert out.read_text() == "precious"
    assert rawcap("read", five, "-w", out, "--force").exit_code == 0
    assert len(list(read(out))) == 5


@pytest.mark.parametrize("name", ["x.pcap.bz2", "d.txt", "d.txt.gz"])
def test_a_name_that_asks_for_another_format_is_one_line(rawcap: Run, five: Path, tmp_path: Path, name: str) -> None:
    done = rawcap("read", five, "-w", tmp_path / name)
    assert (done.exit_code, done.stderr) == (
        1, f"rawcap: {tmp_path / name}: written as .pcap or .pcapng, with .gz, .zst, .lz4 or .xz behind it\n"
    )
    assert not (tmp_path / name).exists()


def test_a_file_that_is_read_is_never_written(rawcap: Run, five: Path, make_pcap: Callable[..., Path]) -> None:
    other = make_pcap(b"abc", name="other.pcap")
    before = five.read_bytes()
    for files in ([five], [other, five]):
        done = rawcap("read", *files, "-w", five, "--force")
        assert (done.exit_code, done.stderr) == (1, f"rawcap: {five} is being read; write to another file\n")
    assert five.read_bytes() == before


def test_nothing_is_written_when_nothing_can_be_read(rawcap: Run, tmp_path: Path) -> None:
    assert rawcap("read", tmp_path / "none.pcap", "-w", tmp_path / "out.pcap").exit_code == 1
    assert not (tmp_path / "out.pcap").exists()


def test_a_place_that_cannot_be_written(rawcap: Run, five: Path, tmp_path: Path) -> None:
    out = tmp_path / "none" / "out.pcap"
    done = rawcap("read", five, "-w", out)
    assert done.exit_code == 1
    assert done.stderr == f"rawcap: {out} cannot be made: there is no directory {out.parent}\n"


# -- mistakes ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["-e", "ip.src"], "-e and -E go with -T fields (see rawcap read --help)"),
        (["-T", "json", "-E", "header=y"], "-e and -E go with -T fields (see rawcap read --help)"),
        (["-T", "fields"], "-T fields needs at least one field: -e FIELD (see rawcap read --help)"),
        (["-T", "fields", "-e", "ip.scr"], "-e: no field 'ip.scr'; did you mean "),
        (["-T", "fields", "-e", "ip.src", "-E", "foo=1"], "-E: there is no setting 'foo'; there are header, "),
        (["-w", "-", "-V"], "-w - takes standard output for the capture: leave out -T (see rawcap read --help)"),
        (["--follow", "other.pcap"], "--follow takes one file (see rawcap read --help)"),
        (["-t", "x"], "Invalid value for '-t' / '--time': 'x' is not one of "),
    ],
)
def test_a_mistake_is_one_line(rawcap: Run, five: Path, arguments: list[str], told: str) -> None:
    done = rawcap("read", five, *arguments)
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr.startswith(f"rawcap: {told}")
    assert done.stderr.count("\n") == 1


def test_options_may_stand_before_and_behind_the_files(rawcap: Run, five: Path) -> None:
    assert rawcap("read", "-Y", "udp", five, "-c", "1").stdout == rawcap("read", five, "-c", "1", "-Y", "udp").stdout


# -- a protocol of the user's own -------------------------------------------------------------------------


def test_a_protocol_that_a_user_declares_is_in_every_view(
    five: Path, thermometer: Path, isolated: Callable[..., CompletedProcess[str]]
) -> None:
    load = ["read", five, "--load", thermometer, "-Y", "thermometer.celsius == 0x6c6c"]
    assert isolated(*load).stdout.splitlines()[0].split()[5] == "THERMOMETER"
    assert "  42–43  thermometer.sensor   26725  which sensor" in isolated(*load, "-V").stdout
    assert isolated(*load, "-x").stdout.splitlines()[-2].endswith("  hell              THERMOMETER")
    assert '{"layer":"thermometer","octets":[42,46],"thermometer.sensor":26725,' in isolated(*load, "-T", "json").stdout
    assert isolated(*load, "-T", "fields", "-e", "thermometer.celsius").stdout == "27756\n"
