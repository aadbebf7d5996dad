"""The proof that a capture has everything that was sent before its end, without a guess at how long that takes.

A system call that sends returns before the frame has come in on the other side: it may stand in the backlog of the CPU
that it was sent on (net/core/dev.c, `enqueue_to_backlog`), the one queue of that CPU for the loopback interface and
for veth pairs. A backlog is first in, first out, and captures see a frame when it is taken out. So a datagram that is
sent on a CPU after it, and received, proves that the frame was seen. What the kernel answers to a frame at once, as a
FIN is acknowledged, is sent by the same CPU and gets into the same backlog: a second datagram proves that one, and
so on.

A frame that leaves by a card was seen when the queue of the card has let it go. A frame behind it in the queue, which
another packet socket sees leave, proves that.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import socket
import struct
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

from rawcap.live import device, linux, program
from rawcap.live.errors import LiveError

ROUNDS = 4
"""Answers to answers that are waited for: a SYN that is under way, its SYN/ACK, the ACK, and one more."""

LONGEST = 10.0
"""Seconds after which a frame that proves the end is given up."""

_AGAIN = 0.2  # seconds after which it is sent again: a backlog that is full refuses it
_MOST_CPUS = 8192  # of any kernel (arch/x86/Kconfig, NR_CPUS_RANGE_END)

_LOCAL = "127.0.0.1"
_ETHERTYPE = 0x88B5  # for local experiments (IEEE 802, 9.2.4)
_NEAREST_BRIDGE = bytes.fromhex("0180c200000e")  # an address that no bridge forwards (IEEE 802.1Q, 8.6.3)
_ETHERNET = 1  # ARPHRD_ETHER (linux/if_arp.h)
_SMALLEST = 60  # octets of an Ethernet frame without its check sequence

# The frames of _ETHERTYPE alone (linux/bpf_common.h): load the half word at 12, return 0 unless it is that.
_MARKERS_ALONE = [(0x28, 0, 0, 12), (0x15, 0, 1, _ETHERTYPE), (0x06, 0, 0, 0xFFFF), (0x06, 0, 0, 0)]


class Barrier:
    """Made in the network namespace of a capture on `interface`; `pass_through` then returns when all was seen.

    It needs what the capture needed, keeps sockets open until it is closed, and raises LiveError.
    """

    def __init__(self, interface: str) -> None:
        self.token = secrets.token_bytes(16)
        """What is in every frame that it sends, and in no other."""
        self._sent = 0
        self._loopback: socket.socket | None = None
        self._sender: socket.socket | None = None
        self._tap: socket.socket | None = None
        try:
            self._open(interface)
        except BaseException:
            self.close()
            raise

    def _open(self, interface: str) -> None:
        self._loopback = socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
        self._loopback.bind((_LOCAL, 0))
        self._loopback.settimeout(_AGAIN)
        try:
            self._loopback.connect(self._loopback.getsockname())  # to itself: nobody else is heard
        except OSError:
            # In a namespace whose loopback interface is down no frame waits in a backlog for it.
            self._loopback.close()
            self._loopback = None
        if interface == device.ANY or device.working(interface).hardware_type != _ETHERNET:
            return
        self._sender = socket.socket(socket.AF_PACKET, socket.SOCK_RAW | socket.SOCK_CLOEXEC, 0)
        self._sender.bind((interface, 0))
        self._header = _NEAREST_BRIDGE + self._sender.getsockname()[4] + struct.pack("!H", _ETHERTYPE)
        # Without a protocol until it has its filter: nothing else gets in. A socket does not see what it sends itself.
        self._tap = socket.socket(socket.AF_PACKET, socket.SOCK_RAW | socket.SOCK_CLOEXEC, 0)
        program.attach(self._tap, _MARKERS_ALONE)
        self._tap.bind((interface, linux.ETH_P_ALL))
        self._tap.settimeout(_AGAIN)

    def pass_through(self, hopeless: Callable[[], bool]) -> None:
        """Return when all that was sent until now was seen, and what the kernel answered to it at once.

        Raises LiveError when that cannot be proven, as soon as it is `hopeless`.
        """
        failures: list[BaseException] = []

        def work() -> None:
            try:
                self._visit_all(hopeless)
            except BaseException as error:
                failures.append(error)

        # A thread has its own set of CPUs (sched_setaffinity(2)): that of the test is left as it is.
        worker = threading.Thread(target=work, name="rawcap barrier")
        worker.start()
        worker.join()
        if failures:
            raise failures[0]

    def _visit_all(self, hopeless: Callable[[], bool]) -> None:
        """Send on each CPU that processes here may run on."""
        with contextlib.suppress(OSError):
            os.sched_setaffinity(0, range(_MOST_CPUS))  # the kernel takes away those that are not to be had
        for cpu in sorted(os.sched_getaffinity(0)):
            with contextlib.suppress(OSError):  # it was taken offline meanwhile, and its backlog moved (dev_cpu_dead)
                os.sched_setaffinity(0, {cpu})
            for _ in range(ROUNDS):
                if self._sender is not None and self._tap is not None:
                    self._exchange(self._sender, self._tap, self._header, hopeless)
                if self._loopback is not None:
                    self._exchange(self._loopback, self._loopback, b"", hopeless)

    def _exchange(
        self, sender: socket.socket, receiver: socket.socket, header: bytes, hopeless: Callable[[], bool]
    ) -> None:
        """Send one, and again while it is lost, until it has come."""
        self._sent += 1
        marker = (header + self.token + struct.pack("!Q", self._sent)).ljust(_SMALLEST)
        until = time.monotonic() + LONGEST
        while time.monotonic() < until and not hopeless():
            try:
                sender.send(marker)
                while receiver.recv(2048) != marker:
                    pass
                return
            except (TimeoutError, BlockingIOError):
                pass
            except OSError as error:
                why = (error.strerror or str(error)).lower()
                raise LiveError(f"the end of the capture is not certain: {why}") from None
        raise LiveError(
            "the end of the capture is not certain: what was sent to prove it did not arrive; "
            "is there a packet filter on the loopback interface?"
        )

    def close(self) -> None:
        """Close its sockets."""
        for each in (self._loopback, self._sender, self._tap):
            if each is not None:
                each.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()
