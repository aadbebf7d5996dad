"""Secure Shell: the identification line and, as long as they are not encrypted, the binary packets behind it."""
from __future__ import annotations

from collections.abc import Iterator

from dissectors.fields import Bytes, Flag, Found, Text, Uint
from dissectors.header import Header, Item
from dissectors.reader import Reader, gather

MESSAGES = {
    1: "Disconnect",
    2: "Ignore",
    3: "Unimplemented",
    4: "Debug",
    5: "Service Request",
    6: "Service Accept",
    7: "Extension Information",
    20: "Key Exchange Init",
    21: "New Keys",
    30: "Key Exchange (30)",
    31: "Key Exchange (31)",
    32: "Key Exchange (32)",
    33: "Key Exchange (33)",
    34: "Key Exchange (34)",
}
KEY_EXCHANGE_INIT = 20
MOST_OCTETS = 35000  # of a packet that every implementation takes, RFC 4253, 6.1
_LISTS = (
    "kex_algorithms",
    "server_host_key_algorithms",
    "encryption_algorithms_client_to_server",
    "encryption_algorithms_server_to_client",
    "mac_algorithms_client_to_server",
    "mac_algorithms_server_to_client",
    "compression_algorithms_client_to_server",
    "compression_algorithms_server_to_client",
    "languages_client_to_server",
    "languages_server_to_client",
)


def _name_list(meaning: str) -> Text:
    return Found(Text(f"{meaning}, the most welcome first"))


class SSH(Header):
    """Secure Shell (RFC 4253, 4.2 and 6)."""

    name = "ssh"
    label = "SSH"
    protocol_ = Found(Text("version of the protocol and of the program"))
    packet_length = Found(Uint(32, "octets of the packet behind this field"))
    padding_length = Found(Uint(8, "octets of padding"))
    message_code = Found(Uint(8, "kind of message", names=MESSAGES))
    cookie = Found(Bytes(16, "random"))
    list_length = Found(Uint(32, "octets of the next list"))
    kex_algorithms = _name_list("key exchanges")
    server_host_key_algorithms = _name_list("host keys")
    encryption_algorithms_client_to_server = _name_list("ciphers, to the server")
    encryption_algorithms_server_to_client = _name_list("ciphers, to the client")
    mac_algorithms_client_to_server = _name_list("authentication codes, to the server")
    mac_algorithms_server_to_client = _name_list("authentication codes, to the client")
    compression_algorithms_client_to_server = _name_list("compressions, to the server")
    compression_algorithms_server_to_client = _name_list("compressions, to the client")
    languages_client_to_server = _name_list("languages, to the server")
    languages_server_to_client = _name_list("languages, to the client")
    first_kex_packet_follows = Found(Flag("a guess at the key exchange follows", bits=8))
    reserved = Found(Uint(32, "reserved, must be 0", name="ssh.kex.reserved"))
    payload_ = Found(Bytes(None, "the message"))
    padding_string = Found(Bytes(None, "padding"))
    encrypted_packet = Found(Bytes(None, "encrypted"))

    follows = {"tcp.port": (22, 29418)}
    streamed = True

    def body(self) -> Iterator[Item]:
        reader = Reader(self)
        if self.octets.startswith(b"SSH-", reader.at):
            yield self._identification(reader)
        while reader.left:
            if not self._is_plain(reader):
                yield reader.item("encrypted_packet", reader.left)
                return
            yield from gather(_heading, self._packet(reader))

    def _identification(self, reader: Reader) -> Item:
        """The line, without CR and LF (RFC 4253, 4.2)."""
        start = reader.at
        stop = self.octets.find(b"\n", start, reader.stop)
        reader.at = stop = stop + 1 if stop >= 0 else reader.stop
        text = self.octets[start:stop].rstrip(b"\r\n").decode("utf-8", "backslashreplace")
        return self.found("protocol_", text, start, stop)

    def _is_plain(self, reader: Reader) -> bool:
        """Whether the next octets make sense as a packet: its length, its padding and a message of the key exchange."""
        start = reader.at
        length = int.from_bytes(self.octets[start : start + 4], "big")
        if reader.left < 6 or not 12 <= length <= MOST_OCTETS or (length + 4) % 8:
            return False
        return 4 <= self.octets[start + 4] < length - 1 and self.octets[start + 5] in MESSAGES

    def _packet(self, reader: Reader) -> Iterator[Item]:
        length = reader.item("packet_length")
        yield length
        packet = reader.part(length.value)
        padding = packet.item("padding_length")
        yield padding
        message = packet.part(length.value - 1 - padding.value)
        code = message.item("message_code")
        yield code
        if code.value == KEY_EXCHANGE_INIT:
            yield message.item("cookie")
            for attribute in _LISTS:
                yield from message.counted("list_length", attribute)
            yield message.item("first_kex_packet_follows")
            yield message.item("reserved")
        elif message.left:
            yield message.item("payload_", message.left)
        yield packet.item("padding_string", padding.value)

    def info(self) -> str | None:
        told = []
        for item in self._found().items:
            if item.name == "ssh.protocol":
                told.append(f"Protocol ({item.value})")
            elif item.name == "ssh.encrypted_packet":
                told.append(f"Encrypted packet (len={len(item.value)})")
            else:
                told.append(item.title)
        return ", ".join(told) or None


def _heading(items: list[Item]) -> str:
    code = next((item.value for item in items if item.name == "ssh.message_code"), None)
    return MESSAGES.get(code, "Packet") if code is not None else "Packet"
