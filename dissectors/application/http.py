"""Hypertext Transfer Protocol, version 1, and what borrows its lines.

A message is text: a first line, fields, an empty line, a body.  dpkt's parser is not used: it raises on a message
that goes on in the next segment, which is the usual case.  A segment that begins in the middle of a body is data.
"""
from __future__ import annotations

import re
from collections.abc import Iterator
from typing import ClassVar

from dissectors.fields import Bytes, Flag, Found, Text, Uint
from dissectors.header import UNTIL_CLOSE, Header, Item
from dissectors.reader import Reader, gather

METHODS = frozenset(
    b"GET HEAD POST PUT DELETE CONNECT OPTIONS TRACE PATCH PRI "
    b"PROPFIND PROPPATCH MKCOL COPY MOVE LOCK UNLOCK VERSION-CONTROL REPORT CHECKOUT CHECKIN UNCHECKOUT MKWORKSPACE "
    b"UPDATE LABEL MERGE BASELINE-CONTROL MKACTIVITY ORDERPATCH ACL SEARCH "
    b"NOTIFY SUBSCRIBE UNSUBSCRIBE M-SEARCH".split()
)
_REQUEST = re.compile(rb"([A-Z-]{1,16}) ([^ \r\n]+)(?: (HTTP/\d\.\d))?\r?\n")
_RESPONSE = re.compile(rb"(HTTP/\d\.\d) (\d{3})(?: ([^\r\n]*))?\r?\n")
_LINE = re.compile(rb"([^\r\n]*)\r?\n")
_CHUNK = re.compile(rb"([0-9A-Fa-f]{1,8})[^\r\n]*\r\n")
_EMPTY_LINE = re.compile(rb"\n\r?\n")
_BEGINNINGS = (*sorted(METHODS), b"HTTP/1.0", b"HTTP/1.1")
_VALUE = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+)[ \t]*:[ \t]*(.*?)[ \t]*")

MOST_HEADER = 1 << 16
"""Octets of a header that are waited for; servers take 8,192 or some more."""
MOST_LINE = 1 << 13
"""Octets of the line before a chunk, and of one behind the last, that are waited for."""
_LONGEST_WORD = 17  # a method with the space behind it
_CHUNKED = -2  # in place of the octets of a body


class HTTP(Header):
    """Hypertext Transfer Protocol (RFC 9112, 2.1)."""

    name = "http"
    label = "HTTP"
    request = Found(Flag("asks for something"))
    request_method = Found(Text("what is to be done", name="http.request.method"))
    request_uri = Found(Text("with what", name="http.request.uri"))
    request_version = Found(Text("version of the client", name="http.request.version"))
    response = Found(Flag("answers a request"))
    response_version = Found(Text("version of the server", name="http.response.version"))
    response_code = Found(Uint(16, "status", name="http.response.code"))
    response_phrase = Found(Text("status in words", name="http.response.phrase"))
    request_line = Found(Text("field of a request", name="http.request.line"))
    response_line = Found(Text("field of a response", name="http.response.line"))
    accept = Found(Text("media types that are welcome"))
    accept_encoding = Found(Text("codings that are welcome"))
    accept_language = Found(Text("languages that are welcome"))
    authorization = Found(Text("credentials"))
    cache_control = Found(Text("how long it may be kept"))
    connection = Found(Text("options of this connection"))
    content_encoding = Found(Text("codings of the body"))
    content_length_header = Found(Text("octets of the body, as they were written"))
    content_length = Found(Uint(64, "octets of the body"))
    content_type = Found(Text("media type of the body"))
    cookie = Found(Text("cookies"))
    date = Found(Text("when the message was made"))
    host = Found(Text("host that is meant"))
    http2_settings = Found(Text("settings for an upgrade to version 2"))
    last_modified = Found(Text("when it was last changed"))
    location = Found(Text("where it is"))
    proxy_authenticate = Found(Text("challenge of a proxy"))
    proxy_authorization = Found(Text("credentials for a proxy"))
    referer = Found(Text("where the address came from"))
    sec_websocket_accept = Found(Text("proof that the key was read"))
    sec_websocket_extensions = Found(Text("extensions"))
    sec_websocket_key = Found(Text("key"))
    sec_websocket_protocol = Found(Text("protocol above"))
    sec_websocket_version = Found(Text("version"))
    server = Found(Text("program of the server"))
    set_cookie = Found(Text("cookie to keep"))
    transfer_encoding = Found(Text("how the body is delimited"))
    upgrade = Found(Text("protocols to change to"))
    user_agent = Found(Text("program of the client"))
    www_authenticate = Found(Text("challenge"))
    x_forwarded_for = Found(Text("for whom a proxy asks"))
    chunk_size = Found(Uint(32, "octets of a chunk"))
    chunk_data = Found(Bytes(None, "octets of a chunk"))
    file_data = Found(Bytes(None, "the body, as far as it is here"))

    follows: ClassVar[dict[str, int | tuple[int, ...]]] = {
        "tcp.port": (80, 631, 1900, 2710, 2869, 3128, 3132, 3689, 5985, 8080, 8088, 11371)
    }
    guessed_in: ClassVar[tuple[str, ...]] = ("tcp",)

    @classmethod
    def recognises(cls, payload: bytes) -> bool:
        """A method or a version, and a space behind it."""
        word, space, _ = payload[:17].partition(b" ")
        return bool(space) and (word in METHODS or re.fullmatch(rb"HTTP/\d\.\d", word) is not None)

    @classmethod
    def message_length(
        cls, octets: bytes | bytearray, start: int = 0, memory: dict[str, int] | None = None
    ) -> int | None:
        """By the rules of RFC 9112, 6.3, as far as one direction shows them: the answer to HEAD has no body, too.

        It is seen as such only where another answer follows it at once.
        """
        memory = memory if memory is not None else {}
        if "body" not in memory:
            beginning = bytes(octets[start : start + _LONGEST_WORD])
            if not cls.recognises(beginning):
                word = any(each.startswith(beginning) for each in _BEGINNINGS)
                return None if word else 0
            empty = _EMPTY_LINE.search(octets, max(start, start + memory.get("looked", 0) - 3))
            if empty is None:
                memory["looked"] = len(octets) - start
                return None if len(octets) - start <= MOST_HEADER else 0
            memory["body"] = empty.end() - start
        body = memory["body"]
        size = memory.get("size")
        if size is None:
            size = memory["size"] = _body_size(bytes(octets[start : start + body]))
        if size == _CHUNKED:
            return cls._chunked_length(octets, start, memory)
        if size and not memory.get("answer") and octets.startswith(b"HTTP/", start):
            following = bytes(octets[start + body : start + body + _LONGEST_WORD])
            if following.startswith(b"HTTP/") and cls.recognises(following):
                return body
            if len(following) >= _LONGEST_WORD:
                memory["answer"] = 1  # it has a body, which need not be looked at again
        return size if size == UNTIL_CLOSE else body + size

    @classmethod
    def _chunked_length(cls, octets: bytes | bytearray, start: int, memory: dict[str, int]) -> int | None:
        """The length of a message whose body is in chunks (RFC 9112, 7.1); `memory` has how far they were passed."""
        at = start + memory.get("chunks", memory["body"])
        while "trailer" not in memory:
            line = _CHUNK.match(octets, at)
            if line is None:
                memory["chunks"] = at - start
                return None if octets.find(b"\n", at, at + MOST_LINE) < 0 and len(octets) - at < MOST_LINE else 0
            size = int(line[1], 16)
            if size == 0:
                memory["trailer"] = 1
                at = line.end()
                break
            if line.end() + size + 2 > len(octets):
                memory["chunks"] = at - start
                return None
            at = line.end() + size + 2
        while (line := _LINE.match(octets, at)) is not None:
            at = line.end()
            if not line[1]:
                return at - start
        memory["chunks"] = at - start
        return None if len(octets) - at < MOST_LINE else 0

    def body(self) -> Iterator[Item]:
        reader = Reader(self)
        while reader.left and self.recognises(self.octets[reader.at : reader.at + 17]):
            yield from gather(_heading, self._message(reader))

    def _message(self, reader: Reader) -> Iterator[Item]:
        """A message; what is not whole, because the segment ends before it does, is left out."""
        request = not self.octets.startswith(b"HTTP/", reader.at)
        yield from self._first_line(reader, request)
        framing: dict[str, str] = {}
        while (line := _LINE.match(self.octets, reader.at, reader.stop)) is not None:
            reader.at = line.end()
            if not line[1]:
                yield from self._content(reader, framing)
                return
            yield self._field(line, request, framing)
        reader.at = reader.stop

    def _first_line(self, reader: Reader, request: bool) -> Iterator[Item]:
        start = reader.at
        pattern, names = (
            (_REQUEST, ("request_method", "request_uri", "request_version"))
            if request
            else (_RESPONSE, ("response_version", "response_code", "response_phrase"))
        )
        line = pattern.match(self.octets, start, reader.stop)
        if line is None:
            reader.at = reader.stop
            return
        yield self.found("request" if request else "response", True, start, start)
        for number, attribute in enumerate(names, 1):
            if line[number] is not None:
                text = line[number].decode("utf-8", "backslashreplace")
                value = int(text) if attribute == "response_code" else text
                yield self.found(attribute, value, *line.span(number))
        reader.at = line.end()

    def _field(self, line: re.Match[bytes], request: bool, framing: dict[str, str]) -> Item:
        """A field as the line that it is, and below it as what it says."""
        children: list[Item] = []
        found = _VALUE.fullmatch(line[1])
        if found is not None:
            attribute = found[1].decode().lower().replace("-", "_")
            start, stop = (line.start() + place for place in found.span(2))
            value = found[2].decode("utf-8", "backslashreplace")
            framing[attribute] = value
            if attribute == "content_length":
                if value.isascii() and value.isdigit():
                    children.append(self.found("content_length", int(value[:20]), start, stop))
                attribute = "content_length_header"
            if attribute in _FIELDS:
                children.insert(0, self.found(attribute, value, start, stop))
        text = line[1].decode("utf-8", "backslashreplace")
        return self.found("request_line" if request else "response_line", text, *line.span(), children)

    def _content(self, reader: Reader, framing: dict[str, str]) -> Iterator[Item]:
        """What follows the empty line, by the rules of RFC 9112, 6.3, as far as one message alone can tell."""
        if "chunked" in framing.get("transfer_encoding", "").lower():
            yield from self._chunks(reader)
            return
        size = reader.left
        length = framing.get("content_length", "")
        if length.isascii() and length.isdigit():
            size = min(size, int(length[:20]))
        elif self.recognises(self.octets[reader.at : reader.at + 17]):
            return  # no body: the next message stands here
        if size:
            yield reader.item("file_data", size)

    def _chunks(self, reader: Reader) -> Iterator[Item]:
        """Chunks (RFC 9112, 7.1), the last of which may go on in the next segment."""
        while (line := _CHUNK.match(self.octets, reader.at, reader.stop)) is not None:
            size = int(line[1], 16)
            yield self.found("chunk_size", size, *line.span(1))
            reader.at = line.end()
            if size == 0:
                break
            yield reader.item("chunk_data", min(size, reader.left))
            reader.at = min(reader.at + 2, reader.stop)
        # Behind the last chunk may stand trailer fields, then an empty line.
        while (line := _LINE.match(self.octets, reader.at, reader.stop)) is not None:
            reader.at = line.end()
            if not line[1]:
                break

    def info(self) -> str | None:
        told = [_heading(message.children) for message in self._found().items]
        return " ; ".join(told) or None


_FIRST_LINE = frozenset(
    f"http.{name}"
    for name in (
        *("request.method", "request.uri", "request.version"),
        *("response.version", "response.code", "response.phrase"),
    )
)
_FIELDS = frozenset(
    attribute
    for attribute, field in HTTP.declaration.fields.items()
    if field.name == f"http.{attribute}" and type(field) is Text
)


def _body_size(header: bytes) -> int:
    """Octets of the body that the header of a message announces; _CHUNKED or UNTIL_CLOSE where it does not say."""
    first, *lines = header.splitlines()
    framing = {found[1].lower(): found[2] for line in lines if (found := _VALUE.fullmatch(line)) is not None}
    answer = _RESPONSE.fullmatch(first + b"\n")
    if answer is not None and (answer[2].startswith(b"1") or answer[2] in (b"204", b"304")):
        return 0
    if b"chunked" in framing.get(b"transfer-encoding", b"").lower():
        return _CHUNKED
    length = framing.get(b"content-length", b"")
    if length.isdigit():
        return int(length[:20])
    return UNTIL_CLOSE if answer is not None else 0


def _heading(items: list[Item]) -> str:
    """The first line of a message, and the media type of its body."""
    first = [str(item.value) for item in items if item.name in _FIRST_LINE]
    types = [child.value for item in items for child in item.children if child.name == "http.content_type"]
    if types:
        first.append(f" ({types[0].split(';')[0]})")
    return " ".join(first)


class SSDP(HTTP):
    """Simple Service Discovery Protocol (UPnP Device Architecture 2.0, 1)."""

    name = "ssdp"
    prefix = "http"
    label = "SSDP"
    guessed_in = ()
    follows = {"udp.port": 1900}
