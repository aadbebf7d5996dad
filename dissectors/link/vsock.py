"""Sockets between a virtual machine and its host, as Linux hands them over (linux/vsockmon.h)."""
from __future__ import annotations

from dissectors.fields import Bytes, Uint
from dissectors.header import Header

OPERATIONS = {0: "Unknown", 1: "Connect", 2: "Disconnect", 3: "Control", 4: "Payload"}
TRANSPORTS = {0: "unknown", 1: "none", 2: "virtio"}


class VSock(Header):
    """Linux vsock (pcap link type VSOCK)."""

    name = "vsock"
    label = "vsock"
    src_cid = Uint(64, "source context", little=True)
    dst_cid = Uint(64, "destination context", little=True)
    src_port = Uint(32, "source port", little=True)
    dst_port = Uint(32, "destination port", little=True)
    op = Uint(16, "operation", little=True, names=OPERATIONS)
    trans = Uint(16, "transport", little=True, names=TRANSPORTS)
    trans_len = Uint(16, "transport header, octets", little=True)
    reserved = Bytes(2, "zero")
    transport = Bytes(trans_len, "transport header", name="vsock.transport")

    follows = {"frame.linktype": 271}
    addresses = ("src_cid", "dst_cid")

    def info(self) -> str | None:
        return f"{self.src_port} → {self.dst_port} [{OPERATIONS.get(self.op, self.op)}]" if self.whole else None
