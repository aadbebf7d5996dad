"""HTTP messages in segments."""
from __future__ import annotations

from collections.abc import Callable

import pytest

from dissectors.application.http import HTTP
from dissectors.header import UNTIL_CLOSE
from dissectors.packet import Packet

Carry = Callable[[str | bytes, int, int], Packet]

REQUEST = b"GET /index.html HTTP/1.1\r\nHost: example.com\r\nUser-Agent: curl/8.5\r\nX-Mine: 1\r\n\r\n"
RESPONSE = b"HTTP/1.1 404 Not Found\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: 5\r\n\r\nhello"


def test_a_request(tcp: Carry) -> None:
    packet = tcp(REQUEST, 40000, 80)
    assert packet.protocols == "ip:tcp:http"
    assert packet.http.request is True
    assert packet["http.request.method"] == "GET"
    assert packet["http.request.uri"] == "/index.html"
    assert packet["http.request.version"] == "HTTP/1.1"
    assert packet.http.host == "example.com"
    assert packet.http.user_agent == "curl/8.5"
    assert packet.values("http.request.line") == ["Host: example.com", "User-Agent: curl/8.5", "X-Mine: 1"]
    assert packet.http.info() == "GET /index.html HTTP/1.1"


def test_a_response(tcp: Carry) -> None:
    packet = tcp(RESPONSE, 80, 40000)
    assert packet.http.response is True
    assert packet["http.response.code"] == 404
    assert packet["http.response.phrase"] == "Not Found"
    assert packet["http.content_type"] == "text/html; charset=utf-8"
    assert packet["http.content_length_header"] == "5"
    assert packet["http.content_length"] == 5
    assert packet["http.file_data"] == b"hello"
    assert packet.http.info() == "HTTP/1.1 404 Not Found  (text/html)"


def test_a_field_has_the_octets_of_its_value(tcp: Carry) -> None:
    packet = tcp(REQUEST, 40000, 80)
    item = next(
        inner for message in packet.http.items() for inner in message.flat() if inner.name == "http.host"
    )
    assert packet.data[item.start : item.stop] == b"example.com"


def test_it_is_recognised_on_any_port(tcp: Carry) -> None:
    assert tcp(REQUEST, 40000, 9999).protocols == "ip:tcp:http"
    assert tcp(RESPONSE, 9999, 40000).protocols == "ip:tcp:http"


@pytest.mark.parametrize("content", [b"hello", b"GETX / HTTP/1.1\r\n", b"GET\r\n", b"HTTP/x\r\n", b"\0\1\2"])
def test_the_middle_of_a_body_is_data(tcp: Carry, content: bytes) -> None:
    assert tcp(content, 80, 40000).protocols == "ip:tcp:data"


def test_several_messages_in_a_segment(tcp: Carry) -> None:
    packet = tcp(REQUEST + b"HEAD /two HTTP/1.1\r\n\r\n", 40000, 80)
    assert packet.values("http.request.uri") == ["/index.html", "/two"]
    assert packet.http.info() == "GET /index.html HTTP/1.1 ; HEAD /two HTTP/1.1"


def test_the_length_of_the_body_leads_to_the_next_message(tcp: Carry) -> None:
    packet = tcp(RESPONSE + b"HTTP/1.1 204 No Content\r\n\r\n", 80, 40000)
    assert packet.values("http.response.code") == [404, 204]
    assert packet["http.file_data"] == b"hello"


def test_chunks(tcp: Carry) -> None:
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    packet = tcp(head + b"5\r\nhello\r\n6;x=y\r\n world\r\n0\r\n\r\n" + b"HTTP/1.1 204 No Content\r\n\r\n", 80, 40000)
    assert packet["http.transfer_encoding"] == "chunked"
    assert packet.values("http.chunk_size") == [5, 6, 0]
    assert packet.values("http.chunk_data") == [b"hello", b" world"]
    assert packet.values("http.response.code") == [200, 204]


def test_a_chunk_goes_on_in_the_next_segment(tcp: Carry) -> None:
    packet = tcp(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\nhel", 80, 40000)
    assert packet["http.chunk_size"] == 255
    assert packet["http.chunk_data"] == b"hel"
    assert packet.malformed == ""


def test_a_line_that_is_not_whole_is_left_out(tcp: Carry) -> None:
    packet = tcp(REQUEST[:43], 40000, 80)  # ... Host: example.com, without CR LF
    assert packet["http.request.uri"] == "/index.html"
    assert packet.http.host is None
    assert packet.malformed == ""


def test_a_body_without_length_takes_the_rest(tcp: Carry) -> None:
    assert tcp(b"HTTP/1.0 200 OK\r\n\r\n<html>", 80, 40000)["http.file_data"] == b"<html>"


def test_fields_without_known_name_and_odd_lines_do_no_harm(tcp: Carry) -> None:
    packet = tcp(b"GET / HTTP/1.1\r\n: x\r\nno colon\r\nhost:  e \r\nContent-Length: many\r\n\r\n", 40000, 80)
    assert packet.http.host == "e"
    assert packet["http.content_length"] is None
    assert packet.values("http.request.line") == [": x", "no colon", "host:  e ", "Content-Length: many"]


def test_service_discovery_borrows_the_lines(udp: Carry) -> None:
    packet = udp(b"M-SEARCH * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\n\r\n", 40000, 1900)
    assert packet.protocols == "ip:udp:ssdp"
    assert packet.ssdp.label == "SSDP"
    assert packet["http.request.method"] == "M-SEARCH"
    assert packet["http.host"] == "239.255.255.250:1900"


@pytest.mark.parametrize("octets, length", [
    (b"", None),
    (b"GE", None),
    (b"HTTP/1", None),
    (b"GET / HTTP/1.1\r\nHost: h\r\n", None),
    (b"GET / HTTP/1.1\r\nHost: h\r\n\r\nGET", 27),
    (b"GET / HTTP/1.1\n\n", 16),
    (b"POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nab", 43),
    (b"HTTP/1.1 200 OK\r\ncontent-length:0\r\n\r\n", 37),
    (b"HTTP/1.1 200 OK\r\n\r\nabc", UNTIL_CLOSE),
    (b"HTTP/1.1 204 No Content\r\n\r\n", 27),
    (b"HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n", 48),
    (b"HTTP/1.1 100 Continue\r\n\r\n", 25),
    (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nHTTP/1.1 200 OK\r\n\r\n", 38),
    (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", None),
    (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n", None),
    (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\nHTTP", 60),
    (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nA: b\r\n\r\n", 58),
    (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nno chunk\r\n", 0),
    (b"nothing known", 0),
    (b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 11_000, 0),
])  # fmt: skip
def test_where_a_message_ends(octets: bytes, length: int | None) -> None:
    assert HTTP.message_length(octets) == length
    assert HTTP.message_length(b"before" + octets, 6) == length


def test_where_a_message_ends_is_the_same_however_it_comes() -> None:
    octets = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nA: b\r\n\r\n"
    memory: dict[str, int] = {}
    found = [HTTP.message_length(octets[:stop], 0, memory) for stop in range(len(octets) + 1)]
    assert found == [None] * len(octets) + [len(octets)]
