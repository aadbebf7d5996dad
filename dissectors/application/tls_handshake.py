"""TLS handshake messages and their extensions, as far as they are not encrypted.

Both are families of type and length.  Their vectors carry their own lengths, so most members have a `body`.
"""
from __future__ import annotations

from collections.abc import Iterator

from dissectors.application.tls_numbers import (
    CIPHER_SUITES,
    EXTENSIONS,
    GROUPS,
    HANDSHAKES,
    POINT_FORMATS,
    SIGNATURES,
    VERSIONS,
)
from dissectors.fields import Bytes, Found, Text, Uint
from dissectors.header import Item, Option, by, inner
from dissectors.options import split
from dissectors.reader import Reader, gather

CLIENT_HELLO, SERVER_HELLO = 1, 2


class Handshake(Option):
    """TLS handshake message (RFC 8446, 4)."""

    name = "tls.handshake"
    type = Uint(8, "kind of message", names=HANDSHAKES)
    length = Uint(24, "octets of the message")

    streamed = True  # one that is longer than a record goes on in the next

    members = by(type)
    end = length + 4


Handshake.member(None, "TLS handshake message (RFC 8446, 4)", data=Bytes(None, "message"))
Handshake.member(20, "Finished (RFC 5246, 7.4.9)", verify_data=Bytes(None, "digest of the handshake"))


class Extension(Option):
    """TLS extension (RFC 8446, 4.2)."""

    name = "tls.handshake.extension"
    type = Uint(16, "kind", names=EXTENSIONS)
    len = Uint(16, "octets of the extension")

    members = by(type)
    end = len + 4


class Hello(Handshake):
    """What the two hello messages share (RFC 8446, 4.1)."""

    prefix = "tls.handshake"
    version = Uint(16, "version, up to TLS 1.2; an extension tells later ones", shown=hex, names=VERSIONS)
    random = Bytes(32, "random")
    session_id_length = Found(Uint(8, "octets of the next"))
    session_id = Found(Bytes(None, "session identifier"))
    ciphersuite = Found(Uint(16, "cipher suite", shown=hex, names=CIPHER_SUITES))
    extensions_length = Found(Uint(16, "octets of the extensions"))

    def _extensions(self, reader: Reader) -> Iterator[Item]:
        """The extensions, which SSL 3.0 has not."""
        if not reader.left:
            return
        length = reader.item("extensions_length")
        yield length
        part = reader.part(length.value)
        for extension in split(self, Extension, part.at, part.stop):
            yield inner(extension, f"Extension: {EXTENSIONS.get(extension.type, extension.type)}")

    @property
    def server_name(self) -> str | None:
        """The host that the client means (RFC 6066, 3)."""
        return next((each.extensions_server_name for each in self.inside() if isinstance(each, ServerName)), None)

    @property
    def selected_version(self) -> int | None:
        """The version that a server chose, where it says so in an extension (RFC 8446, 4.2.1)."""
        return next((each.supported_version for each in self.inside() if isinstance(each, SupportedVersions)), None)


class ClientHello(Hello):
    """Client Hello (RFC 8446, 4.1.2)."""

    name = "tls.handshake"
    prefix = "tls.handshake"
    cipher_suites_length = Found(Uint(16, "octets of the list"))
    comp_methods_length = Found(Uint(8, "octets of the list"))
    comp_method = Found(Uint(8, "compression", names={0: "none", 1: "DEFLATE"}))

    follows = {"tls.handshake.type": CLIENT_HELLO}

    def body(self) -> Iterator[Item]:
        reader = Reader(self)
        yield from reader.counted("session_id_length", "session_id")
        yield from gather("Cipher suites", reader.vector("cipher_suites_length", "ciphersuite"))
        yield from gather("Compression methods", reader.vector("comp_methods_length", "comp_method"))
        yield from self._extensions(reader)


class ServerHello(Hello):
    """Server Hello (RFC 8446, 4.1.3)."""

    name = "tls.handshake"
    prefix = "tls.handshake"
    comp_method = Found(Uint(8, "compression", names={0: "none", 1: "DEFLATE"}))

    follows = {"tls.handshake.type": SERVER_HELLO}

    def body(self) -> Iterator[Item]:
        reader = Reader(self)
        yield from reader.counted("session_id_length", "session_id")
        yield reader.item("ciphersuite")
        yield reader.item("comp_method")
        yield from self._extensions(reader)


class Certificate(Handshake):
    """Certificate (RFC 5246, 7.4.2)."""

    name = "tls.handshake"
    prefix = "tls.handshake"
    certificates_length = Uint(24, "octets of the list")
    certificate_length = Found(Uint(24, "octets of the next"))
    certificate = Found(Bytes(None, "certificate, the first of the chain being the sender's"))

    follows = {"tls.handshake.type": 11}

    def body(self) -> Iterator[Item]:
        reader = Reader(self)
        while reader.left:
            yield from reader.counted("certificate_length", "certificate")


class ServerKeyExchange(Handshake):
    """Server Key Exchange (RFC 8422, 5.4)."""

    name = "tls.handshake"
    prefix = "tls.handshake"
    server_curve_type = Found(Uint(8, "kind of curve", shown=hex, names={3: "named_curve"}))
    server_named_curve = Found(Uint(16, "curve", shown=hex, names=GROUPS))
    server_point_len = Found(Uint(8, "octets of the next"))
    server_point = Found(Bytes(None, "public key"))
    data = Found(Bytes(None, "signature, or parameters of another key exchange"))

    follows = {"tls.handshake.type": 12}

    def body(self) -> Iterator[Item]:
        """Which key exchange it is, the cipher suite said earlier; one on a named curve looks like this."""
        reader = Reader(self)
        octets = self.octets[reader.at : reader.at + 4]
        if len(octets) == 4 and octets[0] == 3 and int.from_bytes(octets[1:3], "big") in GROUPS:
            yield reader.item("server_curve_type")
            yield reader.item("server_named_curve")
            yield from reader.counted("server_point_len", "server_point")
        if reader.left:
            yield reader.item("data", reader.left)


class NewSessionTicket(Handshake):
    """New Session Ticket (RFC 5077, 3.3)."""

    name = "tls.handshake"
    prefix = "tls.handshake"
    session_ticket_lifetime_hint = Uint(32, "kept for, seconds")
    session_ticket_length = Uint(16, "octets of the ticket")
    session_ticket = Bytes(session_ticket_length, "ticket")

    follows = {"tls.handshake.type": 4}


Extension.member(None, "Extension (RFC 8446, 4.2)", data=Bytes(None, "data"))


class ServerName(Extension):
    """Server name (RFC 6066, 3)."""

    name = "tls.handshake.extension"
    prefix = "tls.handshake"
    extensions_server_name_list_len = Found(Uint(16, "octets of the list"))
    extensions_server_name_type = Found(Uint(8, "kind of name", names={0: "host_name"}))
    extensions_server_name_len = Found(Uint(16, "octets of the next"))
    extensions_server_name = Found(Text("host that the client means"))

    follows = {"tls.handshake.extension.type": 0}

    def body(self) -> Iterator[Item]:
        """A server answers with nothing."""
        reader = Reader(self)
        if reader.left:
            yield reader.item("extensions_server_name_list_len")
        while reader.left:
            yield reader.item("extensions_server_name_type")
            yield from reader.counted("extensions_server_name_len", "extensions_server_name")


class SupportedGroups(Extension):
    """Supported groups (RFC 8446, 4.2.7)."""

    name = "tls.handshake.extension"
    prefix = "tls.handshake"
    extensions_supported_groups_length = Found(Uint(16, "octets of the list"))
    extensions_supported_group = Found(Uint(16, "group", shown=hex, names=GROUPS))

    follows = {"tls.handshake.extension.type": 10}

    def body(self) -> Iterator[Item]:
        return Reader(self).vector("extensions_supported_groups_length", "extensions_supported_group")


class PointFormats(Extension):
    """Point formats (RFC 8422, 5.1.2)."""

    name = "tls.handshake.extension"
    prefix = "tls.handshake"
    extensions_ec_point_formats_length = Found(Uint(8, "octets of the list"))
    extensions_ec_point_format = Found(Uint(8, "format", names=POINT_FORMATS))

    follows = {"tls.handshake.extension.type": 11}

    def body(self) -> Iterator[Item]:
        return Reader(self).vector("extensions_ec_point_formats_length", "extensions_ec_point_format")


class SignatureAlgorithms(Extension):
    """Signature algorithms (RFC 8446, 4.2.3)."""

    name = "tls.handshake.extension"
    prefix = "tls.handshake"
    sig_hash_alg_len = Found(Uint(16, "octets of the list"))
    sig_hash_alg = Found(Uint(16, "signature algorithm", shown=hex, names=SIGNATURES))

    follows = {"tls.handshake.extension.type": (13, 50)}

    def body(self) -> Iterator[Item]:
        return Reader(self).vector("sig_hash_alg_len", "sig_hash_alg")


class ApplicationProtocols(Extension):
    """Application protocols (RFC 7301, 3.1)."""

    name = "tls.handshake.extension"
    prefix = "tls.handshake"
    extensions_alpn_len = Found(Uint(16, "octets of the list"))
    extensions_alpn_str_len = Found(Uint(8, "octets of the next"))
    extensions_alpn_str = Found(Text("protocol above"))

    follows = {"tls.handshake.extension.type": 16}

    def body(self) -> Iterator[Item]:
        reader = Reader(self)
        length = reader.item("extensions_alpn_len")
        yield length
        part = reader.part(length.value)
        while part.left:
            yield from part.counted("extensions_alpn_str_len", "extensions_alpn_str")


class SupportedVersions(Extension):
    """Supported versions (RFC 8446, 4.2.1)."""

    name = "tls.handshake.extension"
    prefix = "tls.handshake"
    supported_versions_len = Found(
        Uint(8, "octets of the list", name="tls.handshake.extensions.supported_versions_len")
    )
    supported_version = Found(
        Uint(16, "version", shown=hex, names=VERSIONS, name="tls.handshake.extensions.supported_version")
    )

    follows = {"tls.handshake.extension.type": 43}

    def body(self) -> Iterator[Item]:
        """A client lists versions, a server names one."""
        reader = Reader(self)
        if reader.left == 2:
            yield reader.item("supported_version")
        else:
            yield from reader.vector("supported_versions_len", "supported_version")


class KeyShare(Extension):
    """Key shares (RFC 8446, 4.2.8)."""

    name = "tls.handshake.extension"
    prefix = "tls.handshake"
    extensions_key_share_client_length = Found(Uint(16, "octets of the list"))
    extensions_key_share_group = Found(Uint(16, "group", shown=hex, digits=0, names=GROUPS))
    extensions_key_share_key_exchange_length = Found(Uint(16, "octets of the next"))
    extensions_key_share_key_exchange = Found(Bytes(None, "public key"))
    extensions_key_share_selected_group = Found(
        Uint(16, "group that the server wants", shown=hex, digits=0, names=GROUPS)
    )

    follows = {"tls.handshake.extension.type": 51}

    def body(self) -> Iterator[Item]:
        """A client offers some, a server answers with one, or with a group when it wants to be asked again."""
        reader = Reader(self)
        if isinstance(self.below, ClientHello):
            length = reader.item("extensions_key_share_client_length")
            yield length
            part = reader.part(length.value)
            while part.left:
                yield from gather("Key share", self._share(part))
        elif reader.left == 2:
            yield reader.item("extensions_key_share_selected_group")
        else:
            yield from self._share(reader)

    def _share(self, reader: Reader) -> Iterator[Item]:
        yield reader.item("extensions_key_share_group")
        yield from reader.counted("extensions_key_share_key_exchange_length", "extensions_key_share_key_exchange")


class KeyExchangeModes(Extension):
    """Key exchange modes (RFC 8446, 4.2.9)."""

    name = "tls.handshake.extension"
    prefix = "tls.extension"
    psk_ke_modes_length = Found(Uint(8, "octets of the list"))
    psk_ke_mode = Found(Uint(8, "how a pre-shared key is used", names={0: "psk_ke", 1: "psk_dhe_ke"}))

    follows = {"tls.handshake.extension.type": 45}

    def body(self) -> Iterator[Item]:
        return Reader(self).vector("psk_ke_modes_length", "psk_ke_mode")
