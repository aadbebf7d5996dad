"""Capture files in and out: pcap and pcapng, compressed or not, from disk, a pipe, or still growing.

    with open_capture("in.pcapng.gz") as capture, create_capture("out.pcapng", like=capture) as copy:
        for item in capture.blocks():
            copy.write(item)

Reading gives `dissectors.packet.Packet` objects and, on request, the other blocks of a pcapng file; nothing is
dissected here. `Rotation` writes to one file after the other. What can go wrong with a file is a CaptureError of one
line.
"""

from __future__ import annotations

from rawcap.files.blocks import Block, Statistics, section_header
from rawcap.files.capture import Capture, create_capture, open_capture
from rawcap.files.errors import CaptureError, CutCapture
from rawcap.files.rotation import Limits, Rotation, limits
from rawcap.files.writer import CaptureWriter

__all__ = [
    "Block",
    "Capture",
    "CaptureError",
    "CaptureWriter",
    "CutCapture",
    "Limits",
    "Rotation",
    "Statistics",
    "create_capture",
    "limits",
    "open_capture",
    "section_header",
]
