"""rawcap: capture frames with Linux raw sockets, dissect them layer by layer, show how a stack moves data."""
from __future__ import annotations

__version__ = "0.1.0"
