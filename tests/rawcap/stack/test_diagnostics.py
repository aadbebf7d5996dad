"""What the kernel's socket diagnostics say."""

from __future__ import annotations

import os
import socket
import struct
from collections.abc import Iterator

import pytest

from rawcap.live.errors import LiveError
from rawcap.stack.diagnostics import Diagnostics, tcp_info

LOCALHOST = socket.inet_aton("127.0.0.1")

# struct tcp_info of a connection over loopback: the first 104 octets, which kernels since 2.6 have.
OLDEST = bytes.fromhex(
    "01 00 00 00 00 07 7a 00"
    "e01c0300 00000000 00800000 18020000 00000000 00000000 00000000 00000000 00000000"
    "04000000 00000000 04000000 04000000 ffff0000 d7ff0000 17000000 0c000000 ffffff7f"
    "0b000000 cbff0000 03000000 00000000 d7ff0000 00000000"
)


class TestTcpInfo:
    def test_numbers_stand_where_the_header_has_them(self) -> None:
        told = tcp_info(OLDEST)
        assert (told["state"], told["rto"], told["rtt"], told["rttvar"]) == (1, 204000, 23, 12)
        assert (told["snd_cwnd"], told["snd_ssthresh"], told["pmtu"]) == (11, 0x7FFFFFFF, 65535)
        assert (told["snd_wscale"], told["rcv_wscale"]) == (10, 7)

    def test_what_an_older_kernel_does_not_tell_is_left_out(self) -> None:
        assert "total_retrans" in tcp_info(OLDEST)
        assert "pacing_rate" not in tcp_info(OLDEST)
        assert "total_retrans" not in tcp_info(OLDEST[:-4])

    def test_wide_numbers_follow(self) -> None:
        told = tcp_info(OLDEST + struct.pack("=QQQQ", 1 << 40, 2, 3, 4))
        assert (told["pacing_rate"], told["bytes_acked"], told["bytes_received"]) == (1 << 40, 3, 4)

    def test_of_nothing_nothing_is_told(self) -> None:
        assert tcp_info(b"") == {}

    def test_is_what_the_socket_itself_says(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as client:
            client.sendall(b"x" * 1000)
            told = tcp_info(client.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 512))
        assert told["state"] == 1
        assert told["bytes_sent"] == 1000


@pytest.fixture
def diagnostics() -> Iterator[Diagnostics]:
    with Diagnostics() as made:
        yield made


class TestInet:
    def test_both_ends_of_a_connection_are_listed(self, diagnostics: Diagnostics) -> None:
        with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as client:
            connection, _ = server.accept()
            with connection:
                client.sendall(b"x" * 100)
                ports = client.getsockname()[1], server.getsockname()[1]
                found = {
                    (each.sport, each.dport): each for each in diagnostics.inet(socket.AF_INET, socket.IPPROTO_TCP)
                }
                assert found[ports].inode == os.fstat(client.fileno()).st_ino
                assert found[ports].info["state"] == 1
                assert found[ports[::-1]].receive_queue == 100
                assert found[ports[1], 0].state == 10

    def test_a_protocol_without_diagnostics_is_told(self, diagnostics: Diagnostics) -> None:
        with pytest.raises(LiveError, match=r"^this kernel has no diagnostics of such sockets$"):
            diagnostics.inet(socket.AF_INET, 250)


class TestLookup:
    def test_finds_the_connected_socket_and_the_listening_one(self, diagnostics: Diagnostics) -> None:
        with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as client:
            here, there = (LOCALHOST, client.getsockname()[1]), (LOCALHOST, server.getsockname()[1])
            found = diagnostics.lookup(socket.AF_INET, socket.IPPROTO_TCP, here, there)
            listening = diagnostics.lookup(socket.AF_INET, socket.IPPROTO_TCP, there, (LOCALHOST, 1))
            assert found is not None
            assert found.inode == os.fstat(client.fileno()).st_ino
            assert listening is not None
            assert listening.inode == os.fstat(server.fileno()).st_ino

    def test_finds_who_takes_a_datagram(self, diagnostics: Diagnostics) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as own:
            own.bind(("127.0.0.1", 0))
            here = LOCALHOST, own.getsockname()[1]
            found = diagnostics.lookup(socket.AF_INET, socket.IPPROTO_UDP, here, (LOCALHOST, 1))
            assert found is not None
            assert found.inode == os.fstat(own.fileno()).st_ino
        assert diagnostics.lookup(socket.AF_INET, socket.IPPROTO_UDP, here, (LOCALHOST, 1)) is None


class TestUnix:
    def test_a_pair_tells_each_other(self, diagnostics: Diagnostics) -> None:
        left, right = socket.socketpair()
        with left, right:
            inodes = [os.fstat(each.fileno()).st_ino for each in (left, right)]
            peers = {each.inode: each.peer for each in diagnostics.unix()}
            assert [peers[inode] for inode in inodes] == inodes[::-1]

    def test_an_abstract_name_begins_with_a_nul(self, diagnostics: Diagnostics) -> None:
        with socket.socket(socket.AF_UNIX) as own:
            own.bind("")  # the kernel chooses one
            found = next(each for each in diagnostics.unix() if each.inode == os.fstat(own.fileno()).st_ino)
            assert found.name == own.getsockname()
            assert found.name[:1] == b"\0"
