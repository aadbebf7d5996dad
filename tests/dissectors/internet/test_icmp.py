"""Internet Control Message Protocol (RFC 792)."""
from __future__ import annotations

from collections.abc import Callable

import pytest

from dissectors.header import Header
from dissectors.packet import Packet

Told = Callable[[Header, str], list[str]]
Carry = Callable[[int, str], Packet]

QUOTED = "45000021000100004011f6c7c0000201c0000202 9c419c42000dff79 68656c6c6f"


# -- queries --------------------------------------------------------------------------------------------------


def test_echo_request(carry: Carry) -> None:
    icmp = carry(1, "0800 41eb 1234 0001 68656c6c6f").icmp
    assert (icmp.type, icmp.code, icmp.checksum, icmp.ident, icmp.seq) == (8, 0, 0x41EB, 0x1234, 1)
    assert (icmp.ident_le, icmp.seq_le) == (0x3412, 256)
    assert icmp.payload == b"hello"
    assert icmp.info() == "Echo (ping) request  id=0x1234, seq=1, ttl=64"


def test_echo_reply(carry: Carry) -> None:
    assert carry(1, "0000 49eb 1234 0001").icmp.info() == "Echo (ping) reply  id=0x1234, seq=1, ttl=64"


def test_an_echo_that_was_cut_off(carry: Carry) -> None:
    whole = carry(1, "0800 41eb 1234 0001 68656c6c6f")
    cut = Packet(whole.data[:26], whole.interface, length=33)
    assert (cut.icmp.ident, cut.icmp.seq) == (0x1234, None)
    assert cut.icmp.info() == "Echo (ping) request"


def test_timestamp(carry: Carry) -> None:
    icmp = carry(1, "0e00 0000 1234 0001 00000001 00000002 00000003").icmp
    assert (icmp.ident, icmp.originate_timestamp, icmp.receive_timestamp, icmp.transmit_timestamp) == (0x1234, 1, 2, 3)
    assert icmp.info() == "Timestamp reply"


def test_address_mask(carry: Carry) -> None:
    assert carry(1, "1200 0000 1234 0001 ffffff00").icmp.address_mask == "255.255.255.0"


def test_router_advertisement(carry: Carry) -> None:
    icmp = carry(1, "0900 0000 02 02 0708 c0000201 00000000 c0000203 80000000").icmp
    assert (icmp.num_addrs, icmp.addr_entry_size, icmp.lifetime) == (2, 2, 1800)
    assert icmp.router_address == ["192.0.2.1", "192.0.2.3"]
    assert icmp.pref_level == [0, -2147483648]


def test_extended_echo(carry: Carry) -> None:
    packet = carry(1, "2a00 0000 1234 05 01 2000 0000 0008 0302 00000007")
    assert (packet.icmp.ident, packet.icmp.local) == (0x1234, True)
    assert packet["icmp.ext.echo.seq"] == 5
    assert packet["icmp.int_ident.index"] == 7


def test_extended_echo_reply(carry: Carry) -> None:
    icmp = carry(1, "2b00 0000 1234 05 46").icmp
    assert (icmp.state, icmp.active, icmp.ipv4, icmp.ipv6) == (2, True, True, False)


# -- errors ---------------------------------------------------------------------------------------------------


def test_unreachable_quotes_a_datagram(carry: Carry) -> None:
    packet = carry(1, "0303 0000 00000000" + QUOTED)
    assert packet.icmp.info() == "Destination unreachable (Port unreachable)"
    assert packet.protocols == "ip:icmp:ip:udp:data"
    inner = packet.layers[2]
    assert (inner.quoted, inner.id, packet.udp.quoted, packet.udp.dstport) == (True, 1, True, 40002)


def test_the_quotation_may_end_early(carry: Carry) -> None:
    """RFC 792: the header and 64 bits; nothing is malformed about that."""
    packet = carry(1, "0303 0000 00000000" + QUOTED[: 2 * 28 + 1])
    assert (packet.udp.srcport, packet.udp.length) == (40001, 13)
    assert packet.malformed == ""


def test_fragmentation_needed_tells_the_mtu(carry: Carry) -> None:
    icmp = carry(1, "0304 0000 0000 0578" + QUOTED).icmp
    assert icmp.mtu == 1400
    assert icmp.info() == "Destination unreachable (Fragmentation needed)"


def test_other_codes_have_no_mtu(carry: Carry) -> None:
    assert carry(1, "0303 0000 0000 0578" + QUOTED)["icmp.mtu"] is None


@pytest.mark.parametrize(("octets", "field", "value", "line"), [
    ("0501 0000 c00002fe", "icmp.redir_gw", "192.0.2.254", "Redirect (Redirect for host)"),
    ("0b00 0000 00000000", "icmp.length", 0, "Time-to-live exceeded (Time to live exceeded in transit)"),
    ("0c00 0000 14000000", "icmp.pointer", 20, "Parameter problem (Pointer indicates the error)"),
    ("0400 0000 00000000", "icmp.unused", bytes(4), "Source quench (flow control)"),
])
def test_error(carry: Carry, octets: str, field: str, value: object, line: str) -> None:
    packet = carry(1, octets + QUOTED)
    assert packet[field] == value
    assert packet.icmp.info() == line
    assert packet.udp.dstport == 40002


def test_a_length_of_the_quotation_beyond_the_message_is_told(carry: Carry) -> None:
    assert "beyond" in carry(1, "0303 0000 00 ff 0000" + QUOTED).malformed


def test_an_unknown_type(carry: Carry) -> None:
    packet = carry(1, "c800 0000 01020304")
    assert packet.protocols == "ip:icmp:data"
    assert packet.icmp.info() == "Type 200"


# -- the checksum ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("checksum", "status"), [("a1f8", 1), ("a1f9", 0)])
def test_checksum(carry: Carry, checksum: str, status: int) -> None:
    assert carry(1, f"0800 {checksum} 1234 0001 68656c6c6f")["icmp.checksum.status"] == status


def test_a_checksum_of_what_was_cut_short_is_unverified(carry: Carry) -> None:
    whole = carry(1, "0800 a1f8 1234 0001 68656c6c6f")
    assert Packet(whole.data[:-1], whole.interface, length=33)["icmp.checksum.status"] == 2


def test_a_checksum_in_a_quotation_is_unverified(carry: Carry) -> None:
    quoted = "4500001d 0001 0000 4001 0000 c0000201 c0000202 0800 a1f8 1234 0001 68"
    assert carry(1, "0303 0000 00000000" + quoted).values("icmp.checksum.status")[1] == 2


@pytest.mark.parametrize(
    ("octets", "code"),
    [
        ("0303 0000 00000000" + QUOTED, "3 (Port unreachable)"),
        ("0b01 0000 00000000" + QUOTED, "1 (Fragment reassembly time exceeded)"),
        ("0503 0000 c0000201" + QUOTED, "3 (Redirect for TOS and host)"),
        ("0800 41eb 1234 0001", "0"),
        ("0363 0000 00000000", "99"),
    ],
)
def test_a_code_has_the_name_that_it_has_by_type(carry: Carry, told: Told, octets: str, code: str) -> None:
    assert told(carry(1, octets).icmp, "icmp.code") == [code]
