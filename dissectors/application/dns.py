"""Domain Name System, over UDP and TCP, with its multicast kin.

A message is a fixed header and four counted sections; where a record stands depends on the names before it, so the
sections are found by `body`.  dpkt's parser is not used: it raises on a message that was cut and forgets offsets.
What records carry is declared in dns_records.py.
"""
from __future__ import annotations

from collections.abc import Iterator

from dissectors.application.dns_records import RECORD_TYPES, EDNSOption, RecordData
from dissectors.application.domain_name import NO_END, DomainName, read_name
from dissectors.fields import Flag, Found, Uint
from dissectors.header import Header, Item, Malformed, Missing, always, inner
from dissectors.options import member, split
from dissectors.reader import Reader, gather

CLASSES = {1: "IN", 3: "CH", 4: "HS", 254: "NONE", 255: "ANY"}
OPCODES = {
    0: "Standard query",
    1: "Inverse query",
    2: "Server status request",
    4: "Zone change notification",
    5: "Dynamic update",
    6: "DNS stateful operation",
}
RESPONSE_CODES = {
    0: "No error",
    1: "Format error",
    2: "Server failure",
    3: "No such name",
    4: "Not implemented",
    5: "Refused",
    6: "Name exists",
    7: "RRset exists",
    8: "RRset does not exist",
    9: "Not authoritative",
    10: "Name out of zone",
}
OPT = 41
MOST_RECORDS = 100  # in a section of a message that is recognised by content
_BRIEF = {1, 2, 5, 6, 12, 15, 28, 33, 39}  # the types whose data is short enough for the info column

_response = Flag("answers a query")


class DNS(Header):
    """Domain Name System (RFC 1035, 4.1)."""

    name = "dns"
    label = "DNS"
    id = Uint(16, "the same in a query and its response", shown=hex)
    flags = Uint(
        16,
        "flags",
        shown=hex,
        parts={
            "response": _response,
            "opcode": Uint(4, "kind of query", names=OPCODES),
            "authoritative": Flag("the server is an authority for the name", when=_response),
            "truncated": Flag("the message was shortened"),
            "recdesired": Flag("recursion is desired"),
            "recavail": Flag("the server can do recursive queries", when=_response),
            "z": Flag("reserved"),
            "authenticated": Flag("the data was verified; in a query: tell whether it was"),
            "checkdisable": Flag("data that could not be verified is acceptable"),
            "rcode": Uint(4, "response code", names=RESPONSE_CODES, when=_response),
        },
    )
    count_queries = Uint(16, "questions", name="dns.count.queries")
    count_answers = Uint(16, "records that answer", name="dns.count.answers")
    count_auth_rr = Uint(16, "records of authorities", name="dns.count.auth_rr")
    count_add_rr = Uint(16, "additional records", name="dns.count.add_rr")
    qry_name = Found(DomainName("name asked for", name="dns.qry.name"))
    qry_type = Found(Uint(16, "type asked for", names=RECORD_TYPES, name="dns.qry.type"))
    qry_class = Found(Uint(16, "class asked for", shown=hex, names=CLASSES, name="dns.qry.class"))
    resp_name = Found(DomainName("owner of the record", name="dns.resp.name"))
    resp_type = Found(Uint(16, "type of the record", names=RECORD_TYPES, name="dns.resp.type"))
    resp_class = Found(Uint(16, "class of the record", shown=hex, names=CLASSES, name="dns.resp.class"))
    resp_ttl = Found(Uint(32, "may be kept, seconds", name="dns.resp.ttl"))
    resp_len = Found(Uint(16, "octets of the data", name="dns.resp.len"))
    udp_payload_size = Found(Uint(16, "the largest message that the sender takes", name="dns.rr.udp_payload_size"))
    ext_rcode = Found(Uint(8, "higher bits of the response code", shown=hex, name="dns.resp.ext_rcode"))
    edns0_version = Found(Uint(8, "version", name="dns.resp.edns0_version"))
    resp_z = Found(
        Uint(
            16,
            "flags",
            shown=hex,
            name="dns.resp.z",
            parts={"do": Flag("DNSSEC records are wanted"), "reserved": Uint(15, "reserved, must be 0", shown=hex)},
        )
    )

    follows = {"udp.port": 53}

    def body(self) -> Iterator[Item]:
        if not self.whole:
            return
        reader = Reader(self)
        yield from gather("Queries", self._section(reader, self.count_queries, question=True))
        yield from gather("Answers", self._section(reader, self.count_answers))
        yield from gather("Authoritative name servers", self._section(reader, self.count_auth_rr))
        yield from gather("Additional records", self._section(reader, self.count_add_rr))

    def _section(self, reader: Reader, count: int, question: bool = False) -> Iterator[Item]:
        for _ in range(count):
            yield from gather(_heading, self._question(reader) if question else self._record(reader))

    def _question(self, reader: Reader) -> Iterator[Item]:
        yield self._name(reader, "qry_name")
        yield reader.item("qry_type")
        yield reader.item("qry_class")

    def _record(self, reader: Reader) -> Iterator[Item]:
        yield self._name(reader, "resp_name")
        kind = reader.item("resp_type")
        yield kind
        if kind.value == OPT:
            yield from self._pseudo_record(reader)
            return
        yield from self._class_and_ttl(reader)
        length = reader.item("resp_len")
        yield length
        start = reader.at
        stop = start + length.value
        data = member(self, RecordData, kind.value, start, min(stop, self.end))
        if data is not None:
            yield inner(data)
        reader.need(length.value)

    def _class_and_ttl(self, reader: Reader) -> Iterator[Item]:
        yield reader.item("resp_class")
        yield reader.item("resp_ttl")

    def _pseudo_record(self, reader: Reader) -> Iterator[Item]:
        """EDNS: a record whose class and time to live have other meanings (RFC 6891, 6.1)."""
        for attribute in ("udp_payload_size", "ext_rcode", "edns0_version", "resp_z"):
            yield reader.item(attribute)
        length = reader.item("resp_len")
        yield length
        start = reader.at
        for option in split(self, EDNSOption, start, min(start + length.value, reader.stop)):
            yield inner(option)
        reader.need(length.value)

    def _name(self, reader: Reader, attribute: str) -> Item:
        name = read_name(self.octets, reader.at, reader.stop, self.start)
        if name.problem:
            raise (Missing if name.problem == NO_END else Malformed)(name.problem)
        start, reader.at = reader.at, name.stop
        return self.found(attribute, name.text, start, name.stop)

    def info(self) -> str | None:
        if not self.whole:
            return None
        told = [OPCODES.get(self.opcode, f"Unknown operation {self.opcode}")]
        if self.response:
            told.append("response")
        told.append(f"0x{self.id:04x}")
        if self.rcode:
            told.append(RESPONSE_CODES.get(self.rcode, f"Error {self.rcode}"))
        for section in self._found().items:
            told += [brief for record in section.children if (brief := _brief(record.children))]
        return " ".join(told)


def _brief(items: list[Item]) -> str:
    """A question or a record in a few words: `A example.com`, `MX 10 mail.example.com`."""
    name = items[0]
    if len(items) < 2 or items[1].field is None:
        return ""
    kind = items[1].value
    told = RECORD_TYPES.get(kind, f"TYPE{kind}")
    last = items[-1]
    if name.name == "dns.qry.name":
        told += f" {name.value}"
        if last.name == "dns.qry.qu":
            told += f', "{"QU" if last.value else "QM"}" question'
        return told
    if any(item.name == "dns.resp.cache_flush" and item.value for item in items):
        told += ", cache flush"
    data = last.value
    if kind in _BRIEF and isinstance(data, RecordData):
        for item in data.items():
            told += f" {item.value}"
            if not isinstance(item.field, Uint):
                break
    return told


def _heading(items: list[Item]) -> str:
    """The title of a question or a record: `example.com: A 192.0.2.1`."""
    told = _brief(items)
    if items[0].name == "dns.qry.name":
        told = told.split(" ")[0]
    return f"{items[0].value}: {told}" if told else str(items[0].value)


class DNSInSegment(DNS):
    """Domain Name System (RFC 1035, 4.1)."""

    name = "dns"
    part_of = "dns"


class DNSOverTCP(Header):
    """Domain Name System over TCP (RFC 1035, 4.2.2)."""

    name = "dns"
    label = "DNS"
    length = Uint(16, "octets of the message")

    end = length + 2
    follows = {"tcp.port": (53, 5353)}
    next = always(DNSInSegment)
    repeats = True
    streamed = True

    @classmethod
    def message_length(
        cls, octets: bytes | bytearray, start: int = 0, memory: dict[str, int] | None = None
    ) -> int | None:
        """The first two octets tell; what is shorter than the header of a message is none (RFC 1035, 4.2.2)."""
        if len(octets) < start + 2:
            return None
        length = octets[start] << 8 | octets[start + 1]
        return length + 2 if length >= DNSInSegment.declaration.fixed else 0

    def info(self) -> str | None:
        return self.extensions[0].info() if self.extensions else None


class DNSAnywhere(DNS):
    """Domain Name System (RFC 1035, 4.1)."""

    name = "dns"
    guessed_in = ("udp",)

    @classmethod
    def recognises(cls, payload: bytes) -> bool:
        """One question, of a known type and class, with a name in letters; and only counts that can be true."""
        if len(payload) < 12 or payload[4:6] != b"\0\1" or payload[3] & 0x40:
            return False
        response, opcode = payload[2] >> 7, payload[2] >> 3 & 15
        answers, authorities, additional = (int.from_bytes(payload[at : at + 2], "big") for at in (6, 8, 10))
        if opcode not in OPCODES or max(answers, authorities, additional) > MOST_RECORDS or (answers and not response):
            return False
        name = read_name(payload, 12, len(payload))
        kind = int.from_bytes(payload[name.stop : name.stop + 2], "big")
        class_ = int.from_bytes(payload[name.stop + 2 : name.stop + 4], "big")
        return not name.problem and name.text.isprintable() and kind in RECORD_TYPES and class_ in CLASSES


class MDNS(DNS):
    """Multicast DNS (RFC 6762, 18)."""

    name = "mdns"
    prefix = "dns"
    label = "MDNS"
    qry_qu = Found(Flag("an answer by unicast is welcome", name="dns.qry.qu"))
    cache_flush = Found(Flag("replaces what was known of the name", name="dns.resp.cache_flush"))

    follows = {"udp.port": 5353}

    def _question(self, reader: Reader) -> Iterator[Item]:
        yield self._name(reader, "qry_name")
        yield reader.item("qry_type")
        yield from self._class(reader, "qry_class", "qry_qu")

    def _class_and_ttl(self, reader: Reader) -> Iterator[Item]:
        yield from self._class(reader, "resp_class", "cache_flush")
        yield reader.item("resp_ttl")

    def _class(self, reader: Reader, attribute: str, flag: str) -> Iterator[Item]:
        """The class lacks its first bit, which is a flag (RFC 6762, 18.12 and 18.13)."""
        start = reader.need(2)
        value = int.from_bytes(self.octets[start : start + 2], "big")
        yield self.found(attribute, value & 0x7FFF, start, start + 2)
        yield self.found(flag, value >> 15 == 1, start, start + 1)


_llmnr_response = Flag("answers a query")


class LLMNR(DNS):
    """Link-local multicast name resolution (RFC 4795, 2.1.1)."""

    name = "llmnr"
    prefix = "dns"
    label = "LLMNR"
    flags = Uint(
        16,
        "flags",
        shown=hex,
        parts={
            "response": _llmnr_response,
            "opcode": Uint(4, "kind of query", names=OPCODES),
            "conflict": Flag("several hosts answered for the name"),
            "truncated": Flag("the message was shortened"),
            "tentative": Flag("the name may not be the sender's alone", when=_llmnr_response),
            "z": Uint(4, "reserved"),
            "rcode": Uint(4, "response code", names=RESPONSE_CODES, when=_llmnr_response),
        },
    )

    follows = {"udp.port": 5355}
