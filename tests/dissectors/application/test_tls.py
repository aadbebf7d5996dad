"""TLS records and what is in them."""
from __future__ import annotations

from collections.abc import Callable

import pytest

from dissectors.application.tls import TLS
from dissectors.header import Header
from dissectors.packet import Packet

Told = Callable[[Header, str], list[str]]
Carry = Callable[[str | bytes, int, int], Packet]

EXTENSIONS = (
    "0000 0010 000e 00 000b 6578616d706c652e636f6d"  # server_name example.com
    "000a 0006 0004 001d 0017"  # supported_groups
    "000b 0002 01 00"  # ec_point_formats
    "000d 0006 0004 0403 0804"  # signature_algorithms
    "0010 000e 000c 02 6832 08 687474702f312e31"  # h2, http/1.1
    "002b 0005 04 0304 0303"  # supported_versions
    "002d 0002 01 01"  # psk_key_exchange_modes
    "0033 0008 0006 001d 0002 abcd"  # key_share
    "0017 0000"  # extended_master_secret
    "eaea 0001 00"  # nothing that is known
)
RANDOM = "5a" * 32


def hello(kind: str, body: str) -> str:
    octets = bytes.fromhex(body)
    return f"{kind} {len(octets):06x}" + body


def record(kind: str, body: str, version: str = "0303") -> str:
    return f"{kind} {version} {len(bytes.fromhex(body)):04x}" + body


def extended(extensions: str) -> str:
    return f"{len(bytes.fromhex(extensions)):04x}" + extensions


CLIENT_HELLO = hello("01", "0303" + RANDOM + "02 beef" + "0004 1301 c02f" + "01 00" + extended(EXTENSIONS))
CHOSEN = "002b 0002 0304" "0033 0006 001d 0002 cdef"
SERVER_HELLO = hello("02", "0303" + RANDOM + "00" + "1301" + "00" + extended(CHOSEN))
CHANGE_CIPHER_SPEC = "14 0303 0001 01"


def test_a_client_hello(tcp: Carry) -> None:
    packet = tcp(record("16", CLIENT_HELLO, "0301"), 40000, 443)
    assert packet.protocols == "ip:tcp:tls"
    assert packet["tls.record.content_type"] == 22
    assert packet["tls.record.version"] == 0x0301
    assert packet["tls.handshake.type"] == 1
    assert packet["tls.handshake.version"] == 0x0303
    assert packet["tls.handshake.random"] == b"\x5a" * 32
    assert packet["tls.handshake.session_id"] == b"\xbe\xef"
    assert packet.values("tls.handshake.ciphersuite") == [0x1301, 0xC02F]
    assert packet.values("tls.handshake.comp_method") == [0]
    assert packet.values("tls.handshake.extension.type") == [0, 10, 11, 13, 16, 43, 45, 51, 23, 0xEAEA]
    assert packet.malformed == ""


def test_the_extensions_of_a_client(tcp: Carry) -> None:
    packet = tcp(record("16", CLIENT_HELLO), 40000, 443)
    assert packet["tls.handshake.extensions_server_name"] == "example.com"
    assert packet.values("tls.handshake.extensions_supported_group") == [0x1D, 0x17]
    assert packet.values("tls.handshake.extensions_ec_point_format") == [0]
    assert packet.values("tls.handshake.sig_hash_alg") == [0x0403, 0x0804]
    assert packet.values("tls.handshake.extensions_alpn_str") == ["h2", "http/1.1"]
    assert packet.values("tls.handshake.extensions.supported_version") == [0x0304, 0x0303]
    assert packet["tls.extension.psk_ke_mode"] == 1
    assert packet["tls.handshake.extensions_key_share_group"] == 0x1D
    assert packet["tls.handshake.extensions_key_share_key_exchange"] == b"\xab\xcd"


def test_whom_the_client_means_is_told(tcp: Carry) -> None:
    packet = tcp(record("16", CLIENT_HELLO, "0301"), 40000, 443)
    assert packet.tls.label == "TLSv1"
    assert packet.tls.info() == "Client Hello (SNI=example.com)"


def test_a_server_names_one_version_in_an_extension(tcp: Carry) -> None:
    packet = tcp(record("16", SERVER_HELLO), 443, 40000)
    assert packet.values("tls.handshake.ciphersuite") == [0x1301]
    assert packet["tls.handshake.extensions.supported_version"] == 0x0304
    assert packet["tls.handshake.extensions_key_share_key_exchange"] == b"\xcd\xef"
    assert packet.tls.label == "TLSv1.3"
    assert packet.malformed == ""


def test_a_server_that_asks_again_names_a_group(tcp: Carry) -> None:
    again = hello("02", "0303" + RANDOM + "00" + "1301" + "00" + extended("0033 0002 0017"))
    assert tcp(record("16", again), 443, 40000)["tls.handshake.extensions_key_share_selected_group"] == 0x17


def test_several_records_in_a_segment(tcp: Carry) -> None:
    packet = tcp(record("16", SERVER_HELLO) + CHANGE_CIPHER_SPEC + record("17", "ab" * 20), 443, 40000)
    assert packet.protocols == "ip:tcp:tls:tls:tls"
    assert packet.values("tls.record.content_type") == [22, 20, 23]
    assert packet["tls.app_data"] == b"\xab" * 20
    assert [layer.info() for layer in packet.layers[2:]] == ["Server Hello", "Change Cipher Spec", "Application Data"]
    assert packet.layers[-1].label == "TLSv1.3"


def test_several_messages_in_a_record(tcp: Carry) -> None:
    certificate = hello("0b", "000008 000005 3003020101")
    key_exchange = hello("0c", "03 001d 02 abcd 0804 0001 ff")
    packet = tcp(record("16", certificate + key_exchange + hello("0e", "")), 443, 40000)
    assert packet.values("tls.handshake.type") == [11, 12, 14]
    assert packet["tls.handshake.certificate"] == bytes.fromhex("3003020101")
    assert packet["tls.handshake.server_named_curve"] == 0x1D
    assert packet["tls.handshake.server_point"] == b"\xab\xcd"
    assert packet.tls.info() == "Certificate, Server Key Exchange, Server Hello Done"
    assert packet.malformed == ""


@pytest.mark.parametrize(
    "body",
    [
        pytest.param("8e" + "01" * 39, id="no kind of message"),
        pytest.param("01 ffffff" + "01" * 36, id="a length beyond the record"),
        pytest.param("00" * 8 + "8e" * 32, id="a nonce of zeros"),
    ],
)
def test_a_handshake_that_makes_no_sense_is_taken_to_be_encrypted(tcp: Carry, body: str) -> None:
    packet = tcp(record("16", body), 40000, 443)
    assert packet["tls.handshake.type"] is None
    assert packet["tls.app_data"] == bytes.fromhex(body)
    assert packet.tls.info() == "Encrypted Handshake Message"
    assert packet.malformed == ""


def test_alerts(tcp: Carry) -> None:
    packet = tcp("15 0303 0002 0228", 443, 40000)
    assert (packet["tls.alert_message.level"], packet["tls.alert_message.desc"]) == (2, 40)
    assert packet.tls.info() == "Alert (Level: Fatal, Description: Handshake Failure)"
    encrypted = tcp(record("15", "ab" * 26), 443, 40000)
    assert encrypted["tls.alert_message.desc"] is None
    assert encrypted.tls.info() == "Encrypted Alert"


def test_a_record_that_goes_on_in_the_next_segment_keeps_what_is_there(tcp: Carry) -> None:
    octets = bytes.fromhex(record("16", CLIENT_HELLO))
    packet = tcp(octets[:90], 40000, 443)
    assert packet.values("tls.handshake.ciphersuite") == [0x1301, 0xC02F]
    assert packet["tls.handshake.extensions_server_name"] == "example.com"
    assert packet["tls.handshake.extensions_alpn_str"] is None
    assert packet.malformed == ""


def test_a_record_header_may_be_cut_by_the_segment(tcp: Carry) -> None:
    packet = tcp(CHANGE_CIPHER_SPEC + "17 0303", 40000, 443)
    assert packet.protocols == "ip:tcp:tls:tls"
    assert packet.malformed == ""


def test_a_message_that_is_longer_than_a_record_goes_on_in_the_next(tcp: Carry) -> None:
    packet = tcp(record("16", "0b 005000 004ffd 004ffa" + "30" * 0x1000), 443, 40000)
    assert packet["tls.handshake.type"] == 11
    assert packet.malformed == ""


def test_it_is_recognised_on_any_port(tcp: Carry) -> None:
    assert tcp(record("16", CLIENT_HELLO), 40000, 40001).protocols == "ip:tcp:tls"


@pytest.mark.parametrize(
    "octets",
    [
        pytest.param("13 0303 0001 00", id="no content type"),
        pytest.param("16 0403 0001 00", id="no version"),
        pytest.param("16 0305 0001 00", id="no minor version"),
        pytest.param("16 0303 4801 00", id="a record that is too long"),
        pytest.param("16 0303 0000 00", id="an empty handshake"),
        pytest.param("16 03", id="too few octets"),
    ],
)
def test_other_octets_are_data(tcp: Carry, octets: str) -> None:
    assert tcp(octets, 40000, 443).protocols == "ip:tcp:data"


def test_a_contradiction_in_an_extension_is_told(tcp: Carry) -> None:
    broken = hello("01", "0303" + RANDOM + "00" + "0002 1301" + "01 00" + extended("0010 0006 0004 09 683268"))
    packet = tcp(record("16", broken), 40000, 443)
    assert packet.malformed == "Application protocols: 9 octets where 3 are left"


def test_a_group_is_written_alike_wherever_it_stands(tcp: Carry, told: Told) -> None:
    tls = tcp(record("16", CLIENT_HELLO), 40000, 443).tls
    assert told(tls, "tls.handshake.extensions_supported_group")[0] == "0x001d (x25519)"
    assert told(tls, "tls.handshake.extensions_key_share_group") == ["0x001d (x25519)"]


def test_a_group_of_a_key_share_is_a_decimal_number_among_fields(tcp: Carry) -> None:
    """As Wireshark prints it."""
    packet = tcp(record("16", CLIENT_HELLO), 40000, 443)
    (field,) = packet.interface.graph.fields["tls.handshake.extensions_key_share_group"]
    assert field.text(packet["tls.handshake.extensions_key_share_group"]) == "29"


def test_signature_algorithms_of_earlier_versions_are_named(tcp: Carry, told: Told) -> None:
    """RFC 5246, 7.4.1.4.1: a hash and a signature, an octet each."""
    algorithms = "000d 000a 0008 0303 0301 0402 0602"
    octets = hello("01", "0303" + RANDOM + "00" + "0002 1301" + "01 00" + extended(algorithms + "000b 0003 02 0102"))
    tls = tcp(record("16", octets), 40000, 443).tls
    assert told(tls, "tls.handshake.sig_hash_alg") == [
        "0x0303 (ecdsa_sha224)",
        "0x0301 (rsa_pkcs1_sha224)",
        "0x0402 (dsa_sha256)",
        "0x0602 (dsa_sha512)",
    ]
    assert told(tls, "tls.handshake.extensions_ec_point_format") == [
        "1 (ansiX962_compressed_prime)",
        "2 (ansiX962_compressed_char2)",
    ]


@pytest.mark.parametrize("octets, length", [
    (b"", None),
    (b"\x16", None),
    (b"\x16\x03\x01\x00", None),
    (b"\x16\x03\x01\x00\x05", 10),
    (b"\x17\x03\x03\x00\x00rest", 5),
    (b"\x63", 0),
    (b"\x16\x04", 0),
    (b"\x16\x03\x01\xff\xff", 0),
])  # fmt: skip
def test_where_a_message_ends(octets: bytes, length: int | None) -> None:
    assert TLS.message_length(octets) == length
    assert TLS.message_length(b"before" + octets, 6) == length
