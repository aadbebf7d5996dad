"""Host Identity Protocol: its header, and its parameters without their meaning."""
from __future__ import annotations

from dissectors.fields import Bytes, Flag, Options, Uint
from dissectors.header import Header, Option
from dissectors.internet.numbers import PROTOCOLS

PACKETS = {1: "I1", 2: "R1", 3: "I2", 4: "R2", 16: "UPDATE", 17: "NOTIFY", 18: "CLOSE", 19: "CLOSE_ACK"}


class HIPParameter(Option):
    """HIP parameter (RFC 7401, 5.2.1)."""

    name = "hip.parameter"
    prefix = "hip"
    parameter_type = Uint(16, "kind", name="hip.type")
    parameter_length = Uint(16, "octets of the contents", name="hip.parameter.length")
    contents = Bytes(parameter_length, "contents", name="hip.parameter.contents")

    end = parameter_length + 4
    align = 8


class HIP(Header):
    """Host Identity Protocol (RFC 7401, 5.1)."""

    name = "hip"
    label = "HIP"
    proto = Uint(8, "next header: none", names=PROTOCOLS)
    hdr_len = Uint(8, "words of 8 octets beyond the first")
    shim6_fixed_p = Uint(1, "0: told apart from Shim6")
    packet_type = Uint(7, "packet", names=PACKETS)
    version = Uint(4, "version")
    reserved = Uint(3, "not used")
    shim6_fixed_s = Uint(1, "1: told apart from Shim6")
    checksum = Uint(16, "of the header and the pseudo header", shown=hex)
    controls = Uint(
        16, "controls", shown=hex, parts={"res": Uint(15, "not used"), "a": Flag("the sender is anonymous")}
    )
    hit_sndr = Bytes(16, "sender's host identity tag")
    hit_rcvr = Bytes(16, "receiver's host identity tag")
    parameters = Options(HIPParameter, "parameters")

    header_length = hdr_len * 8 + 8
    follows = {"ip.proto": 139}

    def info(self) -> str | None:
        kind = self.packet_type
        return None if kind is None else f"HIP {PACKETS.get(kind, f'packet {kind}')}"
