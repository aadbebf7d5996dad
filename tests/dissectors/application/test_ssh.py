"""SSH: the identification line, plain packets, and what is encrypted."""
from __future__ import annotations

from collections.abc import Callable

import pytest

from dissectors.packet import Packet

Carry = Callable[[str | bytes, int, int], Packet]


def text(content: str) -> str:
    return f"{len(content):08x}" + content.encode().hex()


# Ten lists, first_kex_packet_follows, reserved; 4 + 1 + 1 + 16 + 10 * 4 + 29 + 5 = 96 octets, and 8 of padding.
KEY_EXCHANGE_INIT = (
    "00000064 08 14"
    + "c0" * 16
    + "".join(text(each) for each in ("curve25519", "ed25519", "aes1", "", "hmac", "", "none", "", "", ""))
    + "00 00000000"
    + "00" * 8
)


def test_the_identification(tcp: Carry) -> None:
    packet = tcp(b"SSH-2.0-OpenSSH_9.6p1 Debian\r\n", 22, 40000)
    assert packet.protocols == "ip:tcp:ssh"
    assert packet["ssh.protocol"] == "SSH-2.0-OpenSSH_9.6p1 Debian"
    assert packet.ssh.info() == "Protocol (SSH-2.0-OpenSSH_9.6p1 Debian)"


def test_a_packet_of_the_key_exchange(tcp: Carry) -> None:
    packet = tcp(KEY_EXCHANGE_INIT, 22, 40000)
    assert packet["ssh.packet_length"] == 100
    assert packet["ssh.message_code"] == 20
    assert packet["ssh.cookie"] == b"\xc0" * 16
    assert packet["ssh.kex_algorithms"] == "curve25519"
    assert packet["ssh.encryption_algorithms_client_to_server"] == "aes1"
    assert packet["ssh.encryption_algorithms_server_to_client"] is None
    assert packet["ssh.first_kex_packet_follows"] is False
    assert packet["ssh.padding_string"] == bytes(8)
    assert packet.ssh.info() == "Key Exchange Init"
    assert packet.malformed == ""


def test_identification_and_packet_may_share_a_segment(tcp: Carry) -> None:
    packet = tcp(b"SSH-2.0-x\r\n" + bytes.fromhex(KEY_EXCHANGE_INIT), 40000, 22)
    assert packet.ssh.info() == "Protocol (SSH-2.0-x), Key Exchange Init"


def test_a_packet_that_goes_on_in_the_next_segment_keeps_what_is_there(tcp: Carry) -> None:
    packet = tcp(bytes.fromhex(KEY_EXCHANGE_INIT)[:45], 22, 40000)
    assert packet["ssh.kex_algorithms"] == "curve25519"
    assert packet["ssh.server_host_key_algorithms"] is None


@pytest.mark.parametrize(
    "octets",
    [
        pytest.param("d1" * 40, id="a length that is too large"),
        pytest.param("00000013 04 14" + "00" * 17, id="a length that is no multiple of eight"),
        pytest.param("0000000c 04 ff" + "00" * 10, id="no message of the key exchange"),
        pytest.param("0000000c 0c 15" + "00" * 10, id="nothing but padding"),
        pytest.param("0000", id="too few octets"),
    ],
)
def test_what_makes_no_packet_is_taken_to_be_encrypted(tcp: Carry, octets: str) -> None:
    packet = tcp(octets, 22, 40000)
    assert packet["ssh.encrypted_packet"] == bytes.fromhex(octets)
    assert packet.ssh.info() == f"Encrypted packet (len={len(bytes.fromhex(octets))})"
