"""rawcap: captures packets, reads them, and says what is in them, layer by layer.

    import rawcap

    for packet in rawcap.read("trace.pcapng", "tcp.flags.syn == 1"):
        print(packet.time, packet["ip.src"], packet.tcp.dstport)

    with rawcap.capture("lo", filter="tcp port 9000") as live:
        for packet in live:
            print(packet)

The names below are the public ones. Each is imported when it is first used, so `import rawcap` costs nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dissectors.header import Header
    from dissectors.packet import Interface, Packet
    from rawcap.columns.table import Table, table
    from rawcap.files import CaptureError, CutCapture, create_capture, open_capture
    from rawcap.filter import FilterError, display_filter
    from rawcap.following import connections
    from rawcap.live import LiveCapture, LiveError, NotPermitted, capture
    from rawcap.reading import Reading, read

__version__ = "0.1.0"

__all__ = [
    "CaptureError",
    "CutCapture",
    "FilterError",
    "Header",
    "Interface",
    "LiveCapture",
    "LiveError",
    "NotPermitted",
    "Packet",
    "Reading",
    "Table",
    "capture",
    "connections",
    "create_capture",
    "display_filter",
    "open_capture",
    "read",
    "table",
]

_HOMES = {
    "dissectors.header": ("Header",),
    "dissectors.packet": ("Interface", "Packet"),
    "rawcap.columns.table": ("Table", "table"),
    "rawcap.files": ("CaptureError", "CutCapture", "create_capture", "open_capture"),
    "rawcap.filter": ("FilterError", "display_filter"),
    "rawcap.live": ("LiveCapture", "LiveError", "NotPermitted", "capture"),
    "rawcap.reading": ("Reading", "read"),
    "rawcap.following": ("connections",),
}


def __getattr__(name: str) -> Any:
    for home, names in _HOMES.items():
        if name in names:
            value = globals()[name] = getattr(importlib.import_module(home), name)
            return value
    raise AttributeError(f"module 'rawcap' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
