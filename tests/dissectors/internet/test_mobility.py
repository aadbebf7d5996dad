"""Mobile IPv6 (RFC 6275, 6.1)."""
from __future__ import annotations

from collections.abc import Callable

import pytest

from dissectors.header import Header
from dissectors.packet import Packet

Told = Callable[[Header, str], list[str]]
Carry = Callable[[int, str], Packet]


ADDRESS = "20010db8000000000000000000000009"


def test_every_field_of_the_header(carry6: Carry) -> None:
    header = carry6(135, "3b 01 05 00 abcd 0001 c000 0004 0102 0000").mipv6
    assert (header.proto, header.hlen, header.mhtype, header.checksum) == (59, 1, 5, 0xABCD)
    assert header.info() == "Binding Update"


def test_binding_update(carry6: Carry) -> None:
    packet = carry6(135, f"3b 03 05 00 0000 0001 c000 0004 0102 0000 0310 {ADDRESS}"[:-4] + "09")
    update = packet.mipv6
    assert (update.seqnr, update.a_flag, update.h_flag, update.l_flag, update.lifetime) == (1, True, True, False, 4)


def test_options_of_a_message(carry6: Carry) -> None:
    packet = carry6(135, f"3b 03 05 00 0000 0001 c000 0004 00 00 0310 {ADDRESS}")
    assert packet.values("mip6.mobility_opt") == [0, 0, 3]
    assert packet["mip6.acoa.acoa"] == "2001:db8::9"


def test_binding_acknowledgement(carry6: Carry) -> None:
    header = carry6(135, "3b 01 06 00 0000 00 80 0001 0004 0102 0000").mipv6
    assert (header.status_, header.k_flag, header.seqnr, header.lifetime) == (0, True, 1, 4)


def test_home_test(carry6: Carry) -> None:
    packet = carry6(135, "3b 02 03 00 0000 0007 0102030405060708 1112131415161718")
    assert packet["mip6.hot.nindex"] == 7
    assert packet["mip6.hot.cookie"] == 0x0102030405060708
    assert packet["mip6.hot.token"] == 0x1112131415161718


def test_binding_error(carry6: Carry) -> None:
    assert carry6(135, f"3b 02 07 00 0000 01 00 {ADDRESS}")["mip6.be.haddr"] == "2001:db8::9"


def test_an_unknown_message_is_data(carry6: Carry) -> None:
    packet = carry6(135, "3b 01 fe 00 0000 0001 c000 0004 01 02 0000")
    assert packet.protocols == "ipv6:mipv6:data"
    assert packet.mipv6.info() == "Mobility message 254"


@pytest.mark.parametrize(("checksum", "status"), [("68fb", 1), ("68fc", 0)])
def test_the_checksum_counts_the_pseudo_header(carry6: Carry, checksum: str, status: int) -> None:
    """RFC 6275, 6.1.1."""
    packet = carry6(135, f"3b 00 00 00 {checksum} 0000")
    assert packet["mip6.csum"] == int(checksum, 16)
    assert packet["mip6.csum.status"] == status


@pytest.mark.parametrize(
    ("octet", "status"), [("00", "0 (accepted)"), ("86", "134 (duplicate address detection failed)")]
)
def test_what_became_of_a_binding(carry6: Carry, told: Told, octet: str, status: str) -> None:
    assert told(carry6(135, f"3b 01 06 00 0000 {octet} 80 0001 0004 0102 0000").mipv6, "mip6.ba.status") == [status]


def test_the_kinds_of_options_are_named(carry6: Carry, told: Told) -> None:
    header = carry6(135, f"3b 03 05 00 0000 0001 c000 0004 00 00 0310 {ADDRESS}").mipv6
    assert told(header, "mip6.mobility_opt") == [
        "0 (Padding of one octet)",
        "0 (Padding of one octet)",
        "3 (Alternate care-of address)",
    ]
