"""`rawcap follow`."""

from __future__ import annotations

import io
import struct
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

import rawcap as package
from rawcap.cli import follow

Run = Callable[..., Result]
MakePcap = Callable[..., Path]

PCAPS = Path(__file__).parents[3] / "pcaps"
HALF_CLOSE = PCAPS / "tcp_half_close.pcapng"
SNAPPED = PCAPS / "snapped.pcapng"
DATAGRAMS = PCAPS / "udp_exchange.pcapng"

TEXT = """\
tcp 0: client 192.0.2.1:49152, server 192.0.2.2:7

> that is all
< understood
< goodbye
"""

HEX = """\
tcp 0: client 192.0.2.1:49152, server 192.0.2.2:7

00000000  74 68 61 74 20 69 73 20  61 6c 6c 0a              that is all.
    00000000  75 6e 64 65 72 73 74 6f  6f 64 0a                 understood.
    0000000B  67 6f 6f 64 62 79 65 0a                           goodbye.
"""

UDP = """\
udp 0: client 192.0.2.1:49152, server 192.0.2.2:7

> hello
< hello
"""


def segment(seq: int, payload: bytes, ack: int = 0) -> bytes:
    """An Ethernet frame from 192.0.2.1:5000 to 192.0.2.2:7, without a SYN before it."""
    tcp = struct.pack("!HHIIBBHHH", 5000, 7, seq, ack, 0x50, 0x10, 1000, 0, 0) + payload
    addresses = bytes([192, 0, 2, 1, 192, 0, 2, 2])
    return bytes(12) + b"\x08\x00" + struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(tcp), 0, 0, 64, 6, 0) + addresses + tcp


def test_text_is_what_is_shown(rawcap: Run) -> None:
    result = rawcap("follow", HALF_CLOSE, "tcp", "0")
    assert (result.stdout, result.exit_code) == (TEXT, 0)


def test_ascii_is_the_same(rawcap: Run) -> None:
    assert rawcap("follow", HALF_CLOSE, "tcp", "0", "--ascii").stdout == TEXT


def test_hexadecimal(rawcap: Run) -> None:
    assert rawcap("follow", HALF_CLOSE, "tcp", "0", "--hex").stdout == HEX


def test_the_octets_as_they_are(rawcap: Run) -> None:
    result = rawcap("follow", HALF_CLOSE, "tcp", "0", "--raw")
    assert result.stdout_bytes == b"that is all\nunderstood\ngoodbye\n"


@pytest.mark.parametrize(("side", "octets"), [("--client", b"that is all\n"), ("--server", b"understood\ngoodbye\n")])
def test_one_side_alone(rawcap: Run, side: str, octets: bytes) -> None:
    assert rawcap("follow", HALF_CLOSE, "tcp", "0", "--raw", side).stdout_bytes == octets


def test_both_sides_alone_contradict_each_other(rawcap: Run) -> None:
    result = rawcap("follow", HALF_CLOSE, "tcp", "0", "--client", "--server")
    assert result.exit_code == 2
    assert "--client and --server together leave nothing out" in result.stderr


def test_what_the_capture_lacks_is_told_where_it_is_missing(rawcap: Run) -> None:
    lines = rawcap("follow", SNAPPED, "tcp", "0").stdout.splitlines()
    assert lines[2:8] == [
        "> GET / HTTP/1.1",
        "> Host: www.exam",
        "[38 octets of the client missing]",
        "< HTTP/1.1 200 OK",
        "< Server: BaseH",
        "[167 octets of the server missing]",
    ]


def test_in_hexadecimal_offsets_go_on_behind_what_is_missing(rawcap: Run) -> None:
    lines = rawcap("follow", SNAPPED, "tcp", "0", "--hex", "--client").stdout.splitlines()
    assert lines[4] == "0000001E  [38 octets of the client missing]"
    assert lines[5].startswith("00000044  47 45 54")


def test_of_octets_as_they_are_what_is_missing_is_told_on_the_side(rawcap: Run) -> None:
    result = rawcap("follow", SNAPPED, "tcp", "0", "--raw", "--client")
    assert b"missing" not in result.stdout_bytes
    assert result.stderr == "rawcap: 215 octets of the client missing\n"


def test_contradictions_are_told_at_the_end(rawcap: Run, make_pcap: MakePcap) -> None:
    path = make_pcap(segment(100, b"hello\n"), segment(100, b"heLLo\n"))
    lines = rawcap("follow", path, "tcp", "0").stdout.splitlines()
    assert lines[2:] == [
        "> hello",
        "[frame 2 contradicts frame 1 on octets 2 to 3 of the client: those of frame 1 are shown]",
    ]


def test_nothing_that_a_terminal_obeys_passes(rawcap: Run, make_pcap: MakePcap) -> None:
    path = make_pcap(segment(100, b"\x1b[2J\xff\r\n\tz\xc3\xbc\x07\rrich\n"))
    lines = rawcap("follow", path, "tcp", "0").stdout.splitlines()
    assert lines[2:] == ["> \\x1b[2J\\xff", "> \tzü\\x07\\rrich"]


def test_a_line_of_the_stream_cannot_be_taken_for_one_of_rawcap(rawcap: Run, make_pcap: MakePcap) -> None:
    path = make_pcap(segment(100, b"[5 octets of the client missing]\n"))
    assert rawcap("follow", path, "tcp", "0").stdout.splitlines()[2:] == ["> [5 octets of the client missing]"]


def test_characters_and_line_ends_that_are_cut_by_segments(rawcap: Run, make_pcap: MakePcap) -> None:
    path = make_pcap(segment(100, b"z\xc3"), segment(102, b"\xbc\r"), segment(104, b"\nx"))
    assert rawcap("follow", path, "tcp", "0").stdout.splitlines()[2:] == ["> zü", "> x"]


def test_colours_when_they_are_asked_for(rawcap: Run) -> None:
    lines = rawcap("follow", HALF_CLOSE, "tcp", "0", "--color", "always").stdout.splitlines()
    assert lines[2:4] == ["\x1b[31m> that is all\x1b[0m", "\x1b[34m< understood\x1b[0m"]


def test_datagrams(rawcap: Run) -> None:
    assert rawcap("follow", DATAGRAMS, "udp", "0").stdout == UDP


def test_fragments_are_put_together_before(rawcap: Run) -> None:
    path = PCAPS / "fragments.pcapng"
    datagrams = [p.udp.payload for p in package.read(path, reassemble=True) if p.udp is not None]
    longest = max(datagrams, key=len)
    assert len(longest) > 1500
    assert longest in rawcap("follow", path, "udp", "0", "--raw").stdout_bytes


@pytest.mark.parametrize(
    ("protocol", "number", "told"),
    [
        ("tcp", "7", f"{HALF_CLOSE} has 1 TCP connection, number 0; there is no 7"),
        ("udp", "7", f"{DATAGRAMS} has 2 UDP conversations, 0 and 1; there is no 7"),
    ],
)
def test_a_number_that_nobody_has(rawcap: Run, protocol: str, number: str, told: str) -> None:
    result = rawcap("follow", HALF_CLOSE if protocol == "tcp" else DATAGRAMS, protocol, number)
    assert result.stderr == f"rawcap: {told}\n"
    assert (result.stdout, result.exit_code) == ("", 2)


def test_a_file_without_any(rawcap: Run) -> None:
    result = rawcap("follow", PCAPS / "arp.pcapng", "tcp", "0")
    assert result.stderr == f"rawcap: {PCAPS / 'arp.pcapng'} has no TCP connection\n"


def test_a_number_alone_is_that_of_a_tcp_connection(rawcap: Run) -> None:
    assert rawcap("follow", HALF_CLOSE, "0").stdout == TEXT


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ((), "which one? Name it by its number: FILE [tcp|udp] N; rawcap flows FILE lists them"),
        (("udp",), "which one? Name it by its number: FILE [tcp|udp] N; rawcap flows FILE lists them"),
        (("tcp", "--", "-1"), "N: -1 is less than 0"),
        (("tcp", "-1"), "N is a number from 0, not -1"),
        (("-12",), "N is a number from 0, not -12"),
        (("tcp", "one"), "N: 'one' is not a number"),
        (("sctp", "0"), "'sctp' is neither tcp nor udp"),
        (("tcp", "0", "1"), "one conversation at a time: FILE [tcp|udp] N, without '1'"),
        (("0", "--hex", "--raw"), "--hex and --raw contradict each other: give one"),
        (("0", "--ascii", "--hex"), "--ascii and --hex contradict each other: give one"),
        (("0", "--hx"), "there is no option --hx; did you mean --hex?"),
        (("0", "--hx", "-1"), "there is no option --hx; did you mean --hex?"),
    ],
)
def test_mistakes_are_one_line(rawcap: Run, arguments: tuple[str, ...], told: str) -> None:
    result = rawcap("follow", HALF_CLOSE, *arguments)
    assert result.stderr.removesuffix(" (see rawcap follow --help)\n") == f"rawcap: {told}"
    assert (result.stdout, result.exit_code) == ("", 2)


@pytest.mark.parametrize(
    ("side", "told"),
    [
        ((), "[neither side sent any octets]"),
        (("--client",), "[the client sent no octets]"),
        (("--server",), "[the server sent no octets]"),
    ],
)
def test_a_conversation_without_octets_says_so(rawcap: Run, side: tuple[str, ...], told: str) -> None:
    result = rawcap("follow", PCAPS / "tcp" / "refused.pcapng", "0", *side)
    assert result.stdout.splitlines()[2:] == [told]
    assert result.exit_code == 0


def test_standard_input(rawcap: Run) -> None:
    assert rawcap("follow", "-", "tcp", "0", stdin=HALF_CLOSE.read_bytes()).stdout == TEXT


def test_a_file_that_is_not_there(rawcap: Run) -> None:
    result = rawcap("follow", "nowhere.pcap", "tcp", "0")
    assert result.exit_code == 1
    assert result.stderr.startswith("rawcap: nowhere.pcap")
    assert result.stderr.count("\n") == 1


def test_what_a_cut_file_has_is_shown(rawcap: Run, make_pcap: MakePcap) -> None:
    path = make_pcap(segment(100, b"hello\n"), segment(106, b"you\n"))
    path.write_bytes(path.read_bytes()[:-3])
    result = rawcap("follow", path, "tcp", "0")
    assert result.stdout.splitlines()[2:] == ["> hello"]
    assert result.exit_code == 1
    assert result.stderr.count("\n") == 1


def test_to_a_file(rawcap: Run, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert rawcap("follow", HALF_CLOSE, "tcp", "0", "-o", out).stdout == ""
    assert out.read_text() == TEXT


def test_octets_to_a_file(rawcap: Run, tmp_path: Path) -> None:
    out = tmp_path / "out"
    rawcap("follow", HALF_CLOSE, "tcp", "0", "--raw", "-o", out)
    assert out.read_bytes() == b"that is all\nunderstood\ngoodbye\n"


def test_a_file_that_is_there_stays(rawcap: Run, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.write_text("mine")
    result = rawcap("follow", HALF_CLOSE, "tcp", "0", "-o", out)
    assert (out.read_text(), result.exit_code) == ("mine", 1)
    assert result.stderr == f"rawcap: {out} exists already; --force overwrites it\n"
    assert rawcap("follow", HALF_CLOSE, "tcp", "0", "-o", out, "--force").exit_code == 0
    assert out.read_text() == TEXT


def test_the_file_that_is_read_is_not_written(rawcap: Run, make_pcap: MakePcap) -> None:
    path = make_pcap(segment(100, b"hello\n"))
    before = path.read_bytes()
    result = rawcap("follow", path, "tcp", "0", "-o", path, "--force")
    assert result.stderr == f"rawcap: {path} is being read; write to another file\n"
    assert path.read_bytes() == before


def test_a_wrong_number_leaves_no_file(rawcap: Run, tmp_path: Path) -> None:
    rawcap("follow", HALF_CLOSE, "tcp", "7", "-o", tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_cannot_be_written(rawcap: Run, tmp_path: Path) -> None:
    result = rawcap("follow", HALF_CLOSE, "tcp", "0", "-o", tmp_path / "nowhere" / "out")
    assert result.exit_code == 1
    assert result.stderr == f"rawcap: {tmp_path}/nowhere/out cannot be written: no such file or directory\n"


def test_a_full_disk_is_one_line(rawcap: Run, make_pcap: MakePcap) -> None:
    path = make_pcap(*(segment(100 + 40_000 * step, bytes(40_000)) for step in range(4)))
    result = rawcap("follow", path, "tcp", "0", "--raw", "-o", "/dev/full")
    assert result.exit_code == 1
    assert result.stderr == "rawcap: /dev/full cannot be written: no space left on device\n"


def test_octets_as_they_are_do_not_go_to_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr("sys.stdout", Terminal())
    with pytest.raises(Exception, match="do not belong on a terminal"):
        follow.command.main([str(HALF_CLOSE), "tcp", "0", "--raw"], standalone_mode=False)
