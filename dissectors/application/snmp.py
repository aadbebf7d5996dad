"""Simple Network Management Protocol: what stands at the front of a message, in the Basic Encoding Rules.

A value is a tag, a length and octets; the reader below takes those with tags of one octet, the only ones of SNMP.
"""
from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from dissectors.fields import Bytes, Found, Text, Uint
from dissectors.header import Header, Item, Malformed
from dissectors.reader import Reader

VERSIONS = {0: "v1", 1: "v2c", 2: "v2u", 3: "v3"}
OPERATIONS = {
    0: "get-request",
    1: "get-next-request",
    2: "get-response",
    3: "set-request",
    4: "trap",
    5: "getBulkRequest",
    6: "informRequest",
    7: "snmpV2-trap",
    8: "report",
}
INTEGER, OCTET_STRING, SEQUENCE, OPERATION = 0x02, 0x04, 0x30, 0xA0
USER_SECURITY = 3  # the version from which a header of its own precedes the operation


class Value(NamedTuple):
    """A tag, and where its octets stand in the frame."""

    tag: int
    start: int
    stop: int


def read_value(reader: Reader) -> Value:
    """The next value (X.690, 8.1.2 and 8.1.3); the reader then stands where its octets begin.

    A length that reaches beyond the reader is cut; Malformed for the forms that SNMP does not use.
    """
    octets = reader.layer.octets
    tag = octets[reader.need(1)]
    size = octets[reader.need(1)]
    if size > 0x80:
        count = size & 0x7F
        if count > 4:
            raise Malformed(f"a length of {count} octets")
        start = reader.need(count)
        size = int.from_bytes(octets[start : start + count], "big")
    elif size == 0x80:
        raise Malformed("a length that is not known beforehand")
    return Value(tag, reader.at, reader.at + size)


class SNMP(Header):
    """Simple Network Management Protocol (RFC 3416, 3; RFC 3412, 6)."""

    name = "snmp"
    label = "SNMP"
    version = Found(Uint(32, "version", names=VERSIONS))
    msg_version = Found(Uint(32, "version", names=VERSIONS, name="snmp.msgVersion"))
    community = Found(Text("who asks"))
    msg_id = Found(Uint(32, "the same in request and response", name="snmp.msgID"))
    data = Found(Uint(8, "operation", names=OPERATIONS))
    request_id = Found(Uint(32, "the same in request and response"))
    error_status = Found(Uint(32, "error"))
    error_index = Found(Uint(32, "which variable"))
    encrypted = Found(Bytes(None, "encrypted operation", name="snmp.encryptedPDU"))
    variables = Found(Bytes(None, "names and values"))

    follows = {"udp.port": (161, 162, 8161), "tcp.port": (161, 162)}

    def body(self) -> Iterator[Item]:
        reader = Reader(self)
        self._expect(reader, SEQUENCE)
        version = self._integer(reader, "version")
        if version.value == USER_SECURITY:
            yield self.found("msg_version", version.value, version.start, version.stop)
            yield from self._secured(reader)
            return
        yield version
        community = self._expect(reader, OCTET_STRING)
        yield reader.item("community", community.stop - community.start)
        yield from self._operation(reader)

    def _secured(self, reader: Reader) -> Iterator[Item]:
        """What follows the version from the third on (RFC 3412, 6), as far as it is not encrypted."""
        header = self._expect(reader, SEQUENCE)
        yield self._integer(reader, "msg_id")
        reader.at = header.stop
        reader.at = self._expect(reader, OCTET_STRING).stop  # what the security model says of the message
        scoped = read_value(reader)
        if scoped.tag != SEQUENCE:
            yield reader.item("encrypted", reader.left)
            return
        for _ in ("engine", "name of the context"):
            reader.at = self._expect(reader, OCTET_STRING).stop
        yield from self._operation(reader)

    def _operation(self, reader: Reader) -> Iterator[Item]:
        operation = read_value(reader)
        kind = operation.tag - OPERATION
        if kind not in OPERATIONS:
            raise Malformed(f"no operation has the tag 0x{operation.tag:02x}")
        yield self.found("data", kind, operation.start - 1, operation.start)
        if OPERATIONS[kind] != "trap":
            yield self._integer(reader, "request_id")
            yield self._integer(reader, "error_status")
            yield self._integer(reader, "error_index")
        yield reader.item("variables", reader.left)

    def _expect(self, reader: Reader, tag: int) -> Value:
        value = read_value(reader)
        if value.tag != tag:
            raise Malformed(f"a tag of 0x{value.tag:02x} where 0x{tag:02x} belongs")
        return value

    def _integer(self, reader: Reader, attribute: str) -> Item:
        value = self._expect(reader, INTEGER)
        size = value.stop - value.start
        if size > 5:
            raise Malformed(f"a number of {size} octets")
        start = reader.need(size)
        return self.found(attribute, int.from_bytes(self.octets[start : start + size], "big"), start, start + size)

    def info(self) -> str | None:
        return OPERATIONS.get(self.data) if self.data is not None else None
