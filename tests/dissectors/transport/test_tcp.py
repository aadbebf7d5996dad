"""Transmission Control Protocol: the header (RFC 9293, 3.1)."""
from __future__ import annotations

from collections.abc import Callable

import pytest

from dissectors.fields import NotNoted
from dissectors.packet import Packet

Carry = Callable[[int, str], Packet]

PORTS = "c000 01bb"  # 49152, 443
SYN = f"{PORTS} 000003e8 00000000 a002 faf0 0367 0000 020405b4 0402 080a0000000100000000 01 030307"
DATA = f"{PORTS} 000003e8 00000001 5018 0200 0000 0000 68656c6c6f"


def test_every_field_of_the_header(carry: Carry) -> None:
    tcp = carry(6, f"{PORTS} 01020304 05060708 5011 2000 abcd 0009").tcp
    assert (tcp.srcport, tcp.dstport) == (49152, 443)
    assert (tcp.seq_raw, tcp.ack_raw) == (0x01020304, 0x05060708)
    assert tcp.hdr_len == 20
    assert tcp.flags == 0x011
    assert tcp.window_size_value == 0x2000
    assert tcp.checksum == 0xABCD
    assert tcp.urgent_pointer == 9


@pytest.mark.parametrize(
    ("bit", "name"),
    [
        (0x001, "fin"),
        (0x002, "syn"),
        (0x004, "reset"),
        (0x008, "push"),
        (0x010, "ack"),
        (0x020, "urg"),
        (0x040, "ece"),
        (0x040, "ecn"),
        (0x080, "cwr"),
        (0x100, "ae"),
        (0x100, "ns"),
        (0x800, "res"),
    ],
)
def test_each_flag_by_both_of_its_names(carry: Carry, bit: int, name: str) -> None:
    set_ = carry(6, f"{PORTS} 00000000 00000000 {0x5000 | bit:04x} 0000 0000 0000")
    clear = carry(6, f"{PORTS} 00000000 00000000 {0x5FFF & ~bit & ~(0xE00 if bit == 0x800 else 0):04x} 0000 0000 0000")
    assert set_[f"tcp.flags.{name}"] is True
    assert clear[f"tcp.flags.{name}"] is False


def test_flags_as_letters(carry: Carry) -> None:
    assert carry(6, SYN)["tcp.flags.str"] == "··········S·"
    assert carry(6, f"{PORTS} 00000000 00000000 5fff 0000 0000 0000")["tcp.flags.str"] == "RRRACEUAPRSF"


def test_data_and_its_length(carry: Carry) -> None:
    tcp = carry(6, DATA).tcp
    assert tcp.len == 5
    assert tcp.payload_ == b"hello"
    assert tcp.payload == b"hello"


def test_a_segment_without_data_has_no_payload(carry: Carry) -> None:
    tcp = carry(6, SYN).tcp
    assert tcp.len == 0
    assert tcp.payload_ is None


def test_octets_behind_the_datagram_are_no_data(carry: Carry) -> None:
    packet = carry(6, DATA)
    padded = Packet.of(packet.data + bytes(6), 101)
    assert padded.tcp.payload == b"hello"


def test_either_port(carry: Carry) -> None:
    assert carry(6, SYN).values("tcp.port") == [49152, 443]


# -- what takes more than one packet to know ------------------------------------------------------------------


@pytest.mark.parametrize("field", ["seq", "ack", "window_size", "stream"])
def test_relative_numbers_are_refused_until_somebody_notes_them(carry: Carry, field: str) -> None:
    with pytest.raises(NotNoted, match=f"tcp.{field} takes more than one packet to know"):
        getattr(carry(6, DATA).tcp, field)


def test_relative_numbers_are_read_from_the_notes(carry: Carry) -> None:
    packet = carry(6, DATA)
    packet.notes = {"tcp.seq": 1, "tcp.ack": 7, "tcp.window_size": 65536, "tcp.stream": 3}
    tcp = packet.tcp
    assert (tcp.seq, tcp.ack, tcp.window_size, tcp.stream) == (1, 7, 65536, 3)


# -- the line that says what matters --------------------------------------------------------------------------


def test_line_of_a_syn(carry: Carry) -> None:
    packet = carry(6, SYN)
    packet.notes = {"tcp.seq": 0, "tcp.ack": 0, "tcp.window_size": 64240}
    assert packet.tcp.info() == "49152 → 443 [SYN] Seq=0 Win=64240 Len=0 MSS=1460 SACK_PERM TSval=1 TSecr=0 WS=128"


def test_line_with_the_numbers_of_the_wire(carry: Carry) -> None:
    assert carry(6, DATA).tcp.info() == "49152 → 443 [PSH, ACK] Seq=1000 Ack=1 Win=512 Len=5"


@pytest.mark.parametrize(
    ("flags", "names"),
    [
        ("5000", "[<None>]"),
        ("5012", "[SYN, ACK]"),
        ("5004", "[RST]"),
        ("50c2", "[SYN, ECE, CWR]"),
        ("5102", "[SYN, AE]"),
        ("5fff", "[FIN, SYN, RST, PSH, ACK, URG, ECE, CWR, AE, Reserved]"),
    ],
)
def test_flags_in_the_line(carry: Carry, flags: str, names: str) -> None:
    assert f" {names} " in carry(6, f"{PORTS} 00000000 00000000 {flags} 0000 0000 0000").tcp.info()


def test_urgent_pointer_in_the_line(carry: Carry) -> None:
    tcp = carry(6, f"{PORTS} 00000000 00000001 5030 0200 0000 0003 616263").tcp
    assert tcp.info() == "49152 → 443 [ACK, URG] Seq=0 Ack=1 Win=512 Urg=3 Len=3"


def test_no_line_promises_what_was_cut_off(carry: Carry) -> None:
    whole = carry(6, SYN)
    for captured, line in [
        (22, None),
        (24, "49152 → 443"),
        (39, "49152 → 443"),
        (40, "49152 → 443 [SYN] Seq=1000 Win=64240 Len=0"),
        (43, "49152 → 443 [SYN] Seq=1000 Win=64240 Len=0"),
        (44, "49152 → 443 [SYN] Seq=1000 Win=64240 Len=0 MSS=1460"),
    ]:
        cut = Packet(whole.data[:captured], whole.interface, length=len(whole.data))
        assert cut.tcp.info() == line


# -- lengths that lie -----------------------------------------------------------------------------------------


def test_a_header_below_its_least_length_is_malformed(carry: Carry) -> None:
    tcp = carry(6, f"{PORTS} 000003e8 00000000 4002 faf0 0000 0000 6869").tcp
    assert tcp.hdr_len == 16
    assert tcp.malformed == "TCP gives its header fewer than 20 octets"
    assert tcp.info() == "49152 → 443 [SYN] Seq=1000 Win=64240"


def test_a_header_longer_than_its_segment_is_malformed(carry: Carry) -> None:
    tcp = carry(6, f"{PORTS} 000003e8 00000000 f002 faf0 0000 0000 020405b4").tcp
    assert tcp.len is None
    assert tcp.malformed == "TCP does not fit in the 24 octets that are left for it"
    assert tcp.info() == "49152 → 443 [SYN] Seq=1000 Win=64240"


def test_length_of_data_that_was_not_captured(carry: Carry) -> None:
    whole = carry(6, DATA)
    cut = Packet(whole.data[:34], whole.interface, length=len(whole.data))
    assert cut.tcp.len == 5
    assert cut.tcp.checksum is None


def test_a_truncated_header_is_no_contradiction(carry: Carry) -> None:
    whole = carry(6, SYN)
    cut = Packet(whole.data[:53], whole.interface, length=len(whole.data))
    assert cut.tcp.truncated
    assert cut.malformed == ""
    assert cut["tcp.options.mss_val"] == 1460
    assert cut["tcp.options.timestamp.tsval"] == 1
    assert cut["tcp.options.timestamp.tsecr"] is None


# -- the checksum ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("checksum", "status"), [("0367", 1), ("0368", 0), ("8432", 5)])
def test_status_of_the_checksum(carry: Carry, checksum: str, status: int) -> None:
    packet = carry(6, SYN.replace("0367", checksum))
    assert packet["tcp.checksum.status"] == status


def test_no_status_of_a_segment_that_was_cut(carry: Carry) -> None:
    whole = carry(6, DATA)
    assert Packet(whole.data[:-1], whole.interface, length=len(whole.data)).tcp.checksum_status == 2
