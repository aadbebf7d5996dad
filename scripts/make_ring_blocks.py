"""Record the blocks in tests/rawcap/live/blocks/: what a kernel's ring holds, for tests that need no privileges.

    make_ring_blocks.py

Run it as root, with the interpreter that ./scripts/test set up. Two network namespaces, joined by a veth pair, send the
frames of FRAMES and some traffic of the stack's own; the receiving side has a packet socket with a TPACKET_V3 ring,
and the first block that the kernel hands over is kept as it is, up to its last frame. A block has the byte order of
the machine that it was recorded on.
"""

from __future__ import annotations

import os
import socket
import sys
import time
from pathlib import Path

from captures.hosts import CLIENT, SERVER, Lab

from rawcap.live import linux, program
from rawcap.live.ring import Ring

FOLDER = Path(__file__).resolve().parent.parent / "tests/rawcap/live/blocks"
PATIENCE = 5.0  # seconds
PORT, LOCAL_PORT = 9000, 49152

ETHERNET = "00005e005302 00005e005301"
DATAGRAM = "4500 0021 0001 0000 4011 b6c8 c0000201 c0000202 c000 2328 000d 0000 68656c6c6f"  # UDP with "hello"
FRAMES = {
    "plain": f"{ETHERNET} 0800 {DATAGRAM}",
    "tagged": f"{ETHERNET} 8100 6005 0800 {DATAGRAM}",
    "twice tagged": f"{ETHERNET} 88a8 0007 8100 6005 0800 {DATAGRAM}",
    "to all": f"ffffffffffff 00005e005301 0800 {DATAGRAM}",
    "to a group": f"01005e000001 00005e005301 0800 {DATAGRAM}",
    "to another": f"00005e0053ff 00005e005301 0800 {DATAGRAM}",
}
"""Frames of the client, in the order in which they are sent; the last comes from the server instead."""
ANSWER = f"00005e005301 00005e005302 0800 {DATAGRAM}"


def recorded(lab: Lab, kind: int) -> bytes:
    """The first block of the ring on the server, filled with all of the traffic."""
    with lab.server.inside():
        ring_socket = socket.socket(socket.AF_PACKET, kind, 0)
    program.attach(ring_socket, program.REFUSE)
    ring = Ring(ring_socket, 1 << 20)
    ring_socket.bind(("eth0", linux.ETH_P_ALL))
    client, server = lab.connect(PORT, from_port=LOCAL_PORT)
    lab.client.compute_checksums(False)
    datagrams = lab.client.datagrams(socket.AF_INET, CLIENT, LOCAL_PORT)
    program.attach(ring_socket, [(0x06, 0, 0, 0x40000)])  # from here on everything
    for frame in FRAMES.values():
        lab.client.send_frame(bytes.fromhex(frame))
    lab.server.send_frame(bytes.fromhex(ANSWER))
    datagrams.sendto(b"left to the card", (SERVER, PORT))
    client.sendall(bytes(3000))  # two segments, cut only by a card
    end = time.monotonic() + PATIENCE
    while (start := ring.ready()) is None:
        if time.monotonic() > end:
            raise RuntimeError("the kernel handed no block over")
        time.sleep(0.001)
    length = int.from_bytes(ring.memory[start + 20 : start + 24], sys.byteorder)
    block = ring.memory[start : start + length + -length % 16]
    for each in (client, server, datagrams, ring_socket):
        each.close()
    return block


def main() -> int:
    """Record both kinds of blocks; 0 when done, else 1 and a line that says why not."""
    if os.geteuid():
        print("make_ring_blocks: network namespaces need root: run it with sudo", file=sys.stderr)
        return 1
    FOLDER.mkdir(exist_ok=True)
    for name, kind in (("ethernet", socket.SOCK_RAW), ("cooked", socket.SOCK_DGRAM)):
        lab = Lab()
        try:
            block = recorded(lab, kind)
        finally:
            lab.close()
        (FOLDER / f"{name}.bin").write_bytes(block)
        print(f"{name}.bin: {len(block)} octets")
    return 0


if __name__ == "__main__":
    sys.exit(main())
