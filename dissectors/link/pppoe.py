"""PPP over Ethernet: discovery, in which host and concentrator find each other, and the session."""
from __future__ import annotations

from dissectors.fields import Bytes, Options, Text, Uint
from dissectors.header import Header, Option, always, by

CODES = {
    0x00: "Session Data",
    0x07: "Active Discovery Offer (PADO)",
    0x09: "Active Discovery Initiation (PADI)",
    0x19: "Active Discovery Request (PADR)",
    0x65: "Active Discovery Session-confirmation (PADS)",
    0xA7: "Active Discovery Terminate (PADT)",
}


class PPPoETag(Option):
    """PPPoE tag (RFC 2516, 4)."""

    name = "pppoed.tag"
    prefix = "pppoed"
    tag = Uint(16, "kind", shown=hex)
    tag_length = Uint(16, "octets of the value")

    members = by(tag)
    end = tag_length + 4
    last = (0x0000,)


class EndOfList(PPPoETag):
    """End of list (RFC 2516, appendix A)."""

    name = "pppoed.tags.end"
    follows = {"pppoed.tag": 0x0000}


class ServiceName(PPPoETag):
    """Service name (RFC 2516, appendix A)."""

    name = "pppoed.tags.service_name"
    prefix = "pppoed.tags"
    service_name = Text("service asked for or offered, empty: any")
    follows = {"pppoed.tag": 0x0101}


class AccessConcentratorName(PPPoETag):
    """Access concentrator name (RFC 2516, appendix A)."""

    name = "pppoed.tags.ac_name"
    prefix = "pppoed.tags"
    ac_name = Text("access concentrator")
    follows = {"pppoed.tag": 0x0102}


class HostUniq(PPPoETag):
    """Host-Uniq (RFC 2516, appendix A)."""

    name = "pppoed.tags.host_uniq"
    prefix = "pppoed.tags"
    host_uniq = Bytes(None, "chosen by the host, comes back in the answer")
    follows = {"pppoed.tag": 0x0103}


class AccessConcentratorCookie(PPPoETag):
    """Access concentrator cookie (RFC 2516, appendix A)."""

    name = "pppoed.tags.ac_cookie"
    prefix = "pppoed.tags"
    ac_cookie = Bytes(None, "chosen by the concentrator, comes back in the request")
    follows = {"pppoed.tag": 0x0104}


class VendorSpecific(PPPoETag):
    """Vendor specific (RFC 2516, appendix A)."""

    name = "pppoed.tags.vendor"
    prefix = "pppoed.tags"
    vendor_id = Uint(32, "zero, and the vendor's enterprise number")
    vendor_unspecified = Bytes(None, "as the vendor defines")
    follows = {"pppoed.tag": 0x0105}


class RelaySessionIdentifier(PPPoETag):
    """Relay session identifier (RFC 2516, appendix A)."""

    name = "pppoed.tags.relay_session_id"
    prefix = "pppoed.tags"
    relay_session_id = Bytes(None, "added by a relay")
    follows = {"pppoed.tag": 0x0110}


class MaximumPayload(PPPoETag):
    """PPP-Max-Payload (RFC 4638, 4)."""

    name = "pppoed.tags.max_payload"
    prefix = "pppoed.tags"
    max_payload = Bytes(2, "the largest payload, octets")
    follows = {"pppoed.tag": 0x0120}


class ServiceNameError(PPPoETag):
    """Service name error (RFC 2516, appendix A)."""

    name = "pppoed.tags.service_name_error"
    prefix = "pppoed.tags"
    service_name_error = Text("why the service is refused")
    follows = {"pppoed.tag": 0x0201}


class AccessConcentratorError(PPPoETag):
    """Access concentrator system error (RFC 2516, appendix A)."""

    name = "pppoed.tags.ac_system_error"
    prefix = "pppoed.tags"
    ac_system_error = Text("what went wrong")
    follows = {"pppoed.tag": 0x0202}


class GenericError(PPPoETag):
    """Generic error (RFC 2516, appendix A)."""

    name = "pppoed.tags.generic_error"
    prefix = "pppoed.tags"
    generic_error = Text("what went wrong")
    follows = {"pppoed.tag": 0x0203}


class _PPPoE(Header):
    """What both stages have in common (RFC 2516, 4)."""

    prefix = "pppoe"
    version = Uint(4, "version")
    type = Uint(4, "type, always 1")
    code = Uint(8, "kind of message", shown=hex, names=CODES)
    session_id = Uint(16, "session, 0 until there is one", shown=hex)
    payload_length = Uint(16, "what follows this header, octets", name="pppoe.payload_length")

    end = payload_length + 6


class PPPoEDiscovery(_PPPoE):
    """PPP over Ethernet, discovery (RFC 2516, 5)."""

    name = "pppoed"
    label = "PPPoED"
    tags = Options(PPPoETag, "tags", name="pppoed.tags")

    follows = {"eth.type": 0x8863}

    def info(self) -> str | None:
        return CODES.get(self.code, f"code 0x{self.code:02x}") if self.whole else None


class PPPoESession(_PPPoE):
    """PPP over Ethernet, session (RFC 2516, 6)."""

    name = "pppoes"
    label = "PPPoES"

    follows = {"eth.type": 0x8864, "frame.linktype": 51}
    next = always("ppp.size")

    def info(self) -> str | None:
        return f"Session Data, session 0x{self.session_id:04x}" if self.whole else None
