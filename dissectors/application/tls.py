"""Transport Layer Security: records, and what they say as long as it can be read.

What a record holds is in the clear only at the beginning of a connection; one frame does not tell where that ends,
so a handshake record whose octets make no handshake message is taken to be encrypted.  dpkt's parser is not used: it
raises on a record that goes on in the next segment, which long hello messages and certificates do.
"""
from __future__ import annotations

from collections.abc import Iterator

from dissectors.application.tls_handshake import ClientHello, Handshake, ServerHello
from dissectors.application.tls_numbers import ALERTS, HANDSHAKES, VERSIONS
from dissectors.fields import Bytes, Found, Presence, Uint
from dissectors.header import Header, Item, inner
from dissectors.options import split
from dissectors.reader import Reader

CHANGE_CIPHER_SPEC, ALERT, HANDSHAKE, APPLICATION_DATA, HEARTBEAT = 20, 21, 22, 23, 24
CONTENT_TYPES = {
    CHANGE_CIPHER_SPEC: "Change Cipher Spec",
    ALERT: "Alert",
    HANDSHAKE: "Handshake",
    APPLICATION_DATA: "Application Data",
    HEARTBEAT: "Heartbeat",
}
LEVELS = {1: "Warning", 2: "Fatal"}
MOST_OCTETS = (1 << 14) + 2048  # of a record, RFC 5246, 6.2.3
LEAST_FRAGMENT = 1 << 12  # of a message that does not fit its record, as far as programs are known
MOST_MESSAGE = 1 << 17  # of a handshake message: a chain of certificates may well be longer than a record
_LABELS = {0x0300: "SSLv3", 0x0301: "TLSv1", 0x0302: "TLSv1.1", 0x0303: "TLSv1.2", 0x0304: "TLSv1.3"}


_NEAR = 8  # records that are looked back


class TLS(Header):
    """Transport Layer Security (RFC 8446, 5.1)."""

    name = "tls"
    content_type = Uint(8, "what the record holds", names=CONTENT_TYPES, name="tls.record.content_type")
    version = Uint(16, "version of the record", shown=hex, names=VERSIONS, name="tls.record.version")
    length = Uint(16, "octets of the record", name="tls.record.length")
    change_cipher_spec = Found(Presence("what follows is encrypted"))
    level = Found(Uint(8, "level", names=LEVELS, name="tls.alert_message.level"))
    desc = Found(Uint(8, "why", names=ALERTS, name="tls.alert_message.desc"))
    heartbeat_type = Found(Uint(8, "kind", names={1: "Request", 2: "Response"}, name="tls.heartbeat_message.type"))
    payload_length_ = Found(Uint(16, "octets to send back", name="tls.heartbeat_message.payload_length"))
    app_data = Found(Bytes(None, "encrypted"))

    end = length + 5
    follows = {
        "tcp.port": (
            *(324, 443, 465, 636, 802, 853, 993, 995, 1300, 2221, 2443, 3249, 3250, 3251, 3252, 3496, 5061, 5671),
            *(5684, 5868, 8883, 11207, 19999, 27017),
        )
    }
    guessed_in = ("tcp",)
    repeats = True
    streamed = True

    @classmethod
    def recognises(cls, payload: bytes) -> bool:
        """A content type, a version and a length that there are, as far as they are here."""
        if len(payload) < 3 or payload[0] not in CONTENT_TYPES or payload[1] != 3 or payload[2] > 4:
            return False
        length = int.from_bytes(payload[3:5], "big")
        return len(payload) < 5 or (length <= MOST_OCTETS and (length > 0 or payload[0] == APPLICATION_DATA))

    @classmethod
    def message_length(
        cls, octets: bytes | bytearray, start: int = 0, memory: dict[str, int] | None = None
    ) -> int | None:
        """A record: its length stands in octets 4 and 5 (RFC 8446, 5.1)."""
        head = bytes(octets[start : start + 5])
        if len(head) < 3:
            begins = (not head or head[0] in CONTENT_TYPES) and head[1:] in (b"", b"\3")
            return None if begins else 0
        if not cls.recognises(head):
            return 0
        return int.from_bytes(head[3:], "big") + 5 if len(head) == 5 else None

    def body(self) -> Iterator[Item]:
        if not self.whole:
            return
        reader = Reader(self)
        if self.content_type == CHANGE_CIPHER_SPEC and self.length == 1:
            start = reader.need(1)
            yield self.found("change_cipher_spec", True, start, start + 1)
        elif self.content_type == ALERT and self.length == 2:
            yield reader.item("level")
            yield reader.item("desc")
        elif self.content_type == HANDSHAKE and self._is_plain(reader):
            for message in split(self, Handshake, reader.at, reader.stop):
                yield inner(message, _brief(message))
        elif reader.left:
            yield reader.item("app_data", reader.left)

    def _is_plain(self, reader: Reader) -> bool:
        """Whether the first message of the record is of a known kind and as long as the record lets it be.

        One that is longer than a record fills the record.  An empty one is alone: octets of zero are no messages but
        a nonce, counted from zero (RFC 5288, 3).
        """
        start = self.octets[reader.at : reader.at + 4]
        if not start or start[0] not in HANDSHAKES:
            return False
        if len(start) < 4:
            return self.unfinished
        length = int.from_bytes(start[1:], "big")
        if start[0] == 0:
            return length == 0 and self.length == 4
        return length + 4 <= self.length or (self.length >= LEAST_FRAGMENT and length <= MOST_MESSAGE)

    @property
    def label(self) -> str:  # type: ignore[override]
        """The version: that of the record, or what a server said shortly before it in the segment."""
        record: Header | None = self
        for _ in range(_NEAR):
            if record is None:
                break
            for message in record.inside():
                if isinstance(message, ServerHello):
                    return _LABELS.get(message.selected_version or message.version, "TLS")
            record = record.predecessor
        return _LABELS.get(self.version, "TLS")

    def info(self) -> str | None:
        if self.content_type is None:
            return None
        if self.content_type == HANDSHAKE:
            return ", ".join(_brief(message) for message in self.inside()) or "Encrypted Handshake Message"
        if self.content_type == ALERT:
            if self.desc is None:
                return "Encrypted Alert"
            level = LEVELS.get(self.level, self.level)
            return f"Alert (Level: {level}, Description: {ALERTS.get(self.desc, self.desc)})"
        return CONTENT_TYPES.get(self.content_type, "Unknown record")


def _brief(message: Header) -> str:
    """The name of a handshake message, and whom a client means."""
    told = HANDSHAKES.get(message.type, f"Handshake message {message.type}")
    if isinstance(message, ClientHello) and message.server_name:
        told += f" (SNI={message.server_name})"
    return told
