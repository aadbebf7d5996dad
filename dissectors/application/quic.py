"""QUIC: packets with a long header, which say their version in the clear.

What is in them is encrypted, and a short header says nothing without the connection it belongs to.  Several packets
may share a datagram; each is a group of the one layer.
"""
from __future__ import annotations

from collections.abc import Iterator

from dissectors.fields import Bytes, Flag, Found, Uint
from dissectors.header import Header, Item
from dissectors.reader import Reader, gather

VERSION_1, VERSION_2 = 1, 0x6B3343CF
VERSIONS = {0: "Version Negotiation", VERSION_1: "1", VERSION_2: "2"}
INITIAL, ZERO_RTT, HANDSHAKE, RETRY = range(4)
TYPES = {INITIAL: "Initial", ZERO_RTT: "0-RTT", HANDSHAKE: "Handshake", RETRY: "Retry"}
TYPES_2 = {(number + 1) % 4: title for number, title in TYPES.items()}  # RFC 9369, 3.2
MOST_ID = 20  # octets of a connection ID, RFC 9000, 17.2
TAG = 16  # octets of a Retry packet's integrity tag, RFC 9000, 17.2.5


def _first(types: dict[int, str], name: str) -> Uint:
    """The first octet of a long header (RFC 9000, 17.2)."""
    parts = {
        "header_form": Flag("long header", name="quic.header_form"),
        "fixed_bit": Flag("set", name="quic.fixed_bit"),
        "packet_type": Uint(2, "type", names=types, name=name),
        "protected": Uint(4, "hidden by header protection", shown=hex, name="quic.long.protected"),
    }
    return Found(Uint(8, "form and type", shown=hex, name="quic.long.first", parts=parts))


def _unused() -> Uint:
    """The first octet of version negotiation (RFC 9000, 17.2.1)."""
    parts = {
        "header_form": Flag("long header", name="quic.header_form"),
        "unused": Uint(7, "without meaning", shown=hex, name="quic.vn.unused"),
    }
    return Found(Uint(8, "form", shown=hex, name="quic.vn.first", parts=parts))


class QUIC(Header):
    """QUIC (RFC 9000, 17.2)."""

    name = "quic"
    label = "QUIC"
    first = _first(TYPES, "quic.long.packet_type")
    first_v2 = _first(TYPES_2, "quic.long.packet_type_v2")
    first_vn = _unused()
    version = Found(Uint(32, "version", shown=hex, names=VERSIONS))
    dcil = Found(Uint(8, "octets of the next"))
    dcid = Found(Bytes(None, "connection, as the receiver calls it"))
    scil = Found(Uint(8, "octets of the next"))
    scid = Found(Bytes(None, "connection, as the sender calls it"))
    supported_version = Found(Uint(32, "version that the server has", shown=hex, names=VERSIONS))
    token_length = Found(Uint(64, "octets of the next"))
    token = Found(Bytes(None, "proof of address"))
    length = Found(Uint(64, "octets of the packet behind this field"))
    retry_token = Found(Bytes(None, "token to come back with"))
    retry_integrity_tag = Found(Bytes(TAG, "proof that it is no forgery"))
    protected_payload = Found(Bytes(None, "encrypted"))
    remaining_payload = Found(Bytes(None, "no packet with a long header"))

    guessed_in = ("udp",)

    @classmethod
    def recognises(cls, payload: bytes) -> bool:
        """A long header of a version there is, a draft of it, or one kept for exercise (RFC 9000, 15)."""
        if len(payload) < 7 or not payload[0] & 0x80 or payload[5] > MOST_ID:
            return False
        version = int.from_bytes(payload[1:5], "big")
        if version not in VERSIONS and version >> 8 != 0xFF0000 and version & 0x0F0F0F0F != 0x0A0A0A0A:
            return False
        source = payload[6 + payload[5] : 7 + payload[5]]
        return bool(source) and source[0] <= MOST_ID and (version == 0 or bool(payload[0] & 0x40))

    def body(self) -> Iterator[Item]:
        reader = Reader(self)
        while reader.left and self.recognises(self.octets[reader.at : reader.at + 7 + MOST_ID]):
            yield from gather(_heading, self._packet(reader))
        if reader.left:
            yield reader.item("remaining_payload", reader.left)

    def _packet(self, reader: Reader) -> Iterator[Item]:
        version = int.from_bytes(self.octets[reader.at + 1 : reader.at + 5], "big")
        first = reader.item({0: "first_vn", VERSION_2: "first_v2"}.get(version, "first"))
        yield first
        yield reader.item("version")
        yield from reader.counted("dcil", "dcid")
        yield from reader.counted("scil", "scid")
        if version == 0:
            while reader.left >= 4:
                yield reader.item("supported_version")
            reader.at = reader.stop
            return
        kind = (first.value >> 4 & 3) - (version == VERSION_2) & 3
        if kind == RETRY:
            yield reader.item("retry_token", max(reader.left - TAG, 0))
            yield reader.item("retry_integrity_tag")
            return
        if kind == INITIAL:
            token_length = self._number(reader, "token_length")
            yield token_length
            if token_length.value:
                yield reader.item("token", token_length.value)
        length = self._number(reader, "length")
        yield length
        yield reader.item("protected_payload", length.value)

    def _number(self, reader: Reader, attribute: str) -> Item:
        """A number of one to eight octets, as its first two bits say (RFC 9000, 16)."""
        start = reader.need(1)
        size = 1 << (self.octets[start] >> 6)
        reader.need(size - 1)
        value = int.from_bytes(self.octets[start : reader.at], "big") & (1 << 8 * size - 2) - 1
        return self.found(attribute, value, start, reader.at)

    def info(self) -> str | None:
        return ", ".join(item.title for item in self._found().items if item.title) or None


def _heading(items: list[Item]) -> str:
    """The type of a packet and the connection: `Initial, DCID=c0ffee`."""
    values = {item.name: item.value for item in items}
    version = values.get("quic.version")
    if version == 0:
        return VERSIONS[0]
    types = TYPES_2 if version == VERSION_2 else TYPES
    told = types[items[0].value >> 4 & 3]
    return told + "".join(
        f", {name.upper()}={value.hex()}" for name in ("dcid", "scid") if (value := values.get(f"quic.{name}"))
    )
