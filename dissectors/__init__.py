"""Dissectors: bytes in, layers out.  Importing this package declares every protocol."""
from __future__ import annotations

import dissectors.application
import dissectors.internet
import dissectors.link
import dissectors.transport
