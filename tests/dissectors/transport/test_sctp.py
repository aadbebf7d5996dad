"""Stream Control Transmission Protocol: the common header (RFC 9260, 3.1)."""
from __future__ import annotations

from collections.abc import Callable

import pytest

from dissectors.packet import Packet

Carry = Callable[[int, str], Packet]

COOKIE_ACK = "84c1 1a30 1badcafe 1cfddaec 0b000004"


def test_every_field_of_the_header(carry: Carry) -> None:
    packet = carry(132, COOKIE_ACK)
    sctp = packet.sctp
    assert (sctp.srcport, sctp.dstport) == (33985, 6704)
    assert sctp.verification_tag == 0x1BADCAFE
    assert sctp.checksum == 0x1CFDDAEC
    assert packet.values("sctp.port") == [33985, 6704]


def test_chunks_follow_each_other_on_multiples_of_four(carry: Carry) -> None:
    packet = carry(132, "84c1 1a30 1badcafe 00000000 3f000005ff 000000 0b000004 08000004")
    assert packet.values("sctp.chunk_type") == [63, 11, 8]
    assert packet.values("sctp.chunk_length") == [5, 4, 4]


def test_line_names_the_chunks(carry: Carry) -> None:
    octets = "84c1 1a30 1badcafe 00000000 0b000004 00030011 00000064 0001 0002 00000033 78 000000 3f000004"
    assert carry(132, octets).sctp.info() == "COOKIE_ACK DATA (TSN=100) chunk 63"


def test_line_names_no_more_than_sixteen_chunks(carry: Carry) -> None:
    assert carry(132, "84c1 1a30 1badcafe 00000000" + "0b000004" * 100).sctp.info() == " ".join(["COOKIE_ACK"] * 16)


def test_a_packet_without_chunks(carry: Carry) -> None:
    packet = carry(132, "84c1 1a30 1badcafe 00000000")
    assert packet.sctp.info() is None
    assert packet.values("sctp.chunk_type") == []


@pytest.mark.parametrize(("checksum", "status"), [("1cfddaec", 1), ("1cfddaed", 0), ("ecdafd1c", 0), ("00000000", 3)])
def test_status_of_the_checksum(carry: Carry, checksum: str, status: int) -> None:
    """Least significant octet first (appendix A); zero is left to the card, or left out (RFC 9653)."""
    assert carry(132, COOKIE_ACK.replace("1cfddaec", checksum))["sctp.checksum.status"] == status


def test_no_status_of_a_packet_that_was_cut(carry: Carry) -> None:
    whole = carry(132, COOKIE_ACK)
    assert Packet(whole.data[:-1], whole.interface, length=36).sctp.checksum_status == 2


def test_a_chunk_below_its_least_length_ends_the_packet(carry: Carry) -> None:
    packet = carry(132, "84c1 1a30 1badcafe 00000000 0b000003 08000004")
    assert packet.values("sctp.chunk_type") == [11]
    assert packet.malformed == "SCTP chunk says it ends inside its own header"


def test_a_chunk_beyond_the_packet_keeps_what_is_there(carry: Carry) -> None:
    packet = carry(132, "84c1 1a30 1badcafe 00000000 00030064 00000064 0001 0002 00000033 6869")
    assert packet["sctp.data_tsn_raw"] == 100
    assert packet.malformed == "SCTP chunk says it ends beyond what carries it"
