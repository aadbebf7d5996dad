"""Capturing live: the kernel's own sockets, from the card to the packets and the files.

    packet_socket.py   AF_PACKET with a ring in memory: what every card sends and receives, link layer and all
    ip_socket.py       raw IP sockets: what the network layer gives to a protocol, and no more
    program.py         the filter that runs in the kernel
    ring.py, frames.py the ring of blocks, and one block as packets or as records of a file
    capture.py         several of these sockets as one stream of packets
    merger.py          the order of several sockets
    recorder.py        the stream into files, with limits and rotation
    device.py, interfaces.py, namespaces.py                  what there is to capture on
    privileges.py, doctor.py                                 what this user may, and how to get the rest

The package is not called `capture`, because `rawcap.capture` is the function that a program calls.
Nothing here is imported by `files`, `filter`, `tcp` or `dissectors`.
"""

from __future__ import annotations

from rawcap.live.capture import Counts, LiveCapture, capture
from rawcap.live.errors import LiveError, NotPermitted

__all__ = ["Counts", "LiveCapture", "LiveError", "NotPermitted", "capture"]
